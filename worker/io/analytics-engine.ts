/**
 * The same rows as data points of Analytics Engine, for those who bind a data set: three months of them, asked by SQL.
 * A copy for people's own questions and no account: the platform samples, and takes a few points of each invocation only.
 *
 * index1: service. blob1 to blob7: service, region, cluster, side, continent, status class, data centre. double1 to
 * double7: requests, all times together, then the times at 0.5, 0.95 and 0.99 in milliseconds, revision, failovers. Sum
 * `double1` and `double7` times `_sample_interval`; times at a quantile cannot be added up.
 */
import { quantile, sumMsOf } from "../../config/sketch.ts";
import type { TelemetryRow } from "../../config/telemetry.ts";

/** Of one invocation, in the platform's list of limits; what is beyond is refused. */
export const POINTS_MAX = 25;

/** The rows with the most requests, when there are more than can be written. */
export function pointsOf(colo: string, rows: readonly TelemetryRow[]): readonly AnalyticsEngineDataPoint[] {
  const busiest = [...rows].sort((a, b) => b.requests - a.requests).slice(0, POINTS_MAX);
  return busiest.map(({ key, requests, latency, failovers = 0 }) => ({
    indexes: [key.service],
    blobs: [key.service, key.region, key.cluster, key.side, key.continent, key.statusClass, colo],
    doubles: [
      requests,
      sumMsOf(latency),
      ...[0.5, 0.95, 0.99].map((q) => quantile(latency, q) ?? 0), // of failovers alone there are no times
      key.revision,
      failovers,
    ],
  }));
}

export function createSink(dataset: AnalyticsEngineDataset | undefined) {
  if (dataset === undefined) return undefined;
  return (colo: string, rows: readonly TelemetryRow[]): void => {
    for (const point of pointsOf(colo, rows)) dataset.writeDataPoint(point);
  };
}

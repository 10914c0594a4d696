/**
 * Metrics of requests, from the totals of telemetry. Requests by cluster and class of status; times by region only, since
 * each of their series is a dozen lines, with good answers apart from bad ones: a fast error is no good latency.
 */
import { groupBy } from "../../../config/group.ts";
import { sortedBy } from "../../../config/order.ts";
import { BAD_STATUS_CLASSES } from "../../../config/telemetry.ts";
import { DURATION_BUCKETS_MS, type TelemetryTotal } from "../telemetry/totals.ts";
import { METRICS } from "./catalogue.ts";
import { family, histogram, type MetricFamily } from "./family.ts";
import type { TrafficFigures } from "./figures.ts";

export function trafficFamilies({ totals, lost }: TrafficFigures): readonly MetricFamily[] {
  // What was counted longest keeps its own series, so that none loses it to one that came later.
  const requests = totals.map(({ key: { service, region, cluster, side, statusClass }, requests: value }) => ({
    labels: { service, region, cluster, side, status_class: statusClass },
    value,
  }));
  return [
    family(METRICS.requests, requests),
    family(METRICS.failovers, failoversOf(totals)),
    histogram(METRICS.requestDuration, {
      bounds: DURATION_BUCKETS_MS.map((ms) => ms / 1_000),
      samples: durations(totals),
    }),
    family(METRICS.telemetryLostReports, [{ labels: {}, value: lost.reports }]),
    family(METRICS.telemetryLostRequests, [{ labels: {}, value: lost.requests }]),
  ];
}

/** Of all classes of failures together. Clusters that never had one have no series. */
function failoversOf(totals: readonly TelemetryTotal[]) {
  const failed = totals.filter(({ failovers }) => failovers !== undefined);
  const groups = groupBy(failed, ({ key }) => [key.service, key.region, key.cluster, key.side].join("/"));
  return [...groups].map(([name, members]) => {
    const [service = "", region = "", cluster = "", side = ""] = name.split("/");
    const value = members.reduce((sum, { failovers = 0 }) => sum + failovers, 0);
    return { labels: { service, region, cluster, side }, value };
  });
}

function durations(totals: readonly TelemetryTotal[]) {
  const groups = groupBy(totals, ({ key: { service, region, side, statusClass } }) => {
    const outcome = BAD_STATUS_CLASSES.includes(statusClass) ? "bad" : "good";
    return [service, region, side, outcome].join("/");
  });
  return sortedBy(groups, ([name]) => name).map(([name, members]) => {
    const [service = "", region = "", side = "", outcome = ""] = name.split("/");
    const sums = bucketSums(members);
    const sum = members.reduce((total, { latencySumMs }) => total + latencySumMs, 0) / 1_000;
    return { labels: { service, region, side, outcome }, counts: sums, sum };
  });
}

/** Totals count up to each bound, and all requests beside; a bucket is what two neighbours differ by. */
function bucketSums(totals: readonly TelemetryTotal[]): readonly number[] {
  const upTo = DURATION_BUCKETS_MS.map((_, at) =>
    totals.reduce((sum, { latencyCounts }) => sum + (latencyCounts[at] ?? 0), 0),
  );
  const all = totals.reduce((sum, { requests }) => sum + requests, 0);
  return [...upTo, all].map((count, at) => count - (upTo[at - 1] ?? 0));
}

/**
 * How a service did in each of its clusters over a stretch of time: what objectives and burn rates are reckoned from.
 * Says nothing about what is good enough. A cluster without an entry had no requests: that is no data, not zero errors.
 */

import { countOf, countUpTo, type Sketch, SketchBuilder } from "../../../config/sketch.ts";
import { BAD_STATUS_CLASSES, type TelemetryRow } from "../../../config/telemetry.ts";

export type ServiceCounts = {
  readonly service: string;
  /** `none`, as the cluster, for answers that the edge gave without asking one. */
  readonly region: string;
  readonly cluster: string;
  readonly total: number;
  /** Answers 5xx, and those of the edge itself with 500 and above. */
  readonly bad: number;
  /** Of the answers that are not bad: a fast error is no good latency. */
  readonly latency: Sketch;
};

/** What was counted in a window, and since when there is anything on record at all. */
export type CountsOfWindow = { readonly counts: readonly ServiceCounts[]; readonly beganMs?: number };

/** In the order of their names. */
export function countRows(rows: readonly TelemetryRow[]): readonly ServiceCounts[] {
  const sums = new Map<string, { of: TelemetryRow["key"]; total: number; bad: number; latency: SketchBuilder }>();
  for (const { key, requests, latency } of rows) {
    if (requests === 0) continue; // failovers alone, which objectives do not look at
    const name = `${key.service}/${key.region}/${key.cluster}`;
    const sum = sums.get(name) ?? { of: key, total: 0, bad: 0, latency: new SketchBuilder() };
    sum.total += requests;
    if (BAD_STATUS_CLASSES.includes(key.statusClass)) sum.bad += requests;
    else sum.latency.addSketch(latency);
    sums.set(name, sum);
  }
  return [...sums.keys()].sort().flatMap((name) => {
    const sum = sums.get(name);
    if (sum === undefined) return [];
    const { service, region, cluster } = sum.of;
    return { service, region, cluster, total: sum.total, bad: sum.bad, latency: sum.latency.build() };
  });
}

/** Answers that were not bad and took longer than `thresholdMs`. A time within 1% of it may be on either side. */
export function slowOf({ latency }: Pick<ServiceCounts, "latency">, thresholdMs: number): number {
  return countOf(latency) - countUpTo(latency, thresholdMs);
}

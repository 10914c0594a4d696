/**
 * Requests and times since the root object's first report, as counters that only grow: what scrapers of metrics want.
 * Without revision and continent, which would make series without end.
 */

import { countUpTo, sumMsOf } from "../../../config/sketch.ts";
import type { StatusClass, TelemetryKey, TelemetryRow } from "../../../config/telemetry.ts";
import { TELEMETRY_REST } from "../../../config/telemetry.ts";
import { addCounts } from "./rows.ts";

/** Upper bounds in milliseconds, as Prometheus's client libraries have them; what is longer is in the count of all. */
export const DURATION_BUCKETS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** Series that are told apart: 3,000 clusters would have more, and then the last to come are counted as the rest. */
export const TOTALS_MAX = 5_000;

export type TotalKey = Pick<TelemetryKey, "service" | "region" | "cluster" | "side" | "statusClass">;

export type TelemetryTotal = {
  readonly key: TotalKey;
  readonly requests: number;
  /** Absent: none. */
  readonly failovers?: number;
  readonly latencySumMs: number;
  /** For each bound how many took so long at most; a time within 1% of a bound may be on either side. */
  readonly latencyCounts: readonly number[];
};

/** Adds up, in the order in which the keys came; those that are too many go to the rest of their status class. */
export function addToTotals(
  totals: readonly TelemetryTotal[],
  rows: readonly TelemetryRow[],
): readonly TelemetryTotal[] {
  const sums = new Map(totals.map((total) => [nameOf(total.key), total]));
  for (const row of rows) {
    const key = sums.has(nameOf(row.key)) || sums.size < TOTALS_MAX - RESTS_MAX ? totalKey(row.key) : restOf(row.key);
    const name = nameOf(key);
    sums.set(name, add(sums.get(name), key, row));
  }
  return [...sums.values()];
}

/** One for each status class. */
const RESTS_MAX = 6;

function add(before: TelemetryTotal | undefined, key: TotalKey, row: TelemetryRow): TelemetryTotal {
  const { latency } = row;
  return {
    key,
    ...addCounts(before ?? { requests: 0 }, row),
    latencySumMs: (before?.latencySumMs ?? 0) + sumMsOf(latency),
    latencyCounts: DURATION_BUCKETS_MS.map(
      (boundMs, index) => (before?.latencyCounts[index] ?? 0) + countUpTo(latency, boundMs),
    ),
  };
}

function totalKey({ service, region, cluster, side, statusClass }: TotalKey): TotalKey {
  return { service, region, cluster, side, statusClass };
}

function restOf({ statusClass }: { readonly statusClass: StatusClass }): TotalKey {
  return { service: TELEMETRY_REST, region: TELEMETRY_REST, cluster: TELEMETRY_REST, side: "stable", statusClass };
}

function nameOf({ service, region, cluster, side, statusClass }: TotalKey): string {
  return `${service}/${region}/${cluster}/${side}/${statusClass}`;
}

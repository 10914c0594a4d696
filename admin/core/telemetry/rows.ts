/**
 * Rows of telemetry added up by their keys. Merging is associative and commutative, so it does not matter which isolate,
 * data centre or window comes first; and bounded, so what is kept of a window has a largest size whatever its labels.
 */
import { type Sketch, SketchBuilder } from "../../../config/sketch.ts";
import { CONTINENT_UNKNOWN, TELEMETRY_REST, type TelemetryKey, type TelemetryRow } from "../../../config/telemetry.ts";

/** One row for each key, in the order in which the keys came. */
export function mergeRows(...lists: readonly (readonly TelemetryRow[])[]): readonly TelemetryRow[] {
  const sums = new Map<string, TelemetryRow & { builder?: SketchBuilder }>();
  for (const row of lists.flat()) {
    const name = keyText(row.key);
    const before = sums.get(name);
    if (before === undefined) {
      sums.set(name, row);
      continue;
    }
    // Most rows meet no other of their key; only those that do are unfolded.
    const builder = before.builder ?? new SketchBuilder().addSketch(before.latency);
    builder.addSketch(row.latency);
    sums.set(name, { ...before, ...addCounts(before, row), builder });
  }
  return Array.from(sums.values(), ({ builder, ...row }) => ({ ...row, latency: builder?.build() ?? row.latency }));
}

type Counts = Pick<TelemetryRow, "requests" | "failovers">;

export function addCounts(a: Counts, b: Counts): Counts {
  const requests = a.requests + b.requests;
  const failovers = (a.failovers ?? 0) + (b.failovers ?? 0);
  return failovers === 0 ? { requests } : { requests, failovers };
}

export type RowBounds = {
  readonly rowsMax: number;
  /** Of all rows together. Numbers of bins are what most of a row's size is. */
  readonly binsMax: number;
};

/** The rows with the most requests; the others become the rest of their status class, so that every sum stays the same. */
export function boundRows(rows: readonly TelemetryRow[], { rowsMax, binsMax }: RowBounds): readonly TelemetryRow[] {
  const binsOf = ({ latency }: { readonly latency: Sketch }) => latency.bins.length / 2;
  const bins = rows.reduce((sum, row) => sum + binsOf(row), 0);
  if (rows.length <= rowsMax && bins <= binsMax) return rows;
  const ranked = [...rows].sort((a, b) => b.requests - a.requests || (keyText(a.key) < keyText(b.key) ? -1 : 1));
  let binsKept = 0;
  const kept = ranked.filter((row, index) => {
    if (index < rowsMax) binsKept += binsOf(row);
    return index < rowsMax && binsKept <= binsMax;
  });
  const left = ranked.filter((row) => !kept.includes(row));
  return mergeRows(
    kept,
    left.map((row) => ({ ...row, key: restKey(row.key) })),
  );
}

/** What is too much to be told apart. */
function restKey({ statusClass }: TelemetryKey): TelemetryKey {
  const rest = TELEMETRY_REST;
  const key = { service: rest, region: rest, cluster: rest, side: "stable", continent: CONTINENT_UNKNOWN } as const;
  return { ...key, statusClass, revision: 0 };
}

/** Names have no slash. */
function keyText({ service, region, cluster, side, continent, statusClass, revision }: TelemetryKey): string {
  return `${service}/${region}/${cluster}/${side}/${continent}/${statusClass}/${revision}`;
}

export function requestsOf(rows: readonly TelemetryRow[]): number {
  return rows.reduce((sum, { requests }) => sum + requests, 0);
}

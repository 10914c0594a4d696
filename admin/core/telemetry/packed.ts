/**
 * Rows as text, for storage and for the way from a shard to the root: each an array in place of an object, which is a
 * third of the size. Only our own objects write it, so reading checks the form and not each number.
 */
import { invariant } from "../../../config/invariant.ts";
import type { TelemetryKey, TelemetryRow } from "../../../config/telemetry.ts";

type PackedKey = readonly [
  service: TelemetryKey["service"],
  region: TelemetryKey["region"],
  cluster: TelemetryKey["cluster"],
  side: TelemetryKey["side"],
  continent: TelemetryKey["continent"],
  statusClass: TelemetryKey["statusClass"],
  revision: TelemetryKey["revision"],
];

type PackedRow = readonly [
  ...PackedKey,
  requests: number,
  sumUs: number,
  bins: readonly number[],
  /** Only where there are any. */
  failovers?: number,
];

const PACKED_LENGTHS = [10, 11];

export function packRows(rows: readonly TelemetryRow[]): readonly PackedRow[] {
  return rows.map(({ key: k, requests, latency, failovers }): PackedRow => {
    const key: PackedKey = [k.service, k.region, k.cluster, k.side, k.continent, k.statusClass, k.revision];
    const counts = [requests, latency.sumUs, latency.bins] as const;
    return failovers === undefined ? [...key, ...counts] : [...key, ...counts, failovers];
  });
}

export function unpackRows(packed: unknown): readonly TelemetryRow[] {
  invariant(Array.isArray(packed), "packed rows are a list");
  return packed.map((row: unknown) => {
    invariant(Array.isArray(row) && PACKED_LENGTHS.includes(row.length), "a packed row has ten or eleven parts");
    // `packRows` of this or an earlier release wrote it, and the length says that its form has not changed.
    const [service, region, cluster, side, continent, statusClass, revision, requests, sumUs, bins, failovers] =
      row as unknown as PackedRow;
    const key = { service, region, cluster, side, continent, statusClass, revision };
    const unpacked = { key, requests, latency: { sumUs, bins } };
    return failovers === undefined ? unpacked : { ...unpacked, failovers };
  });
}

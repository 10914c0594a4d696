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

type PackedRow = readonly [...PackedKey, requests: number, sumUs: number, bins: readonly number[]];

const PACKED_LENGTH = 10;

export function packRows(rows: readonly TelemetryRow[]): readonly PackedRow[] {
  return rows.map(({ key: k, requests, latency }) => [
    ...([k.service, k.region, k.cluster, k.side, k.continent, k.statusClass, k.revision] as const),
    requests,
    latency.sumUs,
    latency.bins,
  ]);
}

export function unpackRows(packed: unknown): readonly TelemetryRow[] {
  invariant(Array.isArray(packed), "packed rows are a list");
  return packed.map((row: unknown) => {
    invariant(Array.isArray(row) && row.length === PACKED_LENGTH, "a packed row has ten parts");
    // `packRows` of this or an earlier release wrote it, and the length says that its form has not changed.
    const [service, region, cluster, side, continent, statusClass, revision, requests, sumUs, bins] =
      row as unknown as PackedRow;
    const key = { service, region, cluster, side, continent, statusClass, revision };
    return { key, requests, latency: { sumUs, bins } };
  });
}

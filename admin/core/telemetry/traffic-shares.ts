/** Where the clients of each continent were served: requests by region, and their exact shares in basis points. */

import { groupBy } from "../../../config/group.ts";
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import { compareText } from "../../../config/order.ts";
import { TELEMETRY_NONE, type TelemetryRow } from "../../../config/telemetry.ts";
import { apportion } from "../plan/apportion.ts";

export type RegionShare = { readonly region: string; readonly requests: number; readonly shareBps: number };

export type ContinentShares = {
  /** Of the clients; `ZZ` not known. */
  readonly continent: string;
  readonly requests: number;
  /** In the order of their names. Their shares are 10,000 together. */
  readonly regions: readonly RegionShare[];
};

export type TrafficShares = {
  readonly requests: number;
  /** Answers of the edge that no cluster was asked for, which no region has a share in. */
  readonly unserved: number;
  readonly regions: readonly RegionShare[];
  /** In the order of their names. */
  readonly continents: readonly ContinentShares[];
};

export function trafficShares(rows: readonly TelemetryRow[]): TrafficShares {
  // A row without requests is of failovers alone, and nobody was served there.
  const served = rows.filter(({ key, requests }) => key.region !== TELEMETRY_NONE && requests > 0);
  const byContinent = groupBy(served, ({ key }) => key.continent);
  const continents = [...byContinent].sort(([a], [b]) => compareText(a, b));
  return {
    requests: sumOf(rows),
    unserved: sumOf(rows) - sumOf(served),
    regions: sharesOf(served),
    continents: continents.map(([continent, own]) => ({ continent, requests: sumOf(own), regions: sharesOf(own) })),
  };
}

function sharesOf(rows: readonly TelemetryRow[]): readonly RegionShare[] {
  const byRegion = groupBy(rows, ({ key }) => key.region);
  const sums = [...byRegion].map(([region, own]) => ({ region, requests: sumOf(own) }));
  sums.sort((a, b) => compareText(a.region, b.region));
  const shares = apportion(
    sums.map(({ requests }) => requests),
    SHARE_BPS_TOTAL,
  );
  return sums.map((sum, index) => ({ ...sum, shareBps: shares[index] ?? 0 }));
}

function sumOf(rows: readonly TelemetryRow[]): number {
  return rows.reduce((sum, { requests }) => sum + requests, 0);
}

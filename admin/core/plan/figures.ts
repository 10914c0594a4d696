/** From exact shares to the figures of a projection: basis points that sum, requests/s, and how much of a capacity that is. */
import { invariant } from "../../../config/invariant.ts";
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { apportion } from "./apportion.ts";
import type { ProjectInput } from "./project.ts";
import type { CountryProjection, Projection, RegionProjection } from "./projection.ts";
import type { RegionTraffic, Traffic } from "./traffic.ts";

export function projectionOf(
  input: Pick<ProjectInput, "snapshot" | "demand" | "capacities">,
  countries: readonly string[],
  traffic: Traffic,
  clusterTraffic: () => ReadonlyMap<string, number>,
): Projection {
  const { snapshot, demand } = input;
  const { source, requestsPerSecond } = demand;
  const { regions: shares, unserved } = partsBps(traffic.total);
  const regions = snapshot.regions.map(({ name }, index): RegionProjection => {
    const capacity = input.capacities.get(name);
    invariant(capacity !== undefined, "every region of a snapshot has a capacity");
    const exact = traffic.total.regions[index] ?? 0;
    return { region: name, shareBps: shares[index] ?? 0, ...loadOf(exact, capacity, requestsPerSecond) };
  });
  let clusters: Projection["clusters"] | undefined;
  return {
    demand: { source, ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }) },
    regions,
    // To split it among the clusters costs as much as all the rest. Plans show it; no rule of a commit asks for it.
    get clusters() {
      clusters ??= clustersBps(snapshot, regions, clusterTraffic());
      return clusters;
    },
    countries: countries.map((country, index) => countryOf(country, snapshot, traffic.countries[index])),
    unservedBps: unserved,
  };
}

/** Requests/s to the hundredth; the capacity's use in basis points. */
export function loadOf(
  share: number,
  capacityRequestsPerSecond: number,
  rate: number | undefined,
): Pick<RegionProjection, "capacityRequestsPerSecond" | "requestsPerSecond" | "utilizationBps"> {
  if (rate === undefined) return { capacityRequestsPerSecond };
  return {
    capacityRequestsPerSecond,
    requestsPerSecond: Math.round(100 * share * rate) / 100,
    utilizationBps: Math.round((SHARE_BPS_TOTAL * share * rate) / capacityRequestsPerSecond),
  };
}

export function partsBps({ regions, unserved }: RegionTraffic): {
  readonly regions: readonly number[];
  readonly unserved: number;
} {
  const parts = apportion([...regions, unserved], SHARE_BPS_TOTAL);
  return { regions: parts.slice(0, -1), unserved: parts.at(-1) ?? 0 };
}

/** A region's basis points, split exactly among its clusters; in the order of their names. */
function clustersBps(
  { clusters }: Snapshot,
  regions: readonly RegionProjection[],
  traffic: ReadonlyMap<string, number>,
): Projection["clusters"] {
  const shares = new Map<string, number>();
  for (const { region, shareBps } of regions) {
    const names = clusters.filter((cluster) => cluster.region === region).map(({ name }) => name);
    const parts = apportion(
      names.map((name) => traffic.get(name) ?? 0),
      shareBps,
    );
    for (const [index, name] of names.entries()) shares.set(name, parts[index] ?? 0);
  }
  return clusters.flatMap(({ name, region }) => {
    const shareBps = shares.get(name) ?? 0;
    return shareBps === 0 ? [] : [{ cluster: name, region, shareBps }];
  });
}

function countryOf(country: string, { regions }: Snapshot, traffic: RegionTraffic | undefined): CountryProjection {
  invariant(traffic !== undefined, "every country of the demand has its traffic");
  const { regions: shares, unserved } = partsBps(traffic);
  const served = regions.flatMap(({ name }, index) => {
    const shareBps = shares[index] ?? 0;
    return shareBps === 0 ? [] : [[name, shareBps] as const];
  });
  return { country, regions: Object.fromEntries(served), unservedBps: unserved };
}

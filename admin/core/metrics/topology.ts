/**
 * What metrics have to know of a revision: which cluster is where, what takes clients, and the weights. Made once a
 * revision and kept by whoever asks, because a scrape comes every few seconds and a large fleet is a megabyte.
 */
import { DEFAULT_RULE } from "../../../config/documents/route.ts";
import type { Snapshot, SnapshotRoute } from "../../../config/snapshot.ts";
import { METRICS } from "./catalogue.ts";

export type TopologyCluster = {
  readonly cluster: string;
  readonly service: string;
  readonly region: string;
  /** It should take new clients: neither it nor its region is drained or disabled. */
  readonly inService: boolean;
};

export type TopologyWeight = {
  readonly route: string;
  readonly rule: string;
  readonly region: string;
  readonly weight: number;
};

export type Topology = {
  /** Of the revision; the same digest is the same topology. */
  readonly digest: string;
  readonly regions: readonly { readonly region: string; readonly drained: boolean }[];
  /** In the order of their names. */
  readonly clusters: readonly TopologyCluster[];
  /**
   * Of the rules that are in force, as many as are shown. Regions that a rule does not name, and rules that go by
   * distance, have none.
   */
  readonly weights: readonly TopologyWeight[];
  /** How many more there are. */
  readonly weightsOmitted: number;
};

export function topologyOf({ regions, clusters, routes }: Snapshot, digest: string): Topology {
  const weights = routes.flatMap(weightsOf);
  const { seriesMax } = METRICS.regionWeight;
  const closed = new Set(regions.filter(({ availability }) => availability.adminState !== "enabled").map(nameOf));
  return {
    digest,
    regions: regions.map(({ name }) => ({ region: name, drained: closed.has(name) })),
    clusters: clusters.map(({ name, service, region, availability }) => ({
      ...{ cluster: name, service, region },
      inService: availability.adminState === "enabled" && !closed.has(region),
    })),
    weights: weights.slice(0, seriesMax),
    weightsOmitted: Math.max(weights.length - seriesMax, 0),
  };
}

function weightsOf({ name: route, steering, default: fallback }: SnapshotRoute): readonly TopologyWeight[] {
  const rules = [
    ...steering.map(({ name, weights }) => ({ rule: name, weights })),
    ...(fallback.by === "weights" ? [{ rule: DEFAULT_RULE, weights: fallback.weights }] : []),
  ];
  return rules.flatMap(({ rule, weights }) =>
    Object.entries<number>(weights).map(([region, weight]) => ({ route, rule, region, weight })),
  );
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

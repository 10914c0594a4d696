/** Metrics of what is believed of clusters: for all by service and region, and what each vantage alone finds. */
import { groupBy } from "../../../config/group.ts";
import type { HealthState } from "../../../config/health.ts";
import { sortedBy } from "../../../config/order.ts";
import { METRICS } from "./catalogue.ts";
import { family, type MetricFamily } from "./family.ts";
import type { HealthFigures } from "./figures.ts";
import type { Topology, TopologyCluster } from "./topology.ts";

const STATES = ["healthy", "degraded", "unhealthy", "unknown"] as const satisfies readonly HealthState[];

/** Where a cluster counts that no probe asks, and one that should have no clients anyway. */
const CLUSTER_STATES = [...STATES, "unprobed", "outOfService"] as const;
type ClusterState = (typeof CLUSTER_STATES)[number];

type Place = { readonly service: string; readonly region: string; readonly states: readonly ClusterState[] };

export function healthFamilies({ panic, vantages }: HealthFigures): readonly MetricFamily[] {
  return [
    family(METRICS.healthPanic, [{ labels: {}, value: panic ? 1 : 0 }]),
    family(
      METRICS.vantageTrusted,
      vantages.map(({ vantage, standing }) => ({ labels: { vantage }, value: standing === "trusted" ? 1 : 0 })),
    ),
    family(
      METRICS.vantageClusters,
      vantages.flatMap(({ vantage, clusters }) =>
        STATES.map((state) => ({ labels: { vantage, state }, value: clusters[state] })),
      ),
    ),
  ];
}

/** By service and region, which takes knowing both: where clusters are, and how they are. */
export function regionFamilies({ states }: HealthFigures, { clusters }: Topology): readonly MetricFamily[] {
  const places = placesOf(clusters, states);
  return [
    family(
      METRICS.regionHealthy,
      places.flatMap(({ service, region, states: found }) => {
        const healthy = isHealthy(found);
        return healthy === undefined ? [] : [{ labels: { service, region }, value: healthy ? 1 : 0 }];
      }),
    ),
    family(
      METRICS.regionClusters,
      places.flatMap(({ service, region, states: found }) =>
        CLUSTER_STATES.map((state) => ({
          labels: { service, region, state },
          value: found.filter((one) => one === state).length,
        })),
      ),
    ),
  ];
}

/** Without knowledge weights decide, so one cluster of which nothing is known keeps a region from being down. */
function isHealthy(states: readonly ClusterState[]): boolean | undefined {
  const inService = states.filter((state) => state !== "outOfService");
  const known = inService.some((state) => state !== "unknown" && state !== "unprobed");
  return known ? inService.some((state) => state !== "unhealthy") : undefined;
}

function placesOf(
  clusters: readonly TopologyCluster[],
  states: Readonly<Record<string, HealthState>>,
): readonly Place[] {
  const groups = groupBy(clusters, ({ service, region }) => `${service}/${region}`);
  return sortedBy(groups, ([key]) => key).flatMap(([, members]) => {
    const [first] = members;
    if (first === undefined) return [];
    return [{ service: first.service, region: first.region, states: members.map((member) => stateOf(member, states)) }];
  });
}

function stateOf({ cluster, inService }: TopologyCluster, states: Readonly<Record<string, HealthState>>): ClusterState {
  if (!inService) return "outOfService";
  return Object.hasOwn(states, cluster) ? (states[cluster] ?? "unprobed") : "unprobed";
}

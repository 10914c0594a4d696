/**
 * Picks the cluster within a region: the client's side by its cohort, then rendezvous by weight among the clusters of
 * that side that are in the condition asked for.
 */
import type { Side } from "../../config/documents.ts";
import type { HealthView } from "./health-view.ts";
import { headroomBps, utilizationOf } from "./load.ts";
import type { LoadedCluster, LoadedRegion, LoadedService } from "./loaded-snapshot.ts";
import { type Condition, capacityOf, conditionOf, effectiveCanaryBps } from "./region-health.ts";
import { pickRendezvous } from "./rendezvous.ts";
import { cohortOf, sideOf } from "./split.ts";

export type ClusterPick = {
  readonly cluster: LoadedCluster;
  readonly cohort: number;
  readonly canaryShareBps: number;
  /** The side that the cohort belongs to; the cluster is of the other one only when this side has none to offer. */
  readonly wanted: Side;
};

/** Which conditions will do: a level in panic does not believe its health. */
export type Acceptable = (condition: Condition) => boolean;
export const HEALTHY_ONLY: Acceptable = (condition) => condition === "healthy";
export const DEGRADED_ONLY: Acceptable = (condition) => condition === "degraded";
export const NOT_DOWN: Acceptable = (condition) => condition !== "down";
export const ANY_CONDITION: Acceptable = () => true;

/** `except` are clusters that have been tried. Undefined when the region has nothing acceptable. */
export function pickCluster(
  region: LoadedRegion,
  service: LoadedService,
  options: {
    readonly keyHash: number;
    readonly health: HealthView;
    readonly acceptable: Acceptable;
    readonly except?: (cluster: string) => boolean;
  },
): ClusterPick | undefined {
  const { keyHash, health, acceptable, except } = options;
  const canaryShareBps = effectiveCanaryBps(region);
  const cohort = cohortOf(keyHash, service.saltHash);
  const wanted = sideOf(cohort, canaryShareBps);
  const weightOf = (cluster: LoadedCluster) =>
    acceptable(conditionOf(cluster.name, health)) && except?.(cluster.name) !== true
      ? cluster.weight * capacityOf(cluster.name, health) * headroomOf(cluster, region[cluster.side], service, health)
      : 0;
  const own = pickRendezvous(keyHash, region[wanted], weightOf);
  const cluster = own ?? pickRendezvous(keyHash, otherSide(region, wanted, canaryShareBps), weightOf);
  return cluster === undefined ? undefined : { cluster, cohort, canaryShareBps, wanted };
}

/** 1 unless the service's weights lean to headroom. A cluster that does not report counts as its side's mean. */
function headroomOf(
  cluster: LoadedCluster,
  side: readonly LoadedCluster[],
  service: LoadedService,
  health: HealthView,
): number {
  if (!service.load.lean) return 1;
  return headroomBps(health.utilizationBps.get(cluster.name) ?? utilizationOf(side, health));
}

/** A canary with no share takes nobody, not even when everything else in the region is down. */
function otherSide(region: LoadedRegion, wanted: Side, canaryShareBps: number): readonly LoadedCluster[] {
  if (wanted === "canary") return region.stable;
  return canaryShareBps > 0 ? region.canary : [];
}

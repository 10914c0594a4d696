/**
 * How much of a region is usable for a service, in ten-thousandths of what it should carry: each side counts for its
 * share of the split, each cluster for its weight within its side and for the part of it that may be used for now.
 * Drained and disabled clusters do not take part.
 *
 * The two sides are not alike. A canary side without clusters leaves its share to the stable one. A stable side without
 * clusters does not leave its share to the canary: it counts as down, so that most of its clients fail over to another
 * region instead of all meeting a version that was meant for a few (DECISIONS 6).
 */
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import type { SnapshotLoadPolicy } from "../../config/snapshot.ts";
import type { HealthView } from "./health-view.ts";
import { headroomBps, regionUtilization, shedBps } from "./load.ts";
import type { LoadedCluster, LoadedRegion, LoadedService } from "./loaded-snapshot.ts";

/** What a request may be sent to in a region: a level's healthy load goes to healthy clusters, and so on. */
export type Condition = "healthy" | "degraded" | "down";

export type RegionHealth = {
  /** 0 to 10,000. */
  readonly healthyBps: number;
  readonly degradedBps: number;
  /** 300 to 10,000: what its weight is multiplied with when the service's weights lean to headroom. */
  readonly headroomBps: number;
  /** The part of its clients that it sheds. */
  readonly shedBps: number;
};

/** `unknown` counts as healthy: without knowledge, weights decide. An ejected cluster is down whatever probes say. */
export function conditionOf(cluster: string, health: HealthView): Condition {
  if (health.ejected.has(cluster)) return "down";
  const state = health.states.get(cluster);
  if (state === "unhealthy") return "down";
  return state === "degraded" ? "degraded" : "healthy";
}

/** The part of its weight that a cluster may carry for now, 1 to 10,000. */
export function capacityOf(cluster: string, health: HealthView): number {
  return health.capacityBps.get(cluster) ?? SHARE_BPS_TOTAL;
}

/** For each region of the service by name. Kept until another view comes, so a request only looks it up. */
export function regionHealths(service: LoadedService, health: HealthView): ReadonlyMap<string, RegionHealth> {
  if (service.healthMemo?.view === health) return service.healthMemo.regions;
  const regions = new Map(service.regions.map((region) => [region.name, regionHealth(region, service.load, health)]));
  service.healthMemo = { view: health, regions };
  return regions;
}

export function regionHealth(region: LoadedRegion, load: SnapshotLoadPolicy, health: HealthView): RegionHealth {
  const canaryBps = effectiveCanaryBps(region);
  const stable = sideHealth(region.stable, health);
  const canary = sideHealth(region.canary, health);
  const weigh = (ofStable: number, ofCanary: number) =>
    Math.floor((ofStable * (SHARE_BPS_TOTAL - canaryBps) + ofCanary * canaryBps) / SHARE_BPS_TOTAL);
  return {
    healthyBps: weigh(stable.healthyBps, canary.healthyBps),
    degradedBps: weigh(stable.degradedBps, canary.degradedBps),
    headroomBps: load.lean ? headroomBps(regionUtilization(region, health)) : SHARE_BPS_TOTAL,
    shedBps: load.shed === undefined ? 0 : shedBps(regionUtilization(region, health), load.shed),
  };
}

/** The split as it can be carried out: without an accepting canary cluster, nobody is a canary client. */
export function effectiveCanaryBps(region: LoadedRegion): number {
  return region.canary.length === 0 ? 0 : region.canaryShareBps;
}

/** Of the side's whole weight. */
function sideHealth(
  clusters: readonly LoadedCluster[],
  health: HealthView,
): Pick<RegionHealth, "healthyBps" | "degradedBps"> {
  let total = 0;
  let healthy = 0;
  let degraded = 0;
  for (const cluster of clusters) {
    const condition = conditionOf(cluster.name, health);
    const usable = cluster.weight * capacityOf(cluster.name, health);
    total += cluster.weight;
    if (condition === "healthy") healthy += usable;
    if (condition === "degraded") degraded += usable;
  }
  return total === 0
    ? { healthyBps: 0, degradedBps: 0 }
    : { healthyBps: healthy / total, degradedBps: degraded / total };
}

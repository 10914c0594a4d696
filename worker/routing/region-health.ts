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
import { headroomBps, regionUtilization, shedBps, utilizationOf } from "./load.ts";
import type { LoadedCluster, LoadedRegion, LoadedService } from "./loaded-snapshot.ts";

/** What a request may be sent to in a region: a level's healthy load goes to healthy clusters, and so on. */
export type Condition = "healthy" | "degraded" | "down";

/** A cluster as the newest view has it. */
export type Member = {
  readonly cluster: LoadedCluster;
  readonly nameHash: number;
  readonly condition: Condition;
  /** Its weight, less what it may not carry for now, and leaning to headroom where the service wants that. */
  readonly weight: number;
};

export type RegionHealth = {
  /** What it was worked out from. */
  readonly view: HealthView;
  /** 0 to 10,000. */
  readonly healthyBps: number;
  readonly degradedBps: number;
  /** What is not down, whole clusters: one that ramps counts in full. */
  readonly availableBps: number;
  /** 300 to 10,000: what its weight is multiplied with when the service's weights lean to headroom. */
  readonly headroomBps: number;
  /** The part of its clients that it sheds. */
  readonly shedBps: number;
  /** The split as it can be carried out: without an accepting canary cluster, nobody is a canary client. */
  readonly canaryShareBps: number;
  /** Accepting clusters in the order of their names. */
  readonly stable: readonly Member[];
  readonly canary: readonly Member[];
};

/** `unknown` counts as healthy: without knowledge, weights decide. An ejected cluster is down whatever probes say. */
export function conditionOf(cluster: string, health: HealthView): Condition {
  if (health.ejected.has(cluster)) return "down";
  const state = health.states.get(cluster);
  if (state === "unhealthy") return "down";
  return state === "degraded" ? "degraded" : "healthy";
}

/**
 * Requests of one isolate may go by different views, each of a vantage, in turns; clients of one data centre are near
 * one or two. More only costs working them out again.
 */
const OLDER_MAX = 3;

/** How a region of the service is. Worked out when it is first asked for, and kept until other views come. */
export function healthOf(region: LoadedRegion, service: LoadedService, health: HealthView): RegionHealth {
  const { newest } = region.healthMemo;
  if (newest?.view === health) return newest;
  const found = takeOlder(region, health) ?? regionHealth(region, service.load, health);
  if (newest !== undefined) keepOlder(region, newest);
  region.healthMemo.newest = found;
  return found;
}

function takeOlder({ healthMemo: { older = [] } }: LoadedRegion, health: HealthView): RegionHealth | undefined {
  const at = older.findIndex(({ view }) => view === health);
  return at < 0 ? undefined : older.splice(at, 1)[0];
}

function keepOlder({ healthMemo }: LoadedRegion, newest: RegionHealth): void {
  healthMemo.older ??= [];
  healthMemo.older.unshift(newest);
  healthMemo.older.length = Math.min(healthMemo.older.length, OLDER_MAX);
}

function regionHealth(region: LoadedRegion, load: SnapshotLoadPolicy, health: HealthView): RegionHealth {
  const canaryShareBps = region.canary.length === 0 ? 0 : region.canaryShareBps;
  const stable = sideHealth(region.stable, health);
  const canary = sideHealth(region.canary, health);
  const weigh = (ofStable: number, ofCanary: number) =>
    Math.floor((ofStable * (SHARE_BPS_TOTAL - canaryShareBps) + ofCanary * canaryShareBps) / SHARE_BPS_TOTAL);
  return {
    view: health,
    healthyBps: weigh(stable.healthyBps, canary.healthyBps),
    degradedBps: weigh(stable.degradedBps, canary.degradedBps),
    availableBps: weigh(stable.availableBps, canary.availableBps),
    headroomBps: load.lean ? headroomBps(regionUtilization(region, health)) : SHARE_BPS_TOTAL,
    shedBps: load.shed === undefined ? 0 : shedBps(regionUtilization(region, health), load.shed),
    canaryShareBps,
    stable: members(region.stable, load, health),
    canary: members(region.canary, load, health),
  };
}

function members(clusters: readonly LoadedCluster[], load: SnapshotLoadPolicy, health: HealthView): readonly Member[] {
  const mean = load.lean ? utilizationOf(clusters, health) : undefined;
  return clusters.map((cluster) => {
    const utilization = health.utilizationBps.get(cluster.name) ?? mean;
    const headroom = load.lean ? headroomBps(utilization) : 1;
    return {
      cluster,
      nameHash: cluster.nameHash,
      condition: conditionOf(cluster.name, health),
      weight: cluster.weight * capacityOf(cluster.name, health) * headroom,
    };
  });
}

/** The part of its weight that a cluster may carry for now, 1 to 10,000. */
function capacityOf(cluster: string, health: HealthView): number {
  return health.capacityBps.get(cluster) ?? SHARE_BPS_TOTAL;
}

/** Of the side's whole weight. */
function sideHealth(
  clusters: readonly LoadedCluster[],
  health: HealthView,
): Pick<RegionHealth, "healthyBps" | "degradedBps" | "availableBps"> {
  let total = 0;
  let available = 0;
  let healthy = 0;
  let degraded = 0;
  for (const cluster of clusters) {
    const condition = conditionOf(cluster.name, health);
    const usable = cluster.weight * capacityOf(cluster.name, health);
    total += cluster.weight;
    if (condition !== "down") available += cluster.weight;
    if (condition === "healthy") healthy += usable;
    if (condition === "degraded") degraded += usable;
  }
  if (total === 0) return { healthyBps: 0, degradedBps: 0, availableBps: 0 };
  return {
    healthyBps: healthy / total,
    degradedBps: degraded / total,
    availableBps: (SHARE_BPS_TOTAL * available) / total,
  };
}

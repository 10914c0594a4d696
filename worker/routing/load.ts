/**
 * What reported utilization does to routing: weights lean towards headroom, and a region sheds clients between two
 * watermarks. Both are off unless the service asks for them, and both only act on what clusters said of themselves.
 *
 * Lean: Envoy's load-aware locality weights, weight x (1 - utilization), with a probe share of 3% so that a busy place
 * still gets the requests by which it can say that it has recovered. A cluster that does not report counts as the mean
 * of those that do (gRFC A58). Shed: linear between the watermarks, as NS1's load shedding; by the client's hash, so
 * that the same clients leave and repeated draws do not empty the region of its sessions.
 */
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import { murmur3 } from "../../config/murmur3.ts";
import type { SnapshotLoadPolicy } from "../../config/snapshot.ts";
import { combine, scale } from "./hash.ts";
import type { HealthView } from "./health-view.ts";
import type { LoadedCluster, LoadedRegion } from "./loaded-snapshot.ts";

/** What is left of the weight of something that is full. */
export const PROBE_SHARE_BPS = 300;

const SHED_SALT_HASH = murmur3("load shedding");

/** 300 to 10,000; 10,000 when nothing is known. */
export function headroomBps(utilizationBps: number | undefined): number {
  return utilizationBps === undefined ? SHARE_BPS_TOTAL : Math.max(PROBE_SHARE_BPS, SHARE_BPS_TOTAL - utilizationBps);
}

/** Mean over the clusters that report, weighted as traffic is; undefined when none does. */
export function utilizationOf(clusters: readonly LoadedCluster[], health: HealthView): number | undefined {
  let weights = 0;
  let sum = 0;
  for (const { name, weight } of clusters) {
    const utilization = health.utilizationBps.get(name);
    if (utilization === undefined) continue;
    weights += weight;
    sum += weight * utilization;
  }
  return weights === 0 ? undefined : sum / weights;
}

const LATENCY_PROBE_SALT_HASH = murmur3("latency probe");

/** 3 of 100 clients keep the figures of second-best regions fresh. */
export function isLatencyProbe(keyHash: number): boolean {
  return scale(combine(keyHash, LATENCY_PROBE_SALT_HASH), SHARE_BPS_TOTAL) < PROBE_SHARE_BPS;
}

/** Both sides of a region together. */
export function regionUtilization(region: LoadedRegion, health: HealthView): number | undefined {
  return utilizationOf([...region.stable, ...region.canary], health);
}

/** The part of a region's clients that should go elsewhere, 0 to 10,000. No report, no shedding. */
export function shedBps(utilizationBps: number | undefined, shed: SnapshotLoadPolicy["shed"]): number {
  if (shed === undefined || utilizationBps === undefined || utilizationBps <= shed.lowBps) return 0;
  if (utilizationBps >= shed.highBps) return SHARE_BPS_TOTAL;
  return Math.floor((SHARE_BPS_TOTAL * (utilizationBps - shed.lowBps)) / (shed.highBps - shed.lowBps));
}

/** Whether this client is among those that a region sheds. Who is shed at one load is shed at every higher one. */
export function isShed(keyHash: number, region: LoadedRegion, regionShedBps: number): boolean {
  if (regionShedBps === 0) return false;
  return scale(combine(combine(keyHash, SHED_SALT_HASH), region.nameHash), SHARE_BPS_TOTAL) < regionShedBps;
}

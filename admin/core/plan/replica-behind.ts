/**
 * What a drain or its end means for data that is copied between regions, said for services that limit its lag, by
 * themselves or by a route. Who comes
 * back behind is not sent what it is too far behind for; who leaves may take along what others do not have yet.
 */
import { groupBy } from "../../../config/group.ts";
import { REPLICA_LAG_MS_MIN } from "../../../config/limits.ts";
import type { Snapshot, SnapshotCluster } from "../../../config/snapshot.ts";
import { describeLimits, exceededBy, lagText, limitsByService, type StatedLimit } from "../lag/limits.ts";
import { acceptingClusters } from "../safety/switches.ts";
import type { PlanWarning } from "./plan.ts";

export type ReplicaInput = {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** By cluster, in milliseconds; those that do not say are missing. */
  readonly lagMs: ReadonlyMap<string, number>;
};

export function replicaWarnings({ before, after, lagMs }: ReplicaInput): readonly PlanWarning[] {
  const limited = limitsByService(after);
  if (limited.size === 0) return [];
  const [open, left] = [acceptingClusters(before), acceptingClusters(after)];
  return [...limited].flatMap(([service, limits]) => {
    const was = open.filter((cluster) => cluster.service === service);
    const is = left.filter((cluster) => cluster.service === service);
    return [
      ...comingBack({ service, limits }, without(is, was), lagMs),
      ...leaving(service, { gone: without(was, is), left: is }, lagMs),
    ];
  });
}

function without(clusters: readonly SnapshotCluster[], others: readonly SnapshotCluster[]): readonly SnapshotCluster[] {
  const names = new Set<string>(others.map(({ name }) => name));
  return clusters.filter(({ name }) => !names.has(name));
}

/** New clusters count like those that were drained: what they do not have yet they cannot serve. */
function comingBack(
  { service, limits }: { readonly service: string; readonly limits: readonly StatedLimit[] },
  clusters: readonly SnapshotCluster[],
  lagMs: ReplicaInput["lagMs"],
): readonly PlanWarning[] {
  return regionLags(clusters, lagMs).flatMap(({ region, ms }): PlanWarning[] => {
    const exceeded = exceededBy(ms, limits);
    if (exceeded.length === 0) return [];
    const sentence = `The data of ${service} in ${region} is ${lagText(ms)} behind, and ${describeLimits(exceeded)} is tolerated: until it has caught up such requests go elsewhere. Wait for that, or ${region} comes back without them.`;
    return [{ code: "replicaBehind", sentence }];
  });
}

function leaving(
  service: string,
  { gone, left }: { readonly gone: readonly SnapshotCluster[]; readonly left: readonly SnapshotCluster[] },
  lagMs: ReplicaInput["lagMs"],
): readonly PlanWarning[] {
  const staying = new Set<string>(left.map(({ region }) => region));
  const regions = [...new Set(gone.map(({ region }) => region))].filter((region) => !staying.has(region));
  const behind = regionLags(left, lagMs).filter(({ ms }) => ms >= REPLICA_LAG_MS_MIN);
  if (regions.length === 0 || behind.length === 0) return [];
  const copies = behind.map(({ region, ms }) => `${region} ${lagText(ms)}`).join(", ");
  const worst = lagText(Math.max(...behind.map(({ ms }) => ms)));
  const from = regions.join(" and ");
  const sentence = `Other copies of the data of ${service} are behind: ${copies}. What was written in ${from} within the last ${worst} may be missing there for clients who move. Wait until they have caught up, or it is lost to them.`;
  return [{ code: "replicaBehind", sentence }];
}

type RegionLag = { readonly region: string; readonly ms: number };

/** Of the cluster that is furthest behind, in the order of the clusters. */
function regionLags(clusters: readonly SnapshotCluster[], lagMs: ReplicaInput["lagMs"]): readonly RegionLag[] {
  return [...groupBy(clusters, ({ region }) => region as string)].flatMap(([region, ones]) => {
    const lags = ones.flatMap(({ name }) => lagMs.get(name) ?? []);
    return lags.length === 0 ? [] : [{ region, ms: Math.max(...lags) }];
  });
}

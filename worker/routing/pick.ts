/**
 * Picks the cluster within a region: the client's side by its cohort, then rendezvous by weight among the clusters of
 * that side that are in the condition asked for.
 */
import type { Side } from "../../config/shared-shapes.ts";
import type { LevelMode } from "./level.ts";
import type { LoadedCluster, LoadedService } from "./loaded-snapshot.ts";
import type { Condition, Member, RegionHealth } from "./region-health.ts";
import { pickRendezvous } from "./rendezvous.ts";
import { cohortOf, sideOf } from "./split.ts";

export type ClusterPick = {
  readonly cluster: LoadedCluster;
  readonly cohort: number;
  /** The side that the cohort belongs to; the cluster is of the other one only when this side has none to offer. */
  readonly wanted: Side;
};

/** Which conditions will do: a level in panic does not believe its health. */
export type Acceptable = (condition: Condition) => boolean;
export const NOT_DOWN: Acceptable = (condition) => condition !== "down";
export const ANY_CONDITION: Acceptable = () => true;

/** What a level's load goes to, by how the level is used. */
export const ACCEPTABLE: Readonly<Record<LevelMode, Acceptable>> = {
  healthy: (condition) => condition === "healthy",
  degraded: (condition) => condition === "degraded",
  panic: ANY_CONDITION,
};

/** `tried` are clusters that are out of the question, `side` is one that is settled already. Undefined when the region has nothing acceptable. */
export function pickCluster(
  region: RegionHealth,
  service: LoadedService,
  options: {
    readonly keyHash: number;
    readonly acceptable: Acceptable;
    readonly tried?: readonly LoadedCluster[];
    readonly side?: Side | undefined;
  },
): ClusterPick | undefined {
  const { keyHash, acceptable, tried } = options;
  const cohort = cohortOf(keyHash, service.saltHash);
  const wanted = options.side ?? sideOf(cohort, region.canaryShareBps);
  const weightOf = (member: Member) =>
    acceptable(member.condition) && tried?.includes(member.cluster) !== true ? member.weight : 0;
  const member =
    pickRendezvous(keyHash, region[wanted], weightOf) ?? pickRendezvous(keyHash, otherSide(region, wanted), weightOf);
  return member === undefined ? undefined : { cluster: member.cluster, cohort, wanted };
}

/** A canary with no share takes nobody, not even when everything else in the region is down. */
export function otherSide(region: RegionHealth, wanted: Side): readonly Member[] {
  if (wanted === "canary") return region.stable;
  return region.canaryShareBps > 0 ? region.canary : [];
}

/** Everything that is known of health, as people read it: what holds, who sees what, and who is believed. */
import type { HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { Doubt } from "./doubt.ts";
import { NO_EVIDENCE, type PassiveEvidence, passiveEvidence } from "./evidence.ts";
import { recentDowns } from "./flapping.ts";
import { type Ballot, inPanic, type JudgedCluster, type Standing } from "./judge.ts";
import type { Rule } from "./majority.ts";
import type { RanIn, SeenCluster } from "./view.ts";
import type { HealthWatch } from "./watch.ts";

/** A cluster as a vantage sees it, whether or not it is believed. */
export type VantageSight = SeenCluster & {
  readonly vantage: Vantage;
  /** As the clients near it go by; absent: by what holds for all. */
  readonly local?: HealthState;
  /** What the edges near it have ejected. */
  readonly passive?: PassiveEvidence;
};

export type ClusterOverview = {
  readonly cluster: string;
  readonly state: HealthState;
  readonly sinceMs: number;
  readonly recoveredAtMs?: number;
  readonly rule: Rule;
  readonly ballot: Ballot;
  /** How often it went down for most within the last minutes. */
  readonly flaps: number;
  readonly probesPerMinute: number;
  readonly replicaLagMs?: number;
  readonly vantages: readonly VantageSight[];
};

export type VantageOverview = {
  readonly vantage: Vantage;
  readonly standing: Standing;
  readonly sinceMs: number;
  readonly heardAtMs?: number;
  readonly doubt?: Doubt;
  readonly ranIn: RanIn;
  readonly behindMs: number;
};

export type HealthOverview = {
  /** Of the report that the beacons heard last. */
  readonly sequence: number;
  readonly atMs: number;
  /** No vantage is believed, so everything is unknown. */
  readonly panic: boolean;
  readonly vantages: readonly VantageOverview[];
  readonly clusters: readonly ClusterOverview[];
};

export type OverviewTimes = { readonly sequence: number; readonly atMs: number; readonly nowMs: number };

/** `wanted`: of these clusters only. */
export function overviewOf(
  watch: HealthWatch,
  { sequence, atMs, nowMs }: OverviewTimes,
  wanted?: readonly string[],
): HealthOverview {
  const { vantages, clusters: watched } = watch.config;
  const clusters = wanted === undefined ? watched : watched.filter(({ cluster }) => wanted.includes(cluster));
  return {
    ...{ sequence, atMs },
    panic: inPanic(watch.judgement),
    vantages: vantages.map((vantage) => vantageOverview(vantage, watch, nowMs)),
    clusters: clusters.flatMap(({ cluster, probesPerMinute }) => {
      const judged = watch.judgement.clusters.get(cluster);
      return judged === undefined ? [] : [clusterOverview({ cluster, probesPerMinute, judged }, watch, nowMs)];
    }),
  };
}

function vantageOverview(vantage: Vantage, watch: HealthWatch, nowMs: number): VantageOverview {
  const judged = watch.judgement.vantages.get(vantage);
  const known = watch.known(vantage);
  return {
    vantage,
    standing: judged?.standing ?? "silent",
    sinceMs: judged?.sinceMs ?? nowMs,
    ...(known === undefined || known.heardAtMs === 0 ? {} : { heardAtMs: known.heardAtMs }),
    ...(judged?.doubt === undefined ? {} : { doubt: judged.doubt }),
    ranIn: known?.ranIn ?? { kind: "unknown" },
    behindMs: known?.behindMs ?? 0,
  };
}

type Judged = { readonly cluster: string; readonly probesPerMinute: number; readonly judged: JudgedCluster };

function clusterOverview(
  { cluster, probesPerMinute, judged }: Judged,
  watch: HealthWatch,
  nowMs: number,
): ClusterOverview {
  const { local, downsAtMs, ...rest } = judged;
  const replicaLagMs = watch.replicaLagMs(cluster);
  return {
    ...{ cluster, probesPerMinute },
    ...rest,
    flaps: recentDowns(downsAtMs, nowMs).length,
    ...(replicaLagMs === undefined ? {} : { replicaLagMs }),
    vantages: watch.config.vantages.flatMap((vantage): VantageSight[] => {
      const seen = watch.known(vantage)?.clusters.get(cluster);
      if (seen === undefined) return [];
      const view = local.get(vantage);
      const own = view === undefined || view.state === "unknown" ? {} : { local: view.state };
      const passive = passiveEvidence(cluster, [watch.evidence(vantage, nowMs) ?? NO_EVIDENCE]);
      return [{ vantage, ...seen, ...own, ...(passive === undefined ? {} : { passive }) }];
    }),
  };
}

/**
 * What holds of each cluster, given what every vantage sees and what edges have ejected: for all, by majority
 * (`majority.ts`), and for the clients near each vantage, by its own view. A view that is stale or doubted counts as
 * unknown. Pure; who calls it keeps the last judgement, because ties and times depend on it.
 */
import type { HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { type Doubt, reviewDoubt } from "./doubt.ts";
import { type EdgeEvidence, NO_EVIDENCE, type PassiveEvidence, passiveEvidence } from "./evidence.ts";
import { noteDown } from "./flapping.ts";
import { type Rule, rule } from "./majority.ts";
import type { SeenCluster } from "./view.ts";

/** Probers say something at least this often, so that silence can be told from health; so does the health object to beacons. */
export const HEARTBEAT_MS = 10_000;
/** Three heartbeats: one may be lost and one late. Longer, and edges would go by what nobody has checked for a minute. */
export const VIEW_STALE_MS = 3 * HEARTBEAT_MS;

/** What is at hand of one vantage. */
export type VantageRecord = {
  readonly vantage: Vantage;
  /** By the judge's clock; undefined: it never said anything. */
  readonly heardAtMs: number | undefined;
  readonly clusters: ReadonlyMap<string, SeenCluster>;
  /** Of the edges near it; undefined: its beacon has not answered lately. */
  readonly evidence: EdgeEvidence | undefined;
};

/** `silent`: it has not said anything yet. */
export type Standing = "trusted" | "doubted" | "stale" | "silent";

export type JudgedVantage = {
  readonly standing: Standing;
  readonly sinceMs: number;
  readonly doubt?: Doubt;
};

/** Who said what. Each vantage is in one of the lists. */
export type Ballot = {
  readonly healthy: readonly Vantage[];
  readonly degraded: readonly Vantage[];
  readonly unhealthy: readonly Vantage[];
  /** `unprobed`: it is trusted, but has not made up its mind about this cluster. */
  readonly unknown: readonly {
    readonly vantage: Vantage;
    readonly because: Exclude<Standing, "trusted"> | "unprobed";
  }[];
  readonly passive?: PassiveEvidence;
};

/** What everybody says of a cluster, and what that means near each vantage. */
export type Votes = {
  readonly ballot: Ballot;
  /** As the clients near each vantage should see it; `unknown`: by what holds for all. */
  readonly local: ReadonlyMap<Vantage, LocalView>;
};

export type JudgedCluster = Votes & {
  readonly state: HealthState;
  readonly sinceMs: number;
  /** When it was last in use again after it had been down for most. */
  readonly recoveredAtMs?: number;
  /** When it went down for most within the last minutes, oldest first. */
  readonly downsAtMs: readonly number[];
  readonly rule: Rule;
};

export type LocalView = {
  readonly state: HealthState;
  /** The probes are content, but the edges nearby are not. */
  readonly passive: boolean;
};

export type Judgement = {
  readonly clusters: ReadonlyMap<string, JudgedCluster>;
  readonly vantages: ReadonlyMap<Vantage, JudgedVantage>;
  /** Every combination of votes that there was: of thousands of clusters nearly all have the same. */
  readonly votes: ReadonlyMap<string, Votes>;
};

export const NOTHING_JUDGED: Judgement = { clusters: new Map(), vantages: new Map(), votes: new Map() };

export type JudgeInput = {
  /** All that are probed. */
  readonly clusters: readonly string[];
  readonly records: readonly VantageRecord[];
  readonly before: Judgement;
  readonly nowMs: number;
};

export function judge({ clusters, records, before, nowMs }: JudgeInput): Judgement {
  const vantages = new Map(
    records.map((record) => [record.vantage, judgeVantage(record, before.vantages.get(record.vantage), nowMs)]),
  );
  const views = records.map((record): TrustedRecord => {
    return { ...record, standing: vantages.get(record.vantage)?.standing ?? "silent" };
  });
  const votes = new Map<string, Votes>();
  const votesOf = (cluster: string): Votes => {
    const signature = signatureOf(cluster, views);
    const found = votes.get(signature) ?? before.votes.get(signature) ?? votesOn(cluster, views);
    votes.set(signature, found);
    return found;
  };
  const judged = clusters.map((cluster): [string, JudgedCluster] => [
    cluster,
    judgeCluster(votesOf(cluster), before.clusters.get(cluster), nowMs),
  ]);
  return { clusters: new Map(judged), vantages, votes };
}

/** Somebody was heard, and nobody of them can be believed. */
export function inPanic({ vantages }: Judgement): boolean {
  const standings = [...vantages.values()].map(({ standing }) => standing);
  return standings.includes("doubted") && !standings.includes("trusted");
}

function judgeVantage(record: VantageRecord, before: JudgedVantage | undefined, nowMs: number): JudgedVantage {
  const doubt = reviewDoubt([...record.clusters.values()], before?.doubt, nowMs);
  const standing = standingOf(record, doubt, nowMs);
  const sinceMs = before?.standing === standing ? before.sinceMs : nowMs;
  return { standing, sinceMs, ...(doubt === undefined ? {} : { doubt }) };
}

function standingOf({ heardAtMs }: VantageRecord, doubt: Doubt | undefined, nowMs: number): Standing {
  if (heardAtMs === undefined) return "silent";
  if (nowMs - heardAtMs >= VIEW_STALE_MS) return "stale";
  return doubt === undefined ? "trusted" : "doubted";
}

function judgeCluster(votes: Votes, before: JudgedCluster | undefined, nowMs: number): JudgedCluster {
  const { ballot } = votes;
  const tally = {
    healthy: ballot.healthy.length,
    degraded: ballot.degraded.length,
    unhealthy: ballot.unhealthy.length,
  };
  const ruling = rule(tally, { passive: ballot.passive?.counts === true, before: before?.state ?? "unknown" });
  const changed = before?.state !== ruling.state;
  const wentDown = changed && ruling.state === "unhealthy";
  // After nothing was known there is nothing to come back from: its clients went by weights meanwhile.
  const cameBack = before?.state === "unhealthy" && (ruling.state === "healthy" || ruling.state === "degraded");
  const recoveredAtMs = cameBack ? nowMs : before?.recoveredAtMs;
  return {
    ...ruling,
    ...votes,
    sinceMs: before === undefined || changed ? nowMs : before.sinceMs,
    downsAtMs: wentDown ? noteDown(before?.downsAtMs ?? [], nowMs) : (before?.downsAtMs ?? []),
    ...(recoveredAtMs === undefined ? {} : { recoveredAtMs }),
  };
}

type TrustedRecord = VantageRecord & { readonly standing: Standing };

/** Equal for two clusters on which everybody says the same. */
function signatureOf(cluster: string, records: readonly TrustedRecord[]): string {
  let signature = "";
  for (const { vantage, standing, clusters, evidence } of records) {
    const said = standing === "trusted" ? (clusters.get(cluster)?.state ?? "unknown") : standing;
    const ejected = evidence?.clusters[cluster];
    signature += `${vantage} ${said}\n`;
    if (ejected !== undefined) signature += `${JSON.stringify(ejected)} of ${evidence?.isolates}\n`;
  }
  return signature;
}

function votesOn(cluster: string, records: readonly TrustedRecord[]): Votes {
  return { ballot: ballotOf(cluster, records), local: localViews(cluster, records) };
}

function ballotOf(cluster: string, records: readonly TrustedRecord[]): Ballot {
  const votes = records.map(({ vantage, standing, clusters }) => {
    const state = clusters.get(cluster)?.state ?? "unknown";
    if (standing !== "trusted") return { vantage, state: "unknown" as const, because: standing };
    return { vantage, state, because: "unprobed" as const };
  });
  const who = (state: HealthState) => votes.filter((vote) => vote.state === state).map(({ vantage }) => vantage);
  const passive = passiveEvidence(
    cluster,
    records.map(({ evidence }) => evidence ?? NO_EVIDENCE),
  );
  return {
    healthy: who("healthy"),
    degraded: who("degraded"),
    unhealthy: who("unhealthy"),
    unknown: votes.flatMap(({ vantage, state, because }) => (state === "unknown" ? [{ vantage, because }] : [])),
    ...(passive === undefined ? {} : { passive }),
  };
}

function localViews(cluster: string, records: readonly TrustedRecord[]): ReadonlyMap<Vantage, LocalView> {
  const views = records.flatMap(({ vantage, standing, clusters, evidence }): [Vantage, LocalView][] => {
    if (standing !== "trusted") return [];
    const state = clusters.get(cluster)?.state ?? "unknown";
    const passive =
      state === "healthy" && evidence !== undefined && passiveEvidence(cluster, [evidence])?.counts === true;
    return [[vantage, { state: passive ? "degraded" : state, passive }]];
  });
  return new Map(views);
}

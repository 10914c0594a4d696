/**
 * The judgement as edges get it: what holds for all, and of each vantage only what differs. What edges do not hear of a
 * vantage is as for all; so a vantage that is stale or doubted is simply not in it.
 */
import type { HealthReport, HealthState } from "../../../config/health.ts";
import { RECOVERY_RAMP_MS_MAX } from "../../../config/limits.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { Ballot, Judgement, VantageRecord } from "./judge.ts";

export type ReportInput = {
  readonly judgement: Judgement;
  readonly records: readonly VantageRecord[];
  readonly replicaLagMs: Readonly<Record<string, number>>;
  readonly nowMs: number;
};

export type ReportBody = Omit<HealthReport, "sequence" | "atMs">;

/** In the order of the judgement's clusters, so that two equal ones have the same text. */
export function reportOf({ judgement, records, replicaLagMs, nowMs }: ReportInput): ReportBody {
  const states: Record<string, HealthState> = {};
  const recovered: Record<string, number> = {};
  for (const [cluster, { state, recoveredAtMs }] of judgement.clusters) {
    states[cluster] = state;
    if (isUp(state) && isRecent(recoveredAtMs, nowMs)) recovered[cluster] = recoveredAtMs;
  }
  const trusted = records.filter(({ vantage }) => judgement.vantages.get(vantage)?.standing === "trusted");
  const views = trusted.map(({ vantage }) => [vantage, differingStates(vantage, judgement)] as const);
  const returns = trusted.map(
    (record) => [record.vantage, differingReturns(record, recovered, judgement, nowMs)] as const,
  );
  return {
    clusters: states,
    recoveredAtMs: recovered,
    ...named("vantages", views),
    ...named("vantageRecoveredAtMs", returns),
    ...(Object.keys(replicaLagMs).length === 0 ? {} : { replicaLagMs }),
  };
}

function differingStates(vantage: Vantage, { clusters }: Judgement): Readonly<Record<string, HealthState>> {
  const states: Record<string, HealthState> = {};
  for (const [cluster, { state, local, ballot }] of clusters) {
    if (isUnanimous(ballot)) continue;
    const own = local.get(vantage)?.state ?? "unknown";
    if (own !== "unknown" && own !== state) states[cluster] = own;
  }
  return states;
}

/** Where this vantage ramps a cluster by another time than most, or, as 0, does not ramp at all. */
function differingReturns(
  { vantage, clusters }: VantageRecord,
  recovered: Readonly<Record<string, number>>,
  judgement: Judgement,
  nowMs: number,
): Readonly<Record<string, number>> {
  const returns: Record<string, number> = {};
  const own = recoveriesOf(clusters);
  for (const cluster of new Set([...Object.keys(recovered), ...own.keys()])) {
    const state = judgement.clusters.get(cluster)?.local.get(vantage)?.state ?? "unknown";
    if (!isUp(state)) continue;
    const recoveredAtMs = own.get(cluster);
    const ownAtMs = isRecent(recoveredAtMs, nowMs) ? recoveredAtMs : undefined;
    if (ownAtMs !== recovered[cluster]) returns[cluster] = ownAtMs ?? 0;
  }
  return returns;
}

/** Views stay for many reports, and few clusters ever come back from anything. */
const RECOVERIES = new WeakMap<VantageRecord["clusters"], ReadonlyMap<string, number>>();

function recoveriesOf(clusters: VantageRecord["clusters"]): ReadonlyMap<string, number> {
  const known = RECOVERIES.get(clusters);
  if (known !== undefined) return known;
  const recoveries = new Map<string, number>();
  for (const [cluster, { recoveredAtMs }] of clusters)
    if (recoveredAtMs !== undefined) recoveries.set(cluster, recoveredAtMs);
  RECOVERIES.set(clusters, recoveries);
  return recoveries;
}

/** All that are trusted see it healthy, and no edge has anything against it: nobody sees anything otherwise. */
function isUnanimous({ degraded, unhealthy, passive }: Ballot): boolean {
  return degraded.length === 0 && unhealthy.length === 0 && passive === undefined;
}

function isUp(state: HealthState): boolean {
  return state === "healthy" || state === "degraded";
}

/** No ramp is longer, so an older recovery changes nothing. */
function isRecent(recoveredAtMs: number | undefined, nowMs: number): recoveredAtMs is number {
  return recoveredAtMs !== undefined && nowMs - recoveredAtMs < RECOVERY_RAMP_MS_MAX;
}

function named<K extends string, T extends object>(
  key: K,
  entries: readonly (readonly [Vantage, T])[],
): { readonly [P in K]?: Partial<Record<Vantage, T>> } {
  const some = entries.filter(([, record]) => Object.keys(record).length > 0);
  // The key is K, and the entries are those of its record.
  return (some.length === 0 ? {} : { [key]: Object.fromEntries(some) }) as { [P in K]?: Partial<Record<Vantage, T>> };
}

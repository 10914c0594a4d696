/** What changed from one judgement to the next, and why: for people, and for what comes to listen. */
import type { HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { Cause } from "./cluster-health.ts";
import type { Doubt } from "./doubt.ts";
import { type Ballot, inPanic, type Judgement, type Standing, type VantageRecord } from "./judge.ts";
import type { Rule } from "./majority.ts";

/** Newest first they make the history of an environment. */
export type Transition = { readonly atMs: number } & (
  | {
      /** A cluster, for all. */
      readonly kind: "cluster";
      readonly cluster: string;
      readonly from: HealthState;
      readonly to: HealthState;
      readonly rule: Rule;
      readonly ballot: Ballot;
    }
  | {
      /** A cluster, as one vantage sees it. */
      readonly kind: "clusterAtVantage";
      readonly cluster: string;
      readonly vantage: Vantage;
      readonly from: HealthState;
      readonly to: HealthState;
      /** What its probes met; or that edges nearby have it out. Absent when all is well again. */
      readonly because?: Cause | { readonly code: "passive" };
    }
  | {
      readonly kind: "vantage";
      readonly vantage: Vantage;
      readonly from: Standing;
      readonly to: Standing;
      readonly doubt?: Doubt;
    }
  | { readonly kind: "panic"; readonly to: "begun" | "over"; readonly vantages: readonly Vantage[] }
);

export type TransitionInput = {
  readonly before: Judgement;
  readonly after: Judgement;
  readonly records: readonly VantageRecord[];
  readonly nowMs: number;
};

export function transitions({ before, after, records, nowMs }: TransitionInput): readonly Transition[] {
  return [
    ...records.flatMap((record) => vantageChanges(record, before, after)),
    ...panicChange(before, after),
    ...clusterChanges(before, after),
  ].map((change) => ({ atMs: nowMs, ...change }));
}

/** Without its time, each of the union by itself. */
type Change = Transition extends infer T ? (T extends Transition ? Omit<T, "atMs"> : never) : never;

const NO_CHANGES: Change[] = [];

function vantageChanges({ vantage, clusters }: VantageRecord, before: Judgement, after: Judgement): readonly Change[] {
  const now = after.vantages.get(vantage);
  const from = before.vantages.get(vantage)?.standing ?? "silent";
  const to = now?.standing ?? "silent";
  const standing: Change[] =
    from === to
      ? []
      : [{ kind: "vantage", vantage, from, to, ...(now?.doubt === undefined ? {} : { doubt: now.doubt }) }];
  // Seen before and seen now: that a view is not believed for a while changes nothing in what it says of a cluster.
  if (from !== "trusted" || to !== "trusted") return standing;
  const seen = [...after.clusters].flatMap(([cluster, { local }]): Change[] => {
    const earlierLocal = before.clusters.get(cluster)?.local;
    if (earlierLocal === local) return NO_CHANGES; // As it is for nearly all, nearly always.
    const view = local.get(vantage);
    const state = view?.state ?? "unknown";
    const earlier = earlierLocal?.get(vantage)?.state ?? "unknown";
    if (state === earlier) return [];
    const cause = view?.passive === true ? ({ code: "passive" } as const) : clusters.get(cluster)?.because;
    const because = cause === undefined ? {} : { because: cause };
    return [{ kind: "clusterAtVantage", cluster, vantage, from: earlier, to: state, ...because }];
  });
  return [...standing, ...seen];
}

function panicChange(before: Judgement, after: Judgement): readonly Change[] {
  const is = inPanic(after);
  if (is === inPanic(before)) return [];
  const doubted = [...after.vantages].flatMap(([vantage, { standing }]) => (standing === "doubted" ? [vantage] : []));
  return [{ kind: "panic", to: is ? "begun" : "over", vantages: doubted }];
}

function clusterChanges(before: Judgement, after: Judgement): readonly Change[] {
  return [...after.clusters].flatMap(([cluster, { state, rule, ballot }]): Change[] => {
    const from = before.clusters.get(cluster)?.state ?? "unknown";
    return from === state ? [] : [{ kind: "cluster", cluster, from, to: state, rule, ballot }];
  });
}

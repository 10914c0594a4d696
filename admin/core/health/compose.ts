/**
 * From the checks of a cluster to its condition, as one vantage sees it. A `mustPass` check decides alone when it fails;
 * of those that are `voting` more than half must pass; `observe` only shows. What is not known yet may still go either
 * way: the condition is unknown until it cannot any more.
 */
import type { HealthState } from "../../../config/health.ts";
import type { CheckVerdict } from "./observe.ts";
import type { ProbeCheck } from "./targets.ts";

export type JudgedCheck = Pick<ProbeCheck, "name" | "role"> & { readonly verdict: CheckVerdict };

export type Composed = {
  readonly state: HealthState;
  /** The first check that keeps the cluster from being healthy. */
  readonly because?: string;
};

export function composeChecks(checks: readonly JudgedCheck[]): Composed {
  const must = checks.filter(({ role }) => role === "mustPass");
  const voting = checks.filter(({ role }) => role === "voting");
  const deciding = [...must, ...voting];
  const first = (verdict: CheckVerdict) => deciding.find((check) => check.verdict === verdict)?.name;
  const failsAlone = must.find(({ verdict }) => verdict === "failing");
  if (failsAlone !== undefined) return { state: "unhealthy", because: failsAlone.name };
  if (!canStillPass(voting)) return { state: "unhealthy", ...named(first("failing")) };
  const known = must.every(({ verdict }) => verdict !== "unknown") && hasPassed(voting);
  if (deciding.length === 0 || !known) return { state: "unknown" };
  const wholly = must.every(({ verdict }) => verdict === "passing") && moreThanHalf(voting, ["passing"]);
  return wholly ? { state: "healthy" } : { state: "degraded", ...named(first("slow")) };
}

function canStillPass(voting: readonly JudgedCheck[]): boolean {
  return moreThanHalf(voting, ["passing", "slow", "unknown"]);
}

function hasPassed(voting: readonly JudgedCheck[]): boolean {
  return moreThanHalf(voting, ["passing", "slow"]);
}

/** Of nobody everything is true. */
function moreThanHalf(voting: readonly JudgedCheck[], verdicts: readonly CheckVerdict[]): boolean {
  if (voting.length === 0) return true;
  return 2 * voting.filter(({ verdict }) => verdicts.includes(verdict)).length > voting.length;
}

function named(because: string | undefined): { readonly because?: string } {
  return because === undefined ? {} : { because };
}

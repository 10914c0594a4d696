/**
 * What one probe changes about one check. A check that nobody has run yet passes with its first success, because traffic
 * may be waiting for it; anything else needs `rise` successes or `fall` failures in a row. Slow successes are successes;
 * `fall` answers in a row that were not fast make a passing check slow, and `rise` fast ones make it pass again.
 */
import { unreachable } from "../../../config/invariant.ts";
import type { ProbeOutcome } from "./outcome.ts";

export type CheckVerdict = "unknown" | "passing" | "slow" | "failing";

export type CheckHealth = {
  readonly verdict: CheckVerdict;
  /** In a row; one of the two is always 0. */
  readonly successes: number;
  readonly failures: number;
  /** Successes that were not slow, and everything else; one of the two is always 0. */
  readonly fast: number;
  readonly notFast: number;
  readonly last?: { readonly atMs: number; readonly outcome: ProbeOutcome };
};

export type Thresholds = { readonly rise: number; readonly fall: number };

export const CHECK_UNKNOWN: CheckHealth = { verdict: "unknown", successes: 0, failures: 0, fast: 0, notFast: 0 };

export function observeCheck(
  health: CheckHealth,
  outcome: ProbeOutcome,
  { thresholds, nowMs }: { readonly thresholds: Thresholds; readonly nowMs: number },
): CheckHealth {
  const succeeded = outcome.kind !== "failure";
  const wasFast = outcome.kind === "success";
  const streaks = {
    successes: succeeded ? health.successes + 1 : 0,
    failures: succeeded ? 0 : health.failures + 1,
    fast: wasFast ? health.fast + 1 : 0,
    notFast: wasFast ? 0 : health.notFast + 1,
  };
  return { verdict: nextVerdict(health.verdict, streaks, thresholds), ...streaks, last: { atMs: nowMs, outcome } };
}

type Streaks = Pick<CheckHealth, "successes" | "failures" | "fast" | "notFast">;

function nextVerdict(
  verdict: CheckVerdict,
  { successes, failures, fast, notFast }: Streaks,
  { rise, fall }: Thresholds,
): CheckVerdict {
  if (failures >= fall) return "failing";
  switch (verdict) {
    case "unknown":
      if (successes === 0) return "unknown";
      return fast > 0 ? "passing" : "slow";
    case "failing":
      if (successes < rise) return "failing";
      return fast >= rise ? "passing" : "slow";
    case "passing":
    case "slow":
      if (fast >= rise) return "passing";
      return notFast >= fall ? "slow" : verdict;
    default:
      return unreachable(verdict);
  }
}

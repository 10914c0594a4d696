/**
 * The safety rules of a fleet with every default filled in. Undefined means that the Policy switched the rule off; only
 * `off` does that. Each default has its reason beside it, and `config/policy.ts` says what a Policy may say.
 */
import type { Fleet } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { invariant } from "../../../config/invariant.ts";
import type { AssertionRule, GatingRule, SafetyPolicy } from "../../../config/policy.ts";

export type MidChangeLimits = { readonly regionsMax: number; readonly trafficMaxBps: number };

export type ResolvedAssertion = Omit<AssertionRule, "wait"> & { readonly waitMs: number | undefined };

export type ResolvedSafety = {
  readonly acceptingRegionsMin: number | undefined;
  readonly healthyClustersMin: number | undefined;
  readonly utilizationMaxPercent: number | undefined;
  readonly stepMaxBps: number | undefined;
  readonly shiftPerHourMaxBps: number | undefined;
  readonly midChange: MidChangeLimits | undefined;
  readonly waitSameMs: number | undefined;
  readonly waitOppositeMs: number | undefined;
  readonly removalMaxPercent: number | undefined;
  /** The one rule that nobody is held to unless the Policy states it: teams agree on it before they are bound by it. */
  readonly errorBudgetMinPercent: number | undefined;
  readonly assertions: readonly ResolvedAssertion[];
  readonly gates: readonly GatingRule[];
};

/** Below one nobody is served. Fleets that can afford to say two should; one holds for every fleet. */
const ACCEPTING_REGIONS_MIN = 1;
/** With none left, the clients of a residency rule are refused: nobody else may serve them. */
const HEALTHY_CLUSTERS_MIN = 1;
/** Capacity is what people say that a region can carry. Who wants headroom says so with a smaller figure. */
const UTILIZATION_MAX_PERCENT = 100;
/** Half of a rule's traffic: the largest step that still leaves as much where it is known to be well. */
const STEP_MAX_BPS = 5_000;
/** All of a rule's traffic once over: from one region to another within an hour, but not there, back and there again. */
const SHIFT_PER_HOUR_MAX_BPS = 10_000;
/** Two regions on their way at once cannot be told apart when something goes wrong, unless both are small. */
const MID_CHANGE: MidChangeLimits = { regionsMax: 1, trafficMaxBps: 2_500 };
/** `WaitPeriodMs` of AWS Route 53 ARC, for the built-in wait and for assertions alike: the time to see a slip. */
const WAIT_SAME_MS = 5_000;
/** Long enough for probes to have seen what the change did, so that two automatons do not chase each other. */
const WAIT_OPPOSITE_MS = 60_000;
/** Nobody removes half of anything by habit; a file left out of an apply does. */
const REMOVAL_MAX_PERCENT = 50;

export function resolvePolicy({ policy }: Pick<Fleet, "policy">): ResolvedSafety {
  const safety: SafetyPolicy = policy?.spec.safety ?? {};
  return {
    acceptingRegionsMin: statedOr(safety.acceptingRegionsMin, ACCEPTING_REGIONS_MIN),
    healthyClustersMin: statedOr(safety.healthyClustersMin, HEALTHY_CLUSTERS_MIN),
    utilizationMaxPercent: statedOr(safety.utilizationMaxPercent, UTILIZATION_MAX_PERCENT),
    stepMaxBps: statedOr(safety.stepMaxBps, STEP_MAX_BPS),
    shiftPerHourMaxBps: statedOr(safety.shiftPerHourMaxBps, SHIFT_PER_HOUR_MAX_BPS),
    midChange: statedOr(safety.midChange, MID_CHANGE),
    waitSameMs: waitOf(safety.waitSame, WAIT_SAME_MS),
    waitOppositeMs: waitOf(safety.waitOpposite, WAIT_OPPOSITE_MS),
    removalMaxPercent: statedOr(safety.removalMaxPercent, REMOVAL_MAX_PERCENT),
    errorBudgetMinPercent: statedOr(safety.errorBudgetMinPercent, undefined),
    assertions: (safety.assertions ?? []).map(({ wait, ...rule }) => ({ ...rule, waitMs: waitOf(wait, WAIT_SAME_MS) })),
    gates: safety.gates ?? [],
  };
}

/**
 * A change is held to the rules that are in force when it is made, so that none loosens them and uses that at once. What
 * it adds must hold for it too, or the next change would meet a rule that was broken from the start. The first
 * documents of an environment bring the first rules.
 */
export function rulesInForce(
  before: { readonly revision: number; readonly fleet: Pick<Fleet, "policy"> },
  after: { readonly fleet: Pick<Fleet, "policy"> },
): ResolvedSafety {
  const next = resolvePolicy(after.fleet);
  if (before.revision === 0) return next;
  const current = resolvePolicy(before.fleet);
  const known = new Set(current.assertions.map(({ name }) => name));
  return {
    ...current,
    assertions: [...current.assertions, ...next.assertions.filter(({ name }) => !known.has(name))],
  };
}

function statedOr<T>(stated: T | "off" | undefined, otherwise: T): T | undefined {
  if (stated === "off") return undefined;
  return stated ?? otherwise;
}

function waitOf(stated: string | undefined, otherwiseMs: number): number | undefined {
  if (stated === undefined) return otherwiseMs;
  if (stated === "off") return undefined;
  const ms = parseDuration(stated);
  invariant(ms !== undefined, "a duration that its schema let through");
  return ms;
}

/**
 * Which revision is served everywhere, and which is still being tried at one vantage. Pure bookkeeping: the alarm asks
 * the edges and calls `released` or commits a withdrawal; what the others get meanwhile is `wide-state.ts`.
 */
import type { Fleet } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { invariant } from "../../../config/invariant.ts";
import type { PublishingPolicy } from "../../../config/policy.ts";
import type { Vantage } from "../../../config/vantage.ts";

export type Publishing = {
  /** What everybody was last given in full. */
  readonly releasedRevision: number;
  /** While the target is tried: where, since when, and until when nothing may be wrong with it. */
  readonly hold?: Hold;
};

export type Hold = {
  readonly vantage: Vantage;
  /** The first one that is being tried; what came after it, a drain or a second change, is tried with it. */
  readonly sinceRevision: number;
  readonly sinceMs: number;
  readonly untilMs: number;
};

export type CommittedChange = {
  readonly revision: number;
  /** Whether and where to try it: see `publishingInForce`. */
  readonly policy: PublishingPolicy | undefined;
  /** It must not wait, or changes nothing that edges serve. */
  readonly urgent: boolean;
  /** It takes back what is being tried. */
  readonly withdraws: boolean;
  readonly nowMs: number;
};

/**
 * A change that must not wait is given to everybody at once, but does not take along what is still being tried: then the
 * hold goes on as it is. Any other change begins a new hold, because edges have not been seen serving it.
 */
export function publishingAfter(
  current: Publishing,
  { revision, policy, urgent, withdraws, nowMs }: CommittedChange,
): Publishing {
  if (withdraws) return { releasedRevision: revision };
  if (urgent) return current.hold === undefined ? { releasedRevision: revision } : current;
  const holdMs = policy === undefined ? undefined : parseDuration(policy.hold);
  // The first revision has nothing before it that others could go on with.
  if (policy === undefined || current.releasedRevision === 0) return { releasedRevision: revision };
  invariant(holdMs !== undefined, "a duration that its schema let through");
  const sinceRevision = current.hold?.sinceRevision ?? revision;
  const hold = { vantage: policy.canaryVantage, sinceRevision, sinceMs: nowMs, untilMs: nowMs + holdMs };
  return { releasedRevision: current.releasedRevision, hold };
}

type WithPolicy = Pick<Fleet, "policy">;

/** As it was before the change, else a change could excuse itself from being tried. The first one counts at once. */
export function publishingInForce(before: WithPolicy, after: WithPolicy): PublishingPolicy | undefined {
  return before.policy?.spec.publishing ?? after.policy?.spec.publishing;
}

export function released(targetRevision: number): Publishing {
  return { releasedRevision: targetRevision };
}

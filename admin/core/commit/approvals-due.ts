/** How many people besides the author a change needs, and why: by the Policy for its actions, by the rules for its size. */
import type { Fleet } from "../../../config/documents.ts";
import type { Action } from "../../../config/policy.ts";
import type { Verdict } from "../safety/verdict.ts";

export type ApprovalsDue = { readonly required: number; readonly because: readonly string[] };

/** The Policy that counts is the one in force, not the one that the change brings: else a change could excuse itself. */
export function approvalsDue(
  { policy }: Pick<Fleet, "policy">,
  actions: readonly Action[],
  verdicts: readonly Verdict[],
): ApprovalsDue {
  const byAction = (policy?.spec.approvals ?? []).flatMap((rule) => {
    const covered = rule.actions.filter((action) => actions.includes(action));
    const people = rule.approvals === 1 ? "one more person" : `${rule.approvals} more people`;
    return covered.length === 0
      ? []
      : [{ required: rule.approvals, because: `The Policy wants ${people} for ${covered.join(", ")}.` }];
  });
  const bySize = verdicts
    .filter(({ outcome }) => outcome === "approve")
    .map(({ sentence }) => ({ required: 1, because: sentence }));
  const all = [...byAction, ...bySize];
  return {
    required: Math.max(0, ...all.map(({ required }) => required)),
    because: all.map(({ because }) => because),
  };
}

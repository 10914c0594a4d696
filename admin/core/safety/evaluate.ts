/**
 * All safety rules on one change, in the order of `rule-ids.ts`: first what must be so afterwards, then how fast one may go,
 * then what people have forbidden, then the Policy's own assertions and gates by name. Every rule answers every time, so
 * that a plan shows what was looked at and not only what stands in the way. The same input gives the same verdicts,
 * whatever the order of its lists.
 */
import { sortedBy } from "../../../config/order.ts";
import type { RuleOverride } from "../../../config/overlays.ts";
import { BINDING, type RuleKind } from "./binding.ts";
import { type ExaminedChange, examine, type Rule } from "./examine.ts";
import { acceptingRegions } from "./rules/accepting-regions.ts";
import { assertions } from "./rules/assertions.ts";
import { capacity } from "./rules/capacity.ts";
import { errorBudget } from "./rules/error-budget.ts";
import { freeze } from "./rules/freeze.ts";
import { gates } from "./rules/gates.ts";
import { healthyClusters } from "./rules/healthy-clusters.ts";
import { incident } from "./rules/incident.ts";
import { midChange } from "./rules/mid-change.ts";
import { removal } from "./rules/removal.ts";
import { secretPresence, secretUse } from "./rules/secrets.ts";
import { shiftPerHour } from "./rules/shift-per-hour.ts";
import { stepMax } from "./rules/step-max.ts";
import { notEvaluated } from "./rules/verdicts.ts";
import { waitOpposite, waitSame } from "./rules/waits.ts";
import type { ChangeDirection, SafetyInput } from "./safety-input.ts";
import type { Verdict } from "./verdict.ts";

/** The wait of an assertion is part of its own verdict. */
const RULES: readonly (readonly [kind: Exclude<RuleKind, "assertionWait">, rule: Rule])[] = [
  ["acceptingRegions", acceptingRegions],
  ["healthyClusters", healthyClusters],
  ["capacity", capacity],
  ["stepMax", stepMax],
  ["shiftPerHour", shiftPerHour],
  ["midChange", midChange],
  ["waitSame", waitSame],
  ["waitOpposite", waitOpposite],
  ["freeze", freeze],
  ["incident", incident],
  ["errorBudget", errorBudget],
  ["removal", removal],
  ["secretPresence", secretPresence],
  ["secretUse", secretUse],
  ["assertion", assertions],
  ["gate", gates],
];

export function evaluateSafety(input: SafetyInput): readonly Verdict[] {
  const { change, policy } = examine(input);
  const verdicts = RULES.flatMap(([kind, rule]) => {
    const force = BINDING[kind][input.direction];
    if (force === "free") return [notEvaluated(kind, `${FREE[input.direction]} is not held to this.`)];
    const said = [rule(change, policy)].flat();
    return force === "warns" ? said.map(onlyTold) : said;
  });
  return verdicts.map((verdict) => unlessOverridden(verdict, change));
}

const FREE: Readonly<Record<ChangeDirection, string>> = {
  safe: "A change that makes things safer",
  comeback: "Traffic that comes back",
  undo: "A change that goes back to a past state",
  change: "This change",
};

function onlyTold(verdict: Verdict): Verdict {
  if (verdict.outcome !== "deny") return verdict;
  const { retryAfterMs: _, ...rest } = verdict;
  return { ...rest, outcome: "warn" };
}

/**
 * Break-glass: a denial of a rule that a live override names is told and does not refuse. The override may have been
 * there before or come with the change, so that an emergency is one call.
 */
export function unlessOverridden(
  verdict: Verdict,
  { before, after, nowMs }: Pick<ExaminedChange, "before" | "after" | "nowMs">,
): Verdict {
  if (verdict.outcome !== "deny") return verdict;
  const overrides = [...before.overlays, ...after.overlays].filter(
    (overlay): overlay is RuleOverride =>
      overlay.kind === "ruleOverride" && overlay.expiresAtMs > nowMs && overlay.rules.includes(verdict.rule),
  );
  const [override] = sortedBy(overrides, ({ name }) => name);
  if (override === undefined) return verdict;
  const { retryAfterMs: _, ...rest } = verdict;
  return {
    ...rest,
    outcome: "overridden",
    sentence: `${verdict.sentence} The override "${override.name}" lets it pass.`,
  };
}

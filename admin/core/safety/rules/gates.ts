/**
 * The gating rules of the Policy, as AWS Route 53 ARC has them: while the gate does not hold, nothing of its targets may be
 * changed. The gate is read after the whole change, like everything else, so one change may open it and go through.
 */
import { sortedBy } from "../../../../config/order.ts";
import type { GateTargets, GatingRule } from "../../../../config/policy.ts";
import { describeRequirement, isMet } from "../../../../config/requirement.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import { countOf, switchesOf } from "../switches.ts";
import type { Verdict } from "../verdict.ts";
import { listed } from "../words.ts";
import { deny, notEvaluated, pass } from "./verdicts.ts";

export function gates(change: ExaminedChange, { gates: rules }: ResolvedSafety): readonly Verdict[] {
  return sortedBy(rules, ({ name }) => name).map((rule) => gateVerdict(change, rule));
}

function gateVerdict({ touched, compiled }: ExaminedChange, rule: GatingRule): Verdict {
  const id = `gate/${rule.name}`;
  const changed = thingsOf(rule.targets).filter((thing) => touched.things.has(thing));
  if (changed.length === 0) return notEvaluated(id, "The change is on none of the targets.");
  const count = countOf(switchesOf(rule.gate, compiled.after));
  const numbers = { ...count, targets: changed };
  const asked = `The gate "${rule.name}" asks for ${describeRequirement(rule, count.of)}, and ${count.on} ${count.on === 1 ? "is" : "are"}`;
  const targets = listed(changed.map((thing) => thing.replace("/", " ")));
  return isMet(rule, count)
    ? pass(id, `${asked}: ${targets} may be changed.`, numbers)
    : deny(id, `${asked}: ${targets} may not be changed.`, numbers);
}

function thingsOf(targets: GateTargets): readonly string[] {
  if ("regions" in targets) return targets.regions.map((name) => `region/${name}`);
  if ("clusters" in targets) return targets.clusters.map((name) => `cluster/${name}`);
  if ("flags" in targets) return targets.flags.map((name) => `flag/${name}`);
  return targets.routes.map((name) => `route/${name}`);
}

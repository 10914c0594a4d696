/**
 * The assertion rules of the Policy, as AWS Route 53 ARC has them: what must be on after the whole change, and a wait after
 * a change of one of the controls, during which none of them changes again. Unlike ARC, a change that brings a broken
 * rule nearer to holding is let through, and one that has nothing to do with the rule is not stopped by it: the way out
 * of a bad state must stay open.
 */
import { formatDuration } from "../../../../config/duration.ts";
import { sortedBy } from "../../../../config/order.ts";
import { describeRequirement, distanceTo, isMet } from "../../../../config/requirement.ts";
import { BINDING } from "../binding.ts";
import type { ControlChange } from "../control-change.ts";
import type { ResolvedAssertion, ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import { countOf, type Switch, switchesOf } from "../switches.ts";
import type { Verdict } from "../verdict.ts";
import { atMost, listed } from "../words.ts";
import { deny, pass, warn } from "./verdicts.ts";
import { remainingAfter } from "./waits.ts";

export function assertions(change: ExaminedChange, { assertions: rules }: ResolvedSafety): readonly Verdict[] {
  return sortedBy(rules, ({ name }) => name).map((rule) => {
    const state = assertionState(change, rule);
    return state.outcome === "pass" ? (assertionWait(change, rule) ?? state) : state;
  });
}

/** What the rule says of the state after the change, without its wait. */
export function assertionState({ before, compiled }: ExaminedChange, rule: ResolvedAssertion): Verdict {
  const id = `assertion/${rule.name}`;
  const switches = switchesOf(rule.controls, compiled.after);
  const count = countOf(switches);
  const countBefore = countOf(switchesOf(rule.controls, compiled.before));
  const on = switches.filter((one) => one.on).map(({ name }) => name);
  const numbers = { ...count, onNames: on, onBefore: countBefore.on };
  const asked = `The assertion "${rule.name}" asks for ${describeRequirement(rule, count.of)}`;
  const state = `after the change ${count.on} of ${count.of} ${count.on === 1 ? "is" : "are"}${on.length === 0 ? "" : ` (${listed(on)})`}`;
  if (isMet(rule, count)) return pass(id, `${asked}; ${state}.`, numbers);
  const isNew = before.fleet.policy?.spec.safety?.assertions?.every(({ name }) => name !== rule.name) ?? true;
  if (isNew || distanceTo(rule, countBefore) === 0) return deny(id, `${asked}; ${state}.`, numbers);
  const worse = distanceTo(rule, count) >= distanceTo(rule, countBefore);
  if (worse && !sameSwitches(switches, switchesOf(rule.controls, compiled.before)))
    return deny(id, `${asked}; ${state}, and ${countBefore.on} ${countBefore.on === 1 ? "is" : "are"} now.`, numbers);
  return warn(id, `${asked}; ${state}, which is ${worse ? "as it is now" : "nearer than now"}.`, numbers);
}

function sameSwitches(after: readonly Switch[], before: readonly Switch[]): boolean {
  return after.every(({ on }, index) => on === before[index]?.on);
}

/** Undefined when nothing has to wait. Both what is known to have changed and what changes now are of this rule. */
function assertionWait({ controls, history, direction, nowMs, compiled }: ExaminedChange, rule: ResolvedAssertion) {
  const force = BINDING.assertionWait[direction];
  const { waitMs } = rule;
  if (force === "free" || waitMs === undefined) return undefined;
  const own = new Set(controlsOf(rule, compiled));
  const ofRule = ({ control }: ControlChange) => own.has(control);
  const remainingMs = controls.some(ofRule) ? remainingAfter(history.filter(ofRule), waitMs, nowMs) : 0;
  if (remainingMs === 0) return undefined;
  const id = `assertion/${rule.name}`;
  const sentence = `A control of the assertion "${rule.name}" was changed less than ${formatDuration(waitMs)} ago: wait ${atMost(remainingMs)} more.`;
  return force === "warns" ? warn(id, sentence, { waitMs }) : deny(id, sentence, { waitMs }, remainingMs);
}

/** The controls of the rule; for a cluster also its region, which turns it as well. */
export function controlsOf(
  { controls }: Pick<ResolvedAssertion, "controls">,
  { before, after }: ExaminedChange["compiled"],
): readonly string[] {
  const own = switchesOf(controls, after).map(({ control }) => control);
  if (!("clusters" in controls)) return own;
  const names = new Set<string>(controls.clusters);
  const clusters = [...before.snapshot.clusters, ...after.snapshot.clusters].filter(({ name }) => names.has(name));
  return [...own, ...clusters.map(({ region }) => `region/${region}`)];
}

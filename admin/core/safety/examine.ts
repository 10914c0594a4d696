/** A change as the rules look at it: what they are given, and what follows from that, worked out once for all of them. */
import type { ControlChange } from "./control-change.ts";
import { controlChangesBetween } from "./control-changes.ts";
import { type ResolvedSafety, rulesInForce } from "./defaults.ts";
import type { SafetyInput } from "./safety-input.ts";
import type { Compiled } from "./switches.ts";
import { type Touched, touchedBy } from "./touched.ts";
import type { Verdict } from "./verdict.ts";

export type ExaminedChange = SafetyInput & {
  readonly compiled: { readonly before: Compiled; readonly after: Compiled };
  /** What the change itself turns, in the order of the controls. */
  readonly controls: readonly ControlChange[];
  readonly touched: Touched;
};

/** Rules say what is so, whichever way the change goes; `binding.ts` says what follows from that. */
export type Rule = (change: ExaminedChange, policy: ResolvedSafety) => Verdict | readonly Verdict[];

export function examine(input: SafetyInput): {
  readonly change: ExaminedChange;
  readonly policy: ResolvedSafety;
} {
  const { before, after, snapshots, nowMs } = input;
  const compiled = {
    before: { state: before, snapshot: snapshots.before },
    after: { state: after, snapshot: snapshots.after },
  };
  const controls = controlChangesBetween(compiled.before, compiled.after, nowMs);
  const touched = touchedBy(before, after, controls);
  return { change: { ...input, compiled, controls, touched }, policy: rulesInForce(before, after) };
}

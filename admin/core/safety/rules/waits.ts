/**
 * Time between changes of the same thing: a little between any two, more between opposite ones, so that people see what
 * they did and automatons do not chase each other. Opposite: on after off, off after on, or weights of which some
 * region's share moves the other way.
 */
import { formatDuration } from "../../../../config/duration.ts";
import type { ControlChange } from "../control-change.ts";
import { ruleOfControl } from "../control-changes.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { atMost, firstOf } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff } from "./verdicts.ts";

export function waitSame(change: ExaminedChange, { waitSameMs }: ResolvedSafety): Verdict {
  return judge(change, { rule: "waitSame", waitMs: waitSameMs, counts: () => true, what: "changed" });
}

export function waitOpposite(change: ExaminedChange, { waitOppositeMs }: ResolvedSafety): Verdict {
  return judge(change, {
    rule: "waitOpposite",
    waitMs: waitOppositeMs,
    counts: areOpposite,
    what: "changed the other way",
  });
}

type Wait = {
  readonly rule: string;
  readonly waitMs: number | undefined;
  readonly counts: (earlier: ControlChange, change: ControlChange) => boolean;
  readonly what: string;
};

function judge({ controls, history, nowMs }: ExaminedChange, { rule, waitMs, counts, what }: Wait): Verdict {
  if (waitMs === undefined) return switchedOff(rule);
  if (controls.length === 0) return notEvaluated(rule, "The change turns nothing and shifts nothing.");
  const waiting = controls.flatMap((change) => {
    const earlier = history.filter(({ control }) => control === change.control).filter((one) => counts(one, change));
    const remainingMs = remainingAfter(earlier, waitMs, nowMs);
    return remainingMs > 0 ? [{ control: change.control, remainingMs }] : [];
  });
  if (waiting.length === 0) {
    const sentence = `Nothing that the change turns or shifts has been ${what} within ${formatDuration(waitMs)}.`;
    return pass(rule, sentence, { waitMs });
  }
  const sentences = waiting.map(
    ({ control, remainingMs }) =>
      `${nameOf(control)} ${what} less than ${formatDuration(waitMs)} ago: wait ${atMost(remainingMs)} more.`,
  );
  const retryAfterMs = Math.max(...waiting.map(({ remainingMs }) => remainingMs));
  const numbers = { waitMs, controls: waiting.map(({ control }) => control) };
  return deny(rule, firstOf(sentences), numbers, retryAfterMs);
}

/** How much of the wait is left after the latest of these changes; 0 or less: it is over. */
export function remainingAfter(earlier: readonly ControlChange[], waitMs: number, nowMs: number): number {
  return Math.max(0, ...earlier.map(({ atMs }) => atMs + waitMs - nowMs));
}

function areOpposite(earlier: ControlChange, change: ControlChange): boolean {
  if (earlier.direction !== "shift" || change.direction !== "shift") return earlier.direction !== change.direction;
  return Object.entries(change.deltasBps).some(([region, bps]) => bps * (earlier.deltasBps[region] ?? 0) < 0);
}

/** With its verb: `The region eu-west was`. */
function nameOf(control: string): string {
  if (control.startsWith("weights/")) return `The weights of ${ruleOfControl(control)} were`;
  return `The ${control.replace("/", " ")} was`;
}

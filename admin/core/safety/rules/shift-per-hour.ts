/**
 * Within an hour no more of one rule's traffic is moved than the Policy allows, this change included. What is moved is
 * what rises, added up over all shifts, so moving it there and back counts twice.
 */
import { SAFETY_WAIT_MS_MAX } from "../../../../config/limits.ts";
import type { ControlChange } from "../control-change.ts";
import { ruleOfControl } from "../control-changes.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf, percent } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff } from "./verdicts.ts";

const RULE = "shiftPerHour";

export function shiftPerHour(
  { controls, history, nowMs }: ExaminedChange,
  { shiftPerHourMaxBps: maxBps }: ResolvedSafety,
): Verdict {
  if (maxBps === undefined) return switchedOff(RULE);
  const sums = controls
    .filter(({ direction }) => direction === "shift")
    .map((change) => ({ change, earlier: earlierShifts(change, history, nowMs) }))
    .map(({ change, earlier }) => ({
      rule: ruleOfControl(change.control),
      bps: risen(change) + total(earlier),
      retryAfterMs: retryAfter(maxBps - risen(change), earlier, nowMs),
    }));
  if (sums.length === 0) return notEvaluated(RULE, "The change shifts no weights.");
  const largest = sums.reduce((most, sum) => (sum.bps > most.bps ? sum : most));
  const numbers = { rule: largest.rule, movedBps: largest.bps, maxBps };
  const tooMuch = sums.filter(({ bps }) => bps > maxBps);
  if (tooMuch.length === 0) return pass(RULE, describe(largest, maxBps), numbers);
  const waits = tooMuch.map(({ retryAfterMs }) => retryAfterMs);
  const retryAfterMs = waits.every((wait) => wait !== undefined) ? Math.max(...waits) : undefined;
  return deny(RULE, firstOf(tooMuch.map((sum) => describe(sum, maxBps))), numbers, retryAfterMs);
}

function earlierShifts(
  { control }: ControlChange,
  history: readonly ControlChange[],
  nowMs: number,
): readonly ControlChange[] {
  return history.filter((earlier) => earlier.control === control && nowMs - earlier.atMs < SAFETY_WAIT_MS_MAX);
}

function risen({ deltasBps }: ControlChange): number {
  return Object.values(deltasBps).reduce((sum, bps) => sum + Math.max(0, bps), 0);
}

function total(changes: readonly ControlChange[]): number {
  return changes.reduce((sum, change) => sum + risen(change), 0);
}

/** When so much of what was moved is an hour old that the rest leaves `roomBps`; never when there is no room at all. */
function retryAfter(roomBps: number, earlier: readonly ControlChange[], nowMs: number): number | undefined {
  if (roomBps < 0) return undefined;
  const oldestFirst = [...earlier].sort((a, b) => a.atMs - b.atMs);
  const at = oldestFirst.findIndex((_, index) => total(oldestFirst.slice(index + 1)) <= roomBps);
  const last = oldestFirst[at];
  return last === undefined ? 0 : last.atMs + SAFETY_WAIT_MS_MAX - nowMs;
}

function describe({ rule, bps }: { readonly rule: string; readonly bps: number }, maxBps: number): string {
  return `With this change ${percent(bps)} of the traffic of ${rule} moves within an hour; ${percent(maxBps)} is the most.`;
}

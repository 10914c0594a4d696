/**
 * Which windows of time are kept, how long, and which of them add up to a stretch: 10 seconds for an hour, minutes for a
 * day, hours for 35 days. Fine windows are folded into coarse ones a while after they ended; what comes for a time that
 * was folded already goes to every level that is kept of it, so late reports are as exact as others.
 */
import { TELEMETRY_WINDOW_MS } from "../../../config/telemetry.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Finest first. */
export const LEVELS = [
  { windowMs: TELEMETRY_WINDOW_MS, keptMs: HOUR_MS },
  { windowMs: MINUTE_MS, keptMs: DAY_MS },
  { windowMs: HOUR_MS, keptMs: 35 * DAY_MS },
] as const;

export type Level = 0 | 1 | 2;

export type WindowId = { readonly level: Level; readonly startMs: number };

/** Everything before has been folded into minutes, and into hours: multiples of these, and hours never beyond minutes. */
export type Folded = { readonly minutesMs: number; readonly hoursMs: number };

export const NOTHING_FOLDED: Folded = { minutesMs: 0, hoursMs: 0 };

/** After a minute or an hour ended. Most of what comes late has come by then, and folding once is cheapest. */
export const FOLD_AFTER_MS = 2 * MINUTE_MS;

/** Edges tell of windows that ended a moment ago; older ones count as if they were of this age. */
export const LATE_MS_MAX = 10 * MINUTE_MS;
/** Clocks of data centres differ by less; a window that begins later counts as the present one. */
export const AHEAD_MS_MAX = 30_000;

/** The window in which a report counts that says it begins at `fromMs`, when it comes at `nowMs`. */
export function windowOfReport(fromMs: number, nowMs: number): number {
  const believed = fromMs > nowMs + AHEAD_MS_MAX ? nowMs : Math.max(fromMs, nowMs - LATE_MS_MAX);
  return startOf(0, believed);
}

export function startOf(level: Level, atMs: number): number {
  const { windowMs } = LEVELS[level];
  return Math.floor(atMs / windowMs) * windowMs;
}

/** Where something that happened in the window of ten seconds at `startMs` has to be added. */
export function placesOf(startMs: number, folded: Folded, nowMs: number): readonly WindowId[] {
  const { minutesMs, hoursMs } = folded;
  const isKept = (level: Level) => startMs >= droppableBefore(level, folded, nowMs);
  const places: WindowId[] = [];
  if (startMs >= minutesMs || isKept(0)) places.push({ level: 0, startMs });
  if (startMs < minutesMs && (startMs >= hoursMs || isKept(1))) places.push({ level: 1, startMs: startOf(1, startMs) });
  if (startMs < hoursMs) places.push({ level: 2, startMs: startOf(2, startMs) });
  return places;
}

/** How far folding may go, never past `untilMs`. */
export function foldableUntil(nowMs: number, untilMs = Number.POSITIVE_INFINITY): Folded {
  const minutesMs = startOf(1, Math.min(nowMs - FOLD_AFTER_MS, untilMs));
  return { minutesMs, hoursMs: startOf(2, minutesMs) };
}

/** Windows of a level that begin before are dropped: they are older than is kept, and in the next level by now. */
export function droppableBefore(level: Level, { minutesMs, hoursMs }: Folded, nowMs: number): number {
  const keptFromMs = nowMs - LEVELS[level].keptMs;
  if (level === 0) return startOf(1, Math.min(keptFromMs, minutesMs));
  return level === 1 ? startOf(2, Math.min(keptFromMs, hoursMs)) : keptFromMs - HOUR_MS;
}

/**
 * The windows that together are [fromMs, toMs), the coarsest that fit, in their order. Where the fine windows are gone
 * the beginning goes back to that of a coarse one: `coveredFrom` says how far.
 */
export function cover(fromMs: number, toMs: number, folded: Folded, nowMs: number): readonly WindowId[] {
  const windows: WindowId[] = [];
  let atMs = coveredFrom(fromMs, folded, nowMs);
  while (atMs < toMs) {
    const level = levelAt(atMs, toMs, folded, nowMs);
    windows.push({ level, startMs: atMs });
    atMs += LEVELS[level].windowMs;
  }
  return windows;
}

export function coveredFrom(fromMs: number, folded: Folded, nowMs: number): number {
  return startOf(finestAt(fromMs, folded, nowMs), fromMs);
}

function levelAt(atMs: number, toMs: number, folded: Folded, nowMs: number): Level {
  const fits = (level: Level, foldedMs: number) =>
    startOf(level, atMs) === atMs && atMs + LEVELS[level].windowMs <= Math.min(toMs, foldedMs);
  if (fits(2, folded.hoursMs)) return 2;
  const finest = finestAt(atMs, folded, nowMs);
  if (finest === 2) return 2; // the end is within an hour of which nothing finer is kept
  return finest === 1 || fits(1, folded.minutesMs) ? 1 : 0;
}

/** The finest level that surely is complete at a time: what is dropped next may be gone in part. */
function finestAt(atMs: number, folded: Folded, nowMs: number): Level {
  if (atMs >= droppableBefore(0, folded, nowMs)) return 0;
  return atMs >= droppableBefore(1, folded, nowMs) ? 1 : 2;
}

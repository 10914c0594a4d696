/**
 * Which reports of which isolate have been counted, so that none counts twice, in whatever order they come. For each
 * isolate the highest number and, as in the anti-replay window of RFC 4303 §3.4.3, a bit for each of the 31 below it; what
 * is older is taken for a repetition. An edge sends a report twice within half a minute, so three numbers would do.
 */

/** Highest number, bits of the numbers below it (the lowest bit is the next one), and when it was heard last. */
export type Heard = readonly [highest: number, below: number, heardAtMs: number];
export type HeardIsolates = Readonly<Record<string, Heard>>;

const BITS = 31;

/** Sixty times as long as an edge tries. */
export const HEARD_MS = 30 * 60_000;
/** Isolates of one data centre, some 40 bytes each. Beyond it the longest unheard are forgotten. */
export const HEARD_MAX = 5_000;

/** The state after the report, or undefined when it was counted before. */
export function hear(before: Heard | undefined, sequence: number, nowMs: number): Heard | undefined {
  if (before === undefined) return [sequence, 0, nowMs];
  const [highest, below] = before;
  const ahead = sequence - highest;
  if (ahead > 0) return [sequence, ahead > BITS ? 0 : shift(below, ahead) | (1 << (ahead - 1)), nowMs];
  const bit = -ahead - 1;
  if (bit < 0 || bit >= BITS || (below & (1 << bit)) !== 0) return undefined;
  return [highest, below | (1 << bit), nowMs];
}

/** Bits that leave the window are forgotten; only 31 are used, so that the number is never negative. */
function shift(bits: number, by: number): number {
  return by >= BITS ? 0 : (bits << by) & 0x7fffffff;
}

export function forgetIsolates(heard: HeardIsolates, nowMs: number): HeardIsolates {
  const recent = Object.entries(heard).filter(([, [, , heardAtMs]]) => nowMs - heardAtMs < HEARD_MS);
  if (recent.length > HEARD_MAX) recent.sort(([, a], [, b]) => b[2] - a[2]);
  return Object.fromEntries(recent.slice(0, HEARD_MAX));
}

/**
 * How long what went down stays down, however soon it answers again: traffic that follows a flapping cluster in and out
 * hurts more than a healthy one that waits. An outage and one relapse cost the hold-down each; from the third time
 * within the window on it grows by one hold-down each time, as Envoy's ejections do.
 */

/** What went down longer ago is another story. */
export const FLAP_WINDOW_MS = 10 * 60_000;
/** Envoy's longest ejection. A hold-down that is longer by itself stays as it is. */
export const FLAP_HOLD_MS_MAX = 5 * 60_000;
/** Two minutes of the fastest flapping; the hold has long reached its maximum. */
const DOWNS_KEPT_MAX = 20;
/** An outage, and that it was not over yet. */
const DOWNS_PLAIN = 2;

/** `downsAtMs` with one more, oldest first; what is out of the window is forgotten. */
export function noteDown(downsAtMs: readonly number[], nowMs: number): readonly number[] {
  return [...recentDowns(downsAtMs, nowMs), nowMs].slice(-DOWNS_KEPT_MAX);
}

export function recentDowns(downsAtMs: readonly number[], nowMs: number): readonly number[] {
  return downsAtMs.filter((atMs) => nowMs - atMs < FLAP_WINDOW_MS);
}

/** `downs` within the window, the present one included. */
export function holdMs(holdDownMs: number, downs: number): number {
  const grown = holdDownMs * Math.max(1, downs - DOWNS_PLAIN + 1);
  return Math.min(grown, Math.max(holdDownMs, FLAP_HOLD_MS_MAX));
}

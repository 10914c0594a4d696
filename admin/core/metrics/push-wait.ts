/**
 * When to push metrics again. All of them are cumulative, so a push that fails loses nothing and is not repeated: the
 * next one says more. A receiver in trouble is asked less and less often, and as late as it wishes itself, up to a bound.
 */
import { backoffMs } from "../../../config/backoff.ts";

/** After ten minutes without figures somebody has been paged anyway, and a receiver that is back should be noticed. */
export const PUSH_WAIT_MS_MAX = 600_000;

export type PushHistory = {
  readonly intervalMs: number;
  /** Failures in a row, the last push included. */
  readonly failures: number;
  /** What the receiver asked for, by `Retry-After`. */
  readonly retryAfterMs?: number;
};

export function pushWaitMs({ intervalMs, failures, retryAfterMs = 0 }: PushHistory): number {
  if (failures === 0) return intervalMs;
  const backedOffMs = backoffMs(failures, { baseMs: intervalMs, maxMs: PUSH_WAIT_MS_MAX });
  return Math.max(backedOffMs, Math.min(retryAfterMs, PUSH_WAIT_MS_MAX));
}

/** How often a health check asks and how long it waits, with the defaults filled in. The checks, the prober and plans agree. */
import type { HealthCheck } from "./documents/health-check.ts";
import { parseDuration } from "./duration.ts";
import { HEALTH_INTERVAL_MS_DEFAULT, HEALTH_TIMEOUT_MS_DEFAULT } from "./limits.ts";

export type ProbeTimes = { readonly intervalMs: number; readonly timeoutMs: number };

/** As written, also where that is out of range. */
export function probeTimes({ interval, timeout }: Pick<HealthCheck, "interval" | "timeout">): ProbeTimes {
  const intervalMs = (interval === undefined ? undefined : parseDuration(interval)) ?? HEALTH_INTERVAL_MS_DEFAULT;
  // A probe is over before the next one begins.
  const timeoutMsDefault = Math.min(HEALTH_TIMEOUT_MS_DEFAULT, intervalMs - 1);
  return { intervalMs, timeoutMs: (timeout === undefined ? undefined : parseDuration(timeout)) ?? timeoutMsDefault };
}

/** What one cluster gets of probes in a minute: each check once an interval from each vantage. Rounded up. */
export function probesPerMinute(intervalsMs: readonly number[], vantages: number): number {
  return Math.ceil(intervalsMs.reduce((sum, intervalMs) => sum + 60_000 / intervalMs, 0) * vantages);
}

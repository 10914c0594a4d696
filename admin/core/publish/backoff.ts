/** How long to wait before trying again what failed `failures` times in a row: 1 s, 2 s, 4 s, up to a minute. */
const BACKOFF_MS_BASE = 1_000;
const BACKOFF_MS_MAX = 60_000;

export function backoffMs(failures: number): number {
  // 2^6 seconds are past the maximum already; without the bound a long outage would overflow.
  return Math.min(BACKOFF_MS_BASE * 2 ** Math.min(Math.max(failures - 1, 0), 6), BACKOFF_MS_MAX);
}

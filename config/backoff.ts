/** How long to leave alone what has failed: longer after each failure, as long as it asks itself, and never for ever. */

export type Backoff = {
  /** After the first failure. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** By which each further wait is longer; 2 unless said. */
  readonly factor?: number;
};

/** For what is nearby and usually back at once: 1 s, 2 s, 4 s, up to a minute. */
const NEARBY: Backoff = { baseMs: 1_000, maxMs: 60_000 };

/** After `failures` in a row. */
export function backoffMs(failures: number, { baseMs, maxMs, factor = 2 }: Backoff = NEARBY): number {
  // Past the maximum for every base in use; without the bound a long outage would overflow.
  return Math.min(baseMs * factor ** Math.min(Math.max(failures - 1, 0), 10), maxMs);
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3). A date is left aside: it is not worth trusting two clocks for. */
export function retryAfterMs(field: string | null): number | undefined {
  return field !== null && /^[0-9]{1,9}$/.test(field) ? Number(field) * 1_000 : undefined;
}

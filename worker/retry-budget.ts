/**
 * Bounds what retries add to the load of a fleet that is failing: a fifth of the requests of the last ten seconds, and
 * always a few, so that a quiet edge can fail over at all. A total outage is then never made more than 1.2 times as
 * heavy. One per isolate; time is an argument.
 */

/** 20%, the share that Envoy and gRPC retry throttling settle on. */
export const RETRY_BUDGET_PERCENT = 20;

/** With fewer requests than this allows, a percentage would forbid every retry. */
export const RETRIES_MIN = 3;

const WINDOW_SECONDS = 10;

export class RetryBudget {
  readonly #requests = new Uint32Array(WINDOW_SECONDS);
  readonly #retries = new Uint32Array(WINDOW_SECONDS);
  /** The newest second that the window covers. */
  #second = 0;

  noteRequest(nowMs: number): void {
    this.#count(this.#requests, this.#advance(nowMs));
  }

  /** True when one more retry is within the budget; it is then counted. */
  tryRetry(nowMs: number): boolean {
    const second = this.#advance(nowMs);
    const allowed = Math.max(RETRIES_MIN, Math.floor((sum(this.#requests) * RETRY_BUDGET_PERCENT) / 100));
    if (sum(this.#retries) >= allowed) return false;
    this.#count(this.#retries, second);
    return true;
  }

  #count(ring: Uint32Array, second: number): void {
    const slot = second % WINDOW_SECONDS;
    ring[slot] = (ring[slot] ?? 0) + 1;
  }

  /** Forgets what fell out of the window. A clock that steps back stays in the newest second. */
  #advance(nowMs: number): number {
    const now = Math.floor(nowMs / 1_000);
    const elapsed = Math.min(now - this.#second, WINDOW_SECONDS);
    for (let i = 1; i <= elapsed; i++) {
      const slot = (now - elapsed + i) % WINDOW_SECONDS;
      this.#requests[slot] = 0;
      this.#retries[slot] = 0;
    }
    if (elapsed > 0) this.#second = now;
    return this.#second;
  }
}

function sum(ring: Uint32Array): number {
  return ring.reduce((total, count) => total + count, 0);
}

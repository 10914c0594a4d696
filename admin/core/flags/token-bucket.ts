/** How many requests each caller may make: a steady rate and a burst on top. Bounded in callers; the stalest is forgotten first. */
export type Rate = { readonly perSecond: number; readonly burst: number };

const CALLERS_MAX = 1_000;

export class TokenBuckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Undefined when the caller may go on, else in how many milliseconds. */
  waitMs(caller: string, nowMs: number): number | undefined {
    const { perSecond, burst } = this.#rate;
    const known = this.#buckets.get(caller) ?? { tokens: burst, atMs: nowMs };
    // A clock that was set back gives nothing and takes nothing.
    const tokens = Math.min(burst, known.tokens + (Math.max(0, nowMs - known.atMs) * perSecond) / 1_000);
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    const [stalest] = this.#buckets.keys();
    if (this.#buckets.size > CALLERS_MAX && stalest !== undefined) this.#buckets.delete(stalest);
    return tokens >= 1 ? undefined : Math.ceil(((1 - tokens) * 1_000) / perSecond);
  }
}

/**
 * How many listen at the same time, over all isolates of the Worker. Each asks every few moments, and whoever has not
 * asked for a while has gone: nobody has to say good-bye, and nothing is kept over a restart.
 */

/** Every one of them asks the object that judges health once a second, beside a few hundred messages of probers and beacons. */
export const LISTENERS_MAX = 100;

/** Some questions late. */
export const LISTENER_KEPT_MS = 10_000;

export class Listeners {
  /** When each asked last. */
  readonly #askedAtMs = new Map<string, number>();

  /** Whether there is room for it; who is in stays in. */
  admit(listener: string, nowMs: number): boolean {
    for (const [known, askedAtMs] of this.#askedAtMs)
      if (nowMs - askedAtMs >= LISTENER_KEPT_MS) this.#askedAtMs.delete(known);
    if (!this.#askedAtMs.has(listener) && this.#askedAtMs.size >= LISTENERS_MAX) return false;
    this.#askedAtMs.set(listener, nowMs);
    return true;
  }

  leave(listener: string): void {
    this.#askedAtMs.delete(listener);
  }
}

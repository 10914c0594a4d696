/**
 * Sums up what happens too often to be told one by one: the first is told at once, what follows within the window in one
 * sum at its end. Lives in one isolate; `tell` is called with how many there were.
 */
export class Tally {
  readonly #windowMs: number;
  #waiting = 0;
  #window: Promise<void> | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Resolves when this one has been told; for `waitUntil`. */
  count(tell: (count: number) => Promise<unknown>): Promise<void> {
    if (this.#window === undefined) {
      this.#window = this.#closeAfterWindow(tell);
      return tell(1).then(() => undefined);
    }
    this.#waiting += 1;
    return this.#window;
  }

  async #closeAfterWindow(tell: (count: number) => Promise<unknown>): Promise<void> {
    await scheduler.wait(this.#windowMs);
    const count = this.#waiting;
    this.#waiting = 0;
    this.#window = undefined;
    if (count > 0) await tell(count);
  }
}

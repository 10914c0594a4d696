/**
 * What clients did to an object that they share, as seen from outside: which call began and ended when, and what came
 * back. Times are places in one order of events, so that nothing hangs on the resolution of a clock.
 */

export type Completion<O> = { readonly output: O; readonly returnedAt: number };

export type Operation<I, O> = {
  readonly client: number;
  readonly input: I;
  readonly invokedAt: number;
  /** Absent while nobody was told what came of it: it may have taken effect at any time since, or never will. */
  readonly completion?: Completion<O>;
};

/** Writes down a history while it happens. */
export class HistoryRecorder<I, O> {
  readonly #operations: Operation<I, O>[] = [];
  #events = 0;

  /** Calls and waits. `undefined` as the result says that the call broke: what it did is not known. */
  async record(client: number, input: I, call: () => Promise<O | undefined>): Promise<O | undefined> {
    const invoked = { client, input, invokedAt: this.#tick() };
    const index = this.#operations.push(invoked) - 1;
    const output = await call();
    if (output !== undefined)
      this.#operations[index] = { ...invoked, completion: { output, returnedAt: this.#tick() } };
    return output;
  }

  /** In the order in which they were invoked. */
  operations(): readonly Operation<I, O>[] {
    return this.#operations;
  }

  #tick(): number {
    this.#events += 1;
    return this.#events;
  }
}

/**
 * Gathers what comes within a moment and writes it down together: rows are paid for when they are written, and many
 * messages touch the same ones. Nobody is told that his message was taken before it is on disk.
 */

/** On one machine there is one isolate to wait for, and somebody who wants to see what he did. */
export const GATHER_MS_DEVELOPMENT = 100;

export class GroupCommit<T> {
  readonly #delayMs: number;
  readonly #itemsMax: number;
  readonly #commit: (items: readonly T[]) => void;
  #items: T[] = [];
  #written: Promise<void> | undefined;

  /** Of more than `itemsMax` in one moment the later ones are refused: who sent them tries again. */
  constructor(options: { delayMs: number; itemsMax: number; commit: (items: readonly T[]) => void }) {
    this.#delayMs = options.delayMs;
    this.#itemsMax = options.itemsMax;
    this.#commit = options.commit;
  }

  /** Resolves when it is written, and rejects when that failed. */
  add(item: T): Promise<void> {
    if (this.#items.length >= this.#itemsMax) return Promise.reject(new Error("too much at once"));
    this.#items.push(item);
    this.#written ??= this.#writeSoon();
    return this.#written;
  }

  async #writeSoon(): Promise<void> {
    await new Promise((resolve) => void setTimeout(resolve, this.#delayMs));
    const items = this.#items;
    this.#items = [];
    this.#written = undefined;
    this.#commit(items);
  }
}

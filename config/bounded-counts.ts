/**
 * Counts by name in bounded memory: at most `max` names, and what comes after is counted together under the name
 * `rest`. The first to come have their own count, which among busy names are nearly always the busiest.
 */
export class BoundedCounts {
  readonly #max: number;
  readonly #rest: string;
  /** Counters and not numbers: adding to one that exists is one look-up and no allocation. */
  readonly #counters = new Map<string, { count: number }>();

  constructor(max: number, rest: string) {
    this.#max = max;
    this.#rest = rest;
  }

  add(name: string, count = 1): void {
    const known = this.#counters.get(name);
    if (known === undefined) this.#addNew(name, count);
    else known.count += count;
  }

  /** The last place is the rest's. */
  #addNew(name: string, count: number): void {
    const own = name === this.#rest || this.#counters.size < this.#max - 1;
    const counter = own ? undefined : this.#counters.get(this.#rest);
    if (counter === undefined) this.#counters.set(own ? name : this.#rest, { count });
    else counter.count += count;
  }

  get size(): number {
    return this.#counters.size;
  }

  /** In the order in which the names came. */
  entries(): readonly (readonly [string, number])[] {
    return Array.from(this.#counters, ([name, { count }]) => [name, count] as const);
  }
}

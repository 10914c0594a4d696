/** Something for each stretch of time, and only the recent ones: what "in the last minutes" is added up from. */

export type Bucket<T> = { readonly startMs: number; readonly value: T };

export class TimeBuckets<T> {
  readonly #bucketMs: number;
  readonly #keptMs: number;
  readonly #make: () => T;
  #buckets: Bucket<T>[] = [];

  /** A bucket is dropped when all of it is older than `keptMs`, so there are `keptMs` / `bucketMs` + 1 at most. */
  constructor({ bucketMs, keptMs, make }: { bucketMs: number; keptMs: number; make: () => T }) {
    this.#bucketMs = bucketMs;
    this.#keptMs = keptMs;
    this.#make = make;
  }

  /** The one of this moment. A clock that is set back stays in the newest. */
  at(nowMs: number): T {
    this.#forget(nowMs);
    const startMs = Math.floor(nowMs / this.#bucketMs) * this.#bucketMs;
    const newest = this.#buckets.at(-1);
    if (newest !== undefined && newest.startMs >= startMs) return newest.value;
    const value = this.#make();
    this.#buckets.push({ startMs, value });
    return value;
  }

  /** Oldest first; stretches in which nothing happened are not among them. */
  recent(nowMs: number): readonly Bucket<T>[] {
    this.#forget(nowMs);
    return this.#buckets;
  }

  #forget(nowMs: number): void {
    const [oldest] = this.#buckets;
    if (oldest === undefined || this.#isKept(oldest, nowMs)) return;
    this.#buckets = this.#buckets.filter((bucket) => this.#isKept(bucket, nowMs));
  }

  #isKept({ startMs }: Bucket<T>, nowMs: number): boolean {
    return nowMs - (startMs + this.#bucketMs) < this.#keptMs;
  }
}

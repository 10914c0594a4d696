/**
 * How long answers took, as counts in bins whose bounds grow by 2%: the mapping of DDSketch (Masson, Rim, Lee, VLDB 2019).
 * Any quantile is within 1% of the exact one, and two sketches merge into what one sketch of both would have been, so
 * isolates, data centres and windows add up in any order. Times from 0.1 ms to ten minutes; what is outside counts at
 * the nearer end. Counts and sums are whole numbers, and exact.
 */

/** How far a quantile may be off, as a part of itself. */
export const SKETCH_ERROR = 0.01;
/** The clock of the edge has whole milliseconds; an answer within the same one counts as this. */
export const SKETCH_MS_MIN = 0.1;
/** No answer's head is waited for that long. */
export const SKETCH_MS_MAX = 600_000;

const GAMMA = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);
const LOG_GAMMA = Math.log(GAMMA);

/** 782: bin 0 is everything up to the least time, bin k what is in (0.1 ms · γ^(k-1), 0.1 ms · γ^k]. */
export const SKETCH_BINS = Math.ceil(Math.log(SKETCH_MS_MAX / SKETCH_MS_MIN) / LOG_GAMMA) + 1;

/** `telemetry-report.ts` checks it. */
export type Sketch = {
  /** Microseconds, of all times together. */
  readonly sumUs: number;
  /**
   * Two numbers for each bin that is not empty, in order: how many bins it is after the one before (the first: after
   * bin 0), and its count. So `[230, 5, 1, 2]` is 5 in bin 230 and 2 in bin 231.
   */
  readonly bins: readonly number[];
};

export const SKETCH_EMPTY: Sketch = { sumUs: 0, bins: [] };

/** Bins of whole milliseconds up to a second, where nearly all answers are: a look-up in place of a logarithm. */
const BIN_OF_MS = Uint16Array.from({ length: 1_024 }, (_, ms) => computeBin(ms));

/** Where a time belongs. Milliseconds; anything, NaN and negative clocks among it, has a bin. */
export function binOf(ms: number): number {
  return BIN_OF_MS[ms] ?? computeBin(ms);
}

function computeBin(ms: number): number {
  if (!(ms > SKETCH_MS_MIN)) return 0;
  return Math.min(SKETCH_BINS - 1, Math.ceil(Math.log(ms / SKETCH_MS_MIN) / LOG_GAMMA));
}

/** The time that stands for a bin, in milliseconds: no value of the bin is further than 1% from it. */
export function timeOfBin(bin: number): number {
  return bin === 0 ? SKETCH_MS_MIN : (SKETCH_MS_MIN * 2 * GAMMA ** bin) / (GAMMA + 1);
}

/** A sketch in the making: adding is one addition in an array, whatever has been added before. */
export class SketchBuilder {
  readonly #counts = new Float64Array(SKETCH_BINS);
  #sumUs = 0;
  /** What lies outside of these two is empty. */
  #lowest = SKETCH_BINS;
  #highest = -1;

  add(ms: number): void {
    this.#count(binOf(ms), 1);
    if (ms > 0) this.#sumUs += Math.round(Math.min(ms, SKETCH_MS_MAX) * 1_000);
  }

  addSketch(sketch: Sketch): this {
    this.#sumUs += sketch.sumUs;
    const { bins } = sketch;
    let bin = 0;
    for (let at = 0; at < bins.length; at += 2) {
      bin += bins[at] ?? 0;
      this.#count(bin, bins[at + 1] ?? 0);
    }
    return this;
  }

  #count(bin: number, count: number): void {
    this.#counts[bin] = (this.#counts[bin] ?? 0) + count;
    if (bin < this.#lowest) this.#lowest = bin;
    if (bin > this.#highest) this.#highest = bin;
  }

  build(): Sketch {
    const bins: number[] = [];
    let before = 0;
    for (let bin = this.#lowest; bin <= this.#highest; bin += 1) {
      const count = this.#counts[bin] ?? 0;
      if (count === 0) continue;
      bins.push(bin - before, count);
      before = bin;
    }
    return { sumUs: this.#sumUs, bins };
  }
}

export function sketchOf(times: Iterable<number>): Sketch {
  const builder = new SketchBuilder();
  for (const ms of times) builder.add(ms);
  return builder.build();
}

/** Associative and commutative, and the empty sketch changes nothing. */
export function mergeSketches(a: Sketch, b: Sketch): Sketch {
  if (a.bins.length === 0) return b;
  if (b.bins.length === 0) return a;
  return new SketchBuilder().addSketch(a).addSketch(b).build();
}

export function countOf({ bins }: Sketch): number {
  let count = 0;
  for (let at = 1; at < bins.length; at += 2) count += bins[at] ?? 0;
  return count;
}

/** All times together, in milliseconds. */
export function sumMsOf({ sumUs }: Sketch): number {
  return sumUs / 1_000;
}

/**
 * The time of rank ⌊q·(n − 1)⌋ of n, counted from 0, in milliseconds: 0.5 is the median, 1 the longest. Undefined when
 * there is none. `q` from 0 to 1.
 */
export function quantile(sketch: Sketch, q: number): number | undefined {
  const rank = Math.floor(q * (countOf(sketch) - 1));
  let seen = 0;
  for (const [bin, count] of binsOf(sketch)) {
    seen += count;
    if (seen > rank) return timeOfBin(bin);
  }
  return undefined;
}

/** How many took `ms` at most. A time within 1% of it may be on either side. */
export function countUpTo(sketch: Sketch, ms: number): number {
  let seen = 0;
  for (const [bin, count] of binsOf(sketch)) {
    if (timeOfBin(bin) > ms) return seen;
    seen += count;
  }
  return seen;
}

function* binsOf({ bins }: Sketch): Generator<readonly [bin: number, count: number]> {
  let bin = 0;
  for (let at = 0; at < bins.length; at += 2) {
    bin += bins[at] ?? 0;
    yield [bin, bins[at + 1] ?? 0];
  }
}

/** The laws of the sketch: it merges like a sum, it is never off by more than 1%, and it never grows beyond its bins. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binOf,
  countOf,
  countUpTo,
  mergeSketches,
  quantile,
  SKETCH_BINS,
  SKETCH_EMPTY,
  SKETCH_ERROR,
  SKETCH_MS_MAX,
  SKETCH_MS_MIN,
  sketchOf,
  sumMsOf,
  timeOfBin,
} from "../../../config/sketch.ts";
import { SketchSchema } from "../../../config/telemetry-report.ts";

/** Milliseconds as clocks have them, fine ones, and the long tail. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 2_000 }),
  fc.double({ min: SKETCH_MS_MIN, max: SKETCH_MS_MAX, noNaN: true }),
  fc.double({ min: 0, max: 50, noNaN: true }),
);
const times = fc.array(time, { maxLength: 300 });
const sketch = times.map(sketchOf);

/** Rounding of the logarithm at a bound may choose the neighbouring bin, which is as near to the value as its own. */
const ERROR_MAX = SKETCH_ERROR * (1 + 1e-9);

describe("merging", () => {
  test("is commutative, associative, and the empty sketch changes nothing", () => {
    fc.assert(
      fc.property(sketch, sketch, sketch, (a, b, c) => {
        expect(mergeSketches(a, b)).toEqual(mergeSketches(b, a));
        expect(mergeSketches(mergeSketches(a, b), c)).toEqual(mergeSketches(a, mergeSketches(b, c)));
        expect(mergeSketches(a, SKETCH_EMPTY)).toEqual(a);
        expect(mergeSketches(SKETCH_EMPTY, a)).toEqual(a);
      }),
    );
  });

  test("makes what one sketch of all times would have been, with count and sum exact", () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const merged = mergeSketches(sketchOf(a), sketchOf(b));
        expect(merged).toEqual(sketchOf([...a, ...b]));
        expect(countOf(merged)).toBe(a.length + b.length);
        expect(merged.sumUs).toBe([...a, ...b].reduce((sum, ms) => sum + Math.round(ms * 1_000), 0));
      }),
    );
  });
});

test("a quantile is within 1% of the exact one", () => {
  fc.assert(
    fc.property(
      fc.array(time, { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (all, q) => {
        const sorted = all.map((ms) => Math.max(ms, SKETCH_MS_MIN)).sort((a, b) => a - b);
        const exact = sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
        const found = quantile(sketchOf(all), q) ?? 0;
        expect(Math.abs(found - exact) / exact).toBeLessThanOrEqual(ERROR_MAX);
      },
    ),
    { numRuns: 500 },
  );
});

test("every bin stands for itself, and its bounds are 1% away", () => {
  for (let bin = 1; bin < SKETCH_BINS - 1; bin += 1) {
    const ms = timeOfBin(bin);
    expect(binOf(ms)).toBe(bin);
    expect(binOf(ms / (1 - SKETCH_ERROR * 0.999))).toBe(bin);
    expect(binOf(ms / (1 - SKETCH_ERROR * 1.001))).toBe(bin + 1);
    expect(binOf(ms / (1 + SKETCH_ERROR * 1.001))).toBe(bin - 1);
  }
});

test.each([
  // ms                  bin
  [Number.NaN, 0],
  [-5, 0],
  [0, 0],
  [0.1, 0],
  [0.1001, 1],
  [600_000, SKETCH_BINS - 1],
  [86_400_000, SKETCH_BINS - 1],
  [Number.POSITIVE_INFINITY, SKETCH_BINS - 1],
])("%d ms is in bin %i", (ms, bin) => {
  expect(binOf(ms)).toBe(bin);
});

test("whatever is added, there are no more bins than there are, the sum is whole, and the form is one that is taken", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(time, fc.double()), { maxLength: 200 }), (anything) => {
      const made = sketchOf(anything);
      expect(made.bins.length).toBeLessThanOrEqual(2 * SKETCH_BINS);
      expect(SketchSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
      expect(countOf(made)).toBe(anything.length);
    }),
  );
});

test("how many took so long at most is exact but for 1% at the bound", () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 10_000 }), (all, boundMs) => {
      const found = countUpTo(sketchOf(all), boundMs);
      const atMost = (ms: number) => all.filter((one) => Math.max(one, SKETCH_MS_MIN) <= ms).length;
      expect(found).toBeGreaterThanOrEqual(atMost(boundMs * (1 - 2 * SKETCH_ERROR)));
      expect(found).toBeLessThanOrEqual(atMost(boundMs * (1 + 2 * SKETCH_ERROR)));
    }),
  );
});

test.each([
  ["half a pair", { sumUs: 1, bins: [3] }],
  ["a count of nothing", { sumUs: 1, bins: [3, 0] }],
  ["a step that goes nowhere", { sumUs: 1, bins: [3, 1, 0, 1] }],
  ["a bin beyond the last", { sumUs: 1, bins: [SKETCH_BINS, 1] }],
  ["a sum that is not whole", { sumUs: 0.5, bins: [] }],
])("%s is refused", (_, nonsense) => {
  expect(SketchSchema.safeParse(nonsense).success).toBe(false);
});

test("no time has no quantile, and no sum", () => {
  expect(quantile(SKETCH_EMPTY, 0.5)).toBeUndefined();
  expect(sumMsOf(SKETCH_EMPTY)).toBe(0);
  expect(sumMsOf(sketchOf([1, 2, 3]))).toBe(6);
});

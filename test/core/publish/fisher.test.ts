/** The exact test, against published figures, by hand, and by its own laws. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fisherGreater } from "../../../admin/core/publish/fisher.ts";
import { readVectors } from "../vectors.ts";

/**
 * Computed with scipy 1.17, `fisher_exact(..., alternative="greater")`; the last is Fisher's tea tasting.
 * errors, of, before, of, p
 */
// biome-ignore format: a table reads in columns
const ROWS: readonly (readonly [number, number, number, number, number])[] = [
  [10,  1_000,  5,   1_000,  0.14995924433845453],
  [30,  1_000,  10,  1_000,  0.0010041667809150047],
  [3,   100,    0,   100,    0.12311557788944724],
  [8,   100,    1,   100,    0.017449575986057876],
  [1,   10,     0,   10,     0.5],
  [50,  10_000, 30,  10_000, 0.016322292418622715],
  [0,   50,     0,   500,    1],
  [200, 1_000,  150, 1_000,  0.0019442105029909243],
  [3,   4,      1,   4,      17 / 70],
];

type Side = { readonly errors: number; readonly ok: number };
type Vectors = {
  readonly fisher: readonly { readonly canary: Side; readonly baseline: Side; readonly greater: number }[];
};

const rows = [
  ...ROWS,
  ...(readVectors<Vectors>("proportions.json")?.fisher ?? []).map(
    ({ canary, baseline, greater }) =>
      [canary.errors, canary.errors + canary.ok, baseline.errors, baseline.errors + baseline.ok, greater] as const,
  ),
];

describe("P(so many errors or more on this side by chance)", () => {
  test.each(rows)("%i of %i after %i of %i: %d", (errors, total, errorsBefore, totalBefore, p) => {
    const actual = fisherGreater({ errors, total }, { errors: errorsBefore, total: totalBefore });
    expect(Math.abs(actual / p - 1)).toBeLessThan(1e-9);
  });

  test.each([
    [0, 0, 0, 0, 1],
    [0, 20, 0, 0, 1], // without a baseline nothing is a rise
    [20, 20, 0, 0, 1],
    [5, 5, 5, 5, 1],
    [1, 1, 0, 1, 1 / 2],
    [2, 2, 0, 2, 1 / 6],
  ])("%i of %i after %i of %i, by hand: %d", (errors, total, errorsBefore, totalBefore, p) => {
    expect(fisherGreater({ errors, total }, { errors: errorsBefore, total: totalBefore })).toBeCloseTo(p, 12);
  });

  const side = fc
    .integer({ min: 0, max: 300 })
    .chain((total) => fc.integer({ min: 0, max: total }).map((errors) => ({ errors, total })));

  test("is a probability, and smaller with each error more on this side", () => {
    fc.assert(
      fc.property(side, side, (observed, baseline) => {
        const p = fisherGreater(observed, baseline);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        if (observed.errors === observed.total || baseline.errors === 0) return;
        const moved = fisherGreater(
          { ...observed, errors: observed.errors + 1 },
          { ...baseline, errors: baseline.errors - 1 },
        );
        expect(moved).toBeLessThanOrEqual(p * (1 + 1e-9));
      }),
    );
  });

  test("of this many or more, and of fewer, are 1 together", () => {
    fc.assert(
      fc.property(side, side, (observed, baseline) => {
        if (observed.errors === 0 || baseline.errors === baseline.total) return;
        // Fewer errors here are more there: the same test from the other side.
        const fewer = fisherGreater(
          { ...baseline, errors: baseline.errors + 1 },
          { ...observed, errors: observed.errors - 1 },
        );
        expect(fisherGreater(observed, baseline) + fewer).toBeCloseTo(1, 8);
      }),
    );
  });

  test("is quick with the figures of the busiest vantage", () => {
    const started = performance.now();
    const p = fisherGreater({ errors: 1_030_000, total: 50_000_000 }, { errors: 10_000_000, total: 500_000_000 });
    expect(performance.now() - started).toBeLessThan(200);
    expect(p).toBeLessThan(1e-90);
    expect(
      fisherGreater({ errors: 1_000_000, total: 50_000_000 }, { errors: 10_000_000, total: 500_000_000 }),
    ).toBeCloseTo(0.5, 2);
  });
});

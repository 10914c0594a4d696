import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apportion } from "../../../admin/core/plan/apportion.ts";

describe("whole parts by largest remainder", () => {
  test.each([
    // shares                     total   parts
    [[0.75, 0.25], 10_000, [7_500, 2_500]],
    [[1, 1, 1], 10_000, [3_334, 3_333, 3_333]],
    [[1, 1, 1], 10, [4, 3, 3]],
    [[0.00004, 0.99996], 10_000, [0, 10_000]],
    [[0.00005, 0.99995], 10_000, [1, 9_999]],
    [[0, 1, 0], 10_000, [0, 10_000, 0]],
    [[0, 0], 10_000, [0, 0]],
    [[], 10_000, []],
    [[0.5, 0.5], 0, [0, 0]],
    [[-1e-17, 1], 10_000, [0, 10_000]],
    // 0.1 + 0.2 is not 0.3, and must not cost anybody a part.
    [[0.1 + 0.2, 0.7], 10_000, [3_000, 7_000]],
    [[1 / 3, 1 / 3, 1 / 3 - 1e-12], 1, [1, 0, 0]],
  ])("%j of %i are %j", (shares, total, parts) => {
    expect(apportion(shares, total)).toEqual(parts);
  });

  test("parts sum to the total and are less than one away from their quota; who has nothing gets nothing", () => {
    const shares = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1, noNaN: true })), { maxLength: 70 });
    fc.assert(
      fc.property(shares, fc.nat(10_000), (given, total) => {
        const sum = given.reduce((all, share) => all + share, 0);
        const parts = apportion(given, total);
        expect(parts.reduce((all, part) => all + part, 0)).toBe(sum === 0 ? 0 : total);
        for (const [index, share] of given.entries()) {
          const quota = sum === 0 ? 0 : (share / sum) * total;
          expect(Math.abs((parts[index] ?? 0) - quota)).toBeLessThan(1 + 1e-5);
          if (share === 0) expect(parts[index]).toBe(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BoundedCounts } from "../../../config/bounded-counts.ts";

function counted(max: number, names: readonly string[]): BoundedCounts {
  const counts = new BoundedCounts(max, "*");
  for (const name of names) counts.add(name);
  return counts;
}

describe("counts with room for three names", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    ["",       []],
    ["aab",    [["a", 2], ["b", 1]]],
    ["abc",    [["a", 1], ["b", 1], ["*", 1]]], // the last place is the rest's
    ["abcdab", [["a", 2], ["b", 2], ["*", 2]]],
    ["*abc",   [["*", 3], ["a", 1]]], // and who is called that has it already
  ])("of %s", (names, entries) => {
    expect(counted(3, [...names]).entries()).toEqual(entries);
  });

  test("several at once", () => {
    const counts = new BoundedCounts(2, "*");
    for (const [name, count] of [
      ["a", 5],
      ["b", 7],
      ["c", 1],
      ["a", 2],
    ] as const)
      counts.add(name, count);
    expect(counts.entries()).toEqual([
      ["a", 7],
      ["*", 8],
    ]);
  });
});

test("the sum is that of what was added, and there are never more names than there may be", () => {
  const names = fc.array(fc.constantFrom(..."abcdefgh*"), { maxLength: 100 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), names, (max, added) => {
      const counts = counted(max, added);
      expect(counts.size).toBeLessThanOrEqual(max);
      expect(counts.entries().reduce((sum, [, count]) => sum + count, 0)).toBe(added.length);
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { sameJson } from "../../../admin/core/safety/same-json.ts";
import { canonicalJson } from "../../../config/canonical.ts";

// biome-ignore format: a table reads in columns
test.each([
  [{ a: 1, b: [1, 2] },        { b: [1, 2], a: 1 },       true],
  [{ a: [1, 2] },              { a: [2, 1] },             false],
  [{ a: 1 },                   { a: 1, b: undefined },    false],
  [{ a: 1, b: 2 },             { a: 1, c: 2 },            false],
  [{},                         [],                        false],
  [[],                         {},                        false],
  [null,                       {},                        false],
  [undefined,                  undefined,                 true],
  [undefined,                  {},                        false],
  [{ a: undefined },           {},                        false],
  [{},                         { toString: 1 },           false],
  [{ a: 0 },                   { a: "0" },                false],
])("%j and %j are the same: %s", (a, b, same) => {
  expect(sameJson(a, b)).toBe(same);
});

test("two values are the same when their canonical texts are", () => {
  // Few keys and few values, so that equal pairs and near misses are common; -0 is written as 0 and is equal to it.
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: "small" }, fc.constantFrom(0, 1, "a", null, true), tie("list"), tie("object")),
    list: fc.array(tie("any"), { maxLength: 2 }),
    object: fc.dictionary(fc.constantFrom("a", "b"), tie("any"), { maxKeys: 2 }),
  })).any;
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(sameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
      expect(sameJson(a, structuredClone(a))).toBe(true);
    }),
  );
});

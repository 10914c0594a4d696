import fc from "fast-check";
import { expect, test } from "vitest";
import { sameJson } from "../../../admin/core/plan/same-json.ts";
import { canonicalJson } from "../../../config/canonical.ts";

test.each([
  // a                          b                        same
  [1, 1, true],
  [1, "1", false],
  [null, {}, false],
  [[], {}, false],
  [[1, 2], [2, 1], false],
  [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
  // Things may be called like what every object has.
  [{}, { constructor: 1 }, false],
  [{ constructor: 1 }, {}, false],
  [{ toString: { a: 1 } }, { toString: { a: 1 } }, true],
])("%j and %j are the same: %s", (a, b, same) => {
  expect(sameJson(a, b)).toBe(same);
});

test("two values are the same when their canonical texts are", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: true }), fc.jsonValue({ noUnicodeString: true }), (a, b) => {
      expect(sameJson(a, structuredClone(a))).toBe(true);
      expect(sameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
    }),
    { numRuns: 1_000 },
  );
});

/** RFC 8785: the bytes that are digested and signed. Vectors from the RFC and its author's test data. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { canonicalJson } from "../../../config/canonical.ts";

/** RFC 8785 appendix B: IEEE 754 bits as hex, and the text. */
// biome-ignore format: a table reads in columns
test.each([
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af6", "1e+23"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555555", "333333333.3333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
])("the number %s is %s", (bits, text) => {
  expect(canonicalJson(fromBits(bits))).toBe(text);
});

/** RFC 8785 §3.2.2 and §3.2.3. */
// biome-ignore format: a table reads in columns
test.each([
  ['{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}', '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'],
  ['{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}', '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'],
  ['"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  ["[]", "[]"],
  ["null", "null"],
])("%s", (input, text) => {
  expect(canonicalJson(JSON.parse(input))).toBe(text);
});

// biome-ignore format: a table reads in columns

test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ["\ud800"], [{ "\udfff": 1 }], [undefined], [() => 1]])(
  "what JSON cannot say is a bug of the caller: %#",
  (value) => {
    expect(() => canonicalJson(value)).toThrow();
  },
);

test("the text does not depend on the order of keys, and says the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

const folder = process.env.FAIRLEAD_VECTORS;
const Vectors = z.object({
  objects: z.array(z.object({ name: z.string(), inputJsonText: z.string(), canonicalUtf8: z.string() })),
  ieee754: z.array(z.object({ hex: z.string(), expected: z.string() })),
  mustReject: z.array(z.string()),
});

describe.runIf(folder !== undefined)("published vectors", () => {
  const vectors =
    folder === undefined
      ? { objects: [], ieee754: [], mustReject: [] }
      : z.parse(Vectors, JSON.parse(readFileSync(path.join(folder, "jcs-rfc8785.json"), "utf8")));

  test("objects", () => {
    for (const { inputJsonText, canonicalUtf8 } of vectors.objects)
      expect(canonicalJson(JSON.parse(inputJsonText))).toBe(canonicalUtf8);
  });
  test("numbers", () => {
    for (const { hex, expected } of vectors.ieee754) expect(canonicalJson(fromBits(hex))).toBe(expected);
  });
  test("rejections", () => {
    for (const entry of vectors.mustReject) expect(() => canonicalJson(fromBits(entry.slice(0, 16)))).toThrow();
  });
});

function fromBits(hex: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

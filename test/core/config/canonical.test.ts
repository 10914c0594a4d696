/**
 * RFC 8785: the bytes that are digested and signed. The rows are written down here with their source, the RFC and its
 * author's test data; where FAIRLEAD_VECTORS names the folder of the same tables as JSON, every row there is run as well.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../config/canonical.ts";
import { readVectors } from "../vectors.ts";

/** RFC 8785 appendix B: IEEE 754 bits as hex, and the text. */
// biome-ignore format: a table reads in columns
const NUMBER_ROWS: readonly (readonly [string, string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

/** RFC 8785 §3.2.2 and §3.2.3, then `arrays`, `structures`, `french` and `unicode` of cyberphone/json-canonicalization. */
// biome-ignore format: a table reads in columns
const TEXT_ROWS: readonly (readonly [string, string])[] = [
  ['{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}', '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'],
  ['{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}', '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'],
  ['"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  ["[]", "[]"],
  ["null", "null"],
  ['[ 56, { "d": true, "10": null, "1": [ ] } ]', '[56,{"1":[],"10":null,"d":true}]'],
  ['{"1": {"f": {"f": "hi", "F": 5}, "\\n": 56.0}, "10": {}, "": "empty", "a": {}, "111": [{"e": "yes", "E": "no"}], "A": {}}',
    '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}'],
  ['{"peach": 1, "péché": 2, "pêche": 3, "sin": 4}', '{"peach":1,"péché":2,"pêche":3,"sin":4}'],
  ['{"Unnormalized Unicode":"A\\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'],
];

/** RFC 8785 §3.2.2.3 and appendix B: numbers that JSON does not have. */
const REFUSED_ROWS: readonly string[] = ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"];

type Vectors = {
  readonly objects: readonly { readonly inputJsonText: string; readonly canonicalUtf8: string }[];
  readonly ieee754: readonly { readonly hex: string; readonly expected: string }[];
  /** The bits in hex and, behind them, what they are. */
  readonly mustReject: readonly string[];
};

/** Our own rows, then those of the folder when there is one. */
const vectors = readVectors<Vectors>("jcs-rfc8785.json");
const numberRows = [...NUMBER_ROWS, ...(vectors?.ieee754 ?? []).map((row) => [row.hex, row.expected] as const)];
const textRows = [
  ...TEXT_ROWS,
  ...(vectors?.objects ?? []).map((row) => [row.inputJsonText, row.canonicalUtf8] as const),
];
const refusedRows = [...REFUSED_ROWS, ...(vectors?.mustReject ?? []).map((row) => row.slice(0, 16))];

test.each(numberRows)("the number %s is %s", (bits, text) => {
  expect(canonicalJson(fromBits(bits))).toBe(text);
});

test.each(textRows)("%s", (input, text) => {
  expect(canonicalJson(JSON.parse(input))).toBe(text);
});

test.each(refusedRows)("the number %s is refused", (bits) => {
  expect(() => canonicalJson(fromBits(bits))).toThrow();
});

test.each([["\ud800"], [{ "\udfff": 1 }], [undefined], [() => 1]])(
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

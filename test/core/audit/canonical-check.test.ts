/** The verifier's own test of RFC 8785 says what the library says, in another way. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../config/canonical.ts";
import { isCanonical } from "../../../scripts/lib/audit/canonical-check.ts";

const checked = (text: string) => isCanonical(JSON.parse(text), text);

// biome-ignore format: a table reads in columns
test.each([
  // text                          canonical
  ['{"a":1,"b":[{"c":2,"d":3}]}',  true],
  ['{"b":1,"a":2}',                false],
  ['{"a":[{"d":1,"c":2}]}',        false],
  ['{"a":1,"a":1}',                false],
  ['{"a": 1}',                     false],
  ['{"a":1}\n',                    false],
  ['{"a":1.0}',                    false],
  ['{"a":1e3}',                    false],
  ['{"a":-0}',                     false],
  ['"\\u20ac"',                    false],
  ['"€"',                          true],
  ['"\\/"',                        false],
  ['"\\u000b"',                    true],
  ['"\\u000B"',                    false],
  ['"\\ud800"',                    false],
  ['"\\\\ud800"',                  true],
  ['{"10":1,"9":2}',               true],  // Keys are text: "10" comes before "9".
  ['{"9":2,"10":1}',               false],
  ['{"😀":1,"ﬀ":2}',               true],  // By code units, the surrogates of the first come before U+FB00.
  ['{"ﬀ":2,"😀":1}',               false],
  ['{"__proto__":1,"a":2}',        true],
])("%s: %s", (text, canonical) => {
  expect(checked(text)).toBe(canonical);
});

describe("laws", () => {
  test("what the library writes is canonical, and nothing else with the same value is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const canonical = canonicalJson(value);
        expect(checked(canonical)).toBe(true);
        expect(checked(text)).toBe(text === canonical);
        expect(checked(` ${canonical}`)).toBe(false);
      }),
    );
  });

  test("what is nested beyond the stack is not canonical, and no exception", () => {
    const text = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    let value: unknown = [];
    for (let depth = 1; depth < 200_000; depth += 1) value = [value];
    expect(() => isCanonical(value, text)).not.toThrow();
  });
});

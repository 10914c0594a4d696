/** What clusters are handed can be read by any parser of structured fields (RFC 9651). */
import fc from "fast-check";
import { DisplayString, parseDictionary } from "structured-headers";
import { expect, test } from "vitest";
import { flagMember } from "../../../config/flags-header.ts";

// biome-ignore format: a table reads in columns
test.each([
  [true,                'a;v="x"'],
  [false,               'a=?0;v="x"'],
  [50,                  'a=50;v="x"'],
  [-0,                  'a=0;v="x"'],
  [1.5,                 'a=1.5;v="x"'],
  [0.25,                'a=0.25;v="x"'],
  [0.1234,              'a="0.1234";v="x"'],
  [1e15,                'a="1000000000000000";v="x"'],
  ['say "hi" \\',       'a="say \\"hi\\" \\\\";v="x"'],
  ["",                  'a="";v="x"'],
  ["grün 100%",         'a=%"gr%c3%bcn 100%25";v="x"'],
  [{ b: [1, "c"] },     'a="{\\"b\\":[1,\\"c\\"]}";v="x"'],
])("%j is %s", (value, member) => {
  expect(flagMember("a", "x", value)).toBe(member);
});

test("every value comes back as it was, or as its text", () => {
  const value = fc.oneof(
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(
    fc.property(value, fc.constantFrom("on", "v1.2", "A_b-c"), (given, variant) => {
      const member = parseDictionary(`z=1, ${flagMember("flag", variant, given)}`).get("flag");
      expect(member?.[1].get("v")).toBe(variant);
      const item = member?.[0];
      const text = item instanceof DisplayString ? item.toString() : item;
      expect(typeof given === "number" ? Number(text) : text).toEqual(
        typeof given === "number" && given === 0 ? 0 : given,
      );
    }),
  );
});

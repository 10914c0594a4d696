/** Versions in their order, and ranges as intervals of it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions, parseVersion } from "../../../config/version.ts";
import { intersection, isInRange, parseRange, type VersionRange } from "../../../config/version-range.ts";

function version(text: string) {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`not a version: ${text}`);
  return parsed;
}

function range(text: string): VersionRange {
  const parsed = parseRange(text);
  if (parsed === undefined) throw new Error(`not a range: ${text}`);
  return parsed;
}

test("the order of SemVer 2.0 §11, and of what is not SemVer", () => {
  const ordered = [
    ...["0", "0.0.1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"],
    ...["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.0.1", "1.0.1", "1.9", "1.10", "2", "42", "20261123120000"],
  ];
  const shuffled = [...ordered].reverse().sort((a, b) => compareVersions(version(a), version(b)));
  expect(shuffled).toEqual(ordered);
});

// biome-ignore format: a table reads in columns
test.each([
  ["1", "1.0.0"], ["v3.1", "3.1.0"], ["1.2.3+build.5", "1.2.3"], ["1.0.0-rc.1+a", "1.0.0-rc.1+b"],
])("%s and %s are one version", (a, b) => {
  expect(compareVersions(version(a), version(b))).toBe(0);
});

test.each([
  [""],
  ["latest"],
  ["1.2.x"],
  ["1..2"],
  ["1.2."],
  ["-1"],
  ["1.2-"],
  ["9f8e7d6c"],
  ["1 2"],
  ["1234567890123456"],
  ["1.2.3.4.5.6.7"],
])("%j has no place in the order", (text) => {
  expect(parseVersion(text)).toBeUndefined();
});

// biome-ignore format: a table reads in columns
test.each([
  // range          version         in it
  [">=42 <44",      "41",           false],
  [">=42 <44",      "42",           true],
  [">=42 <44",      "43.9.9",       true],
  [">=42 <44",      "44",           false],
  [">42 <=44",      "42",           false],
  [">42 <=44",      "42.0.1",       true],
  [">42 <=44",      "44",           true],
  [">42 <=44",      "44.0.1",       false],
  ["3.1",           "3.1.0",        true],
  ["3.1",           "3.1.1",        false],
  ["=3.1",          "v3.1",         true],
  [">=3.1",         "3.1.0-rc.1",   false],
  [">=3.1",         "3.2.0-rc.1",   true],
  [">=3.1  <4",     "3.5",          true],
  ["<4 >=3.1",      "3.5",          true],
  ["*",             "0",            true],
])("%s holds %s: %s", (text, value, expected) => {
  expect(isInRange(version(value), range(text))).toBe(expected);
});

// biome-ignore format: a table reads in columns
test.each([
  [""], [" "], [">= 3"], ["~3"], ["^3.1"], ["3.x"], [">=3 || <2"], [">=3,<4"], ["1.0 - 2.0"], ["latest"], [">="],
  [">=44 <42"], [">42 <42"], [">=42 <42"], ["1 2"], ["* <3"],
])("%j is no range, or holds no version", (text) => {
  expect(parseRange(text)).toBeUndefined();
});

// biome-ignore format: a table reads in columns
test.each([
  [">=42 <44", ">=43 <45", true],
  [">=42 <44", ">=44",     false],
  [">=42 <44", "<42",      false],
  ["<=42",     ">=42",     true],
  ["<42",      ">=42",     false],
  ["42",       "42.0",     true],
  ["42",       "43",       false],
  ["*",        "<1",       true],
])("%s and %s have a version in common: %s", (a, b, expected) => {
  expect(intersection(range(a), range(b)) !== undefined).toBe(expected);
  expect(intersection(range(b), range(a)) !== undefined).toBe(expected);
});

const anyRange = fc
  .tuple(fc.constantFrom(">=", ">"), fc.nat(20), fc.constantFrom("<=", "<"), fc.nat(20))
  .map(([low, from, high, to]) => `${low}${from} ${high}${to}`)
  .filter((text) => parseRange(text) !== undefined);

test("as soon as any two of some ranges have a version in common, all have", () => {
  fc.assert(
    fc.property(fc.array(anyRange, { minLength: 2, maxLength: 6 }), (texts) => {
      const ranges = texts.map(range);
      const pairwise = ranges.every((a) => ranges.every((b) => intersection(a, b) !== undefined));
      const common = ranges.reduce<VersionRange | undefined>(
        (all, one) => (all === undefined ? undefined : intersection(all, one)),
        {},
      );
      expect(common !== undefined).toBe(pairwise);
    }),
  );
});

test("a version is in an intersection exactly when it is in both", () => {
  fc.assert(
    fc.property(anyRange, anyRange, fc.nat(20), (a, b, number) => {
      const both = intersection(range(a), range(b));
      const value = version(String(number));
      const inBoth = isInRange(value, range(a)) && isInRange(value, range(b));
      expect(both !== undefined && isInRange(value, both)).toBe(inBoth);
    }),
  );
});

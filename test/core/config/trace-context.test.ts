/** The W3C's rules for `traceparent` and `tracestate`, row by row: both come from anybody. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatTraceparent,
  isSampledByRatio,
  parseTraceparent,
  parseTracestate,
} from "../../../config/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

describe("parseTraceparent", () => {
  test.each([
    [`00-${TRACE}-${PARENT}-01`, true],
    [`00-${TRACE}-${PARENT}-00`, false],
    [`00-${TRACE}-${PARENT}-ff`, true], // flags that version 00 does not know
    [`00-${TRACE}-${PARENT}-02`, false],
    [`cc-${TRACE}-${PARENT}-01`, true],
    [`cc-${TRACE}-${PARENT}-01-what-comes-later`, true],
    [`01-${TRACE}-${PARENT}-01-`, true],
  ])("%s is continued, sampled %s", (text, sampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, parentId: PARENT, sampled });
  });

  test.each([
    [null],
    [""],
    ["garbage"],
    [`00-${"0".repeat(32)}-${PARENT}-01`],
    [`00-${TRACE}-${"0".repeat(16)}-01`],
    [`ff-${TRACE}-${PARENT}-01`],
    [`cc-${TRACE}-${PARENT}-01.what-comes-later`],
    [`cc-${TRACE}-${PARENT}-0`],
    [`0-${TRACE}-${PARENT}-01`],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`],
    [`00-${TRACE}-${PARENT}-0G`],
    [`00-${TRACE}-${PARENT}-01-more`],
    [`00-${TRACE}-${PARENT}-01-`],
    [`00-${TRACE}-${PARENT}-1`],
    [`00-${TRACE}x-${PARENT}-01`],
    [` 00-${TRACE}-${PARENT}-01`],
    [`00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`], // two headers
  ])("%j begins a new trace", (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test("what is written is read back", () => {
    const hex = (digits: number) =>
      fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((id) => /[^0]/.test(id));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, parentId, sampled) => {
        expect(parseTraceparent(formatTraceparent({ traceId, sampled }, parentId))).toEqual({
          ...{ traceId, parentId, sampled },
        });
      }),
    );
  });
});

const members = (count: number, length = 5) =>
  Array.from({ length: count }, (_, at) => `k${at}=`.padEnd(length, "v")).join(",");

describe("parseTracestate", () => {
  test.each([
    // received                      handed on
    ["a=1", "a=1"],
    ["a=1,b=2", "a=1,b=2"],
    [" a=1 ,\tb=2 ,, ", "a=1,b=2"],
    ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["fw529a3039@dt=FfYH_*-/ab,a=b", "fw529a3039@dt=FfYH_*-/ab,a=b"],
    ["9t@dt=1", "9t@dt=1"],
    ["a= x", "a= x"],
    ["a=1,b=2,a=3", "a=1,b=2"],
    [`${"k".repeat(256)}=1`, `${"k".repeat(256)}=1`],
    [`a=${"v".repeat(256)}`, `a=${"v".repeat(256)}`],
    [members(32), members(32)],
    // More than 512 characters: those above 128 go first, wherever they are, then the last ones.
    [`long=${"v".repeat(200)},${members(30, 12)},z=1`, `${members(30, 12)},z=1`],
    [members(10, 100), members(5, 100)],
    [`b=${"v".repeat(255)},c=${"v".repeat(255)}`, undefined],
  ])("%j goes on as %j", (text, expected) => {
    expect(parseTracestate(text)).toBe(expected);
  });

  test.each([
    [null],
    [""],
    [" , "],
    ["a"],
    ["a="],
    ["=1"],
    ["A=1"],
    ["9a=1"], // a digit first is for tenants only
    ["foo@=1"],
    ["@foo=1"],
    ["foo@@bar=1"],
    ["foo@bar@baz=1"],
    ["a=1=2"],
    ["a =1"],
    ["a=\u007f"],
    ["a=ü"],
    [`${"k".repeat(257)}=1`],
    [`${"t".repeat(242)}@v=1`],
    [`t@${"v".repeat(15)}=1`],
    [`a=${"v".repeat(257)}`],
    ["a=1,b"],
    [members(33)],
  ])("%j goes nowhere", (text) => {
    expect(parseTracestate(text)).toBeUndefined();
  });

  test("what is longer than any sound one is not looked at", () => {
    expect(parseTracestate(`a=1${",".repeat(100_000)}`)).toBeUndefined();
  });

  test("whatever comes, what goes on is valid, within its limits, and goes on as it is", () => {
    const member = fc.tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/), fc.stringMatching(/^[!-+\--<>-~]{1,200}$/));
    const state = fc
      .array(member, { maxLength: 40 })
      .map((list) => list.map(([key, value]) => `${key}=${value}`).join(","));
    fc.assert(
      fc.property(fc.oneof(state, fc.string()), (text) => {
        const kept = parseTracestate(text);
        if (kept === undefined) return;
        expect(kept.length).toBeLessThanOrEqual(512);
        expect(parseTracestate(kept)).toBe(kept);
        expect(kept.split(",").every((one) => text.includes(one))).toBe(true);
      }),
    );
  });
});

describe("isSampledByRatio", () => {
  test.each([
    // the last 14 digits        ratio  recorded
    ["ffffffffffffff", 0.000_001, true],
    ["00000000000000", 0.999_999, false],
    ["00000000000000", 1, true],
    ["ffffffffffffff", 0, false],
    ["80000000000000", 0.5, true],
    ["7fffffffffffff", 0.5, false],
  ])("an id that ends in %s at the ratio %d: %s", (end, ratio, expected) => {
    expect(isSampledByRatio(`${"1".repeat(18)}${end}`, ratio)).toBe(expected);
  });

  test("who records more records all that those do who record less", () => {
    const id = fc.stringMatching(/^[0-9a-f]{32}$/);
    fc.assert(
      fc.property(
        id,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (traceId, a, b) => {
          const [less, more] = a < b ? [a, b] : [b, a];
          expect(isSampledByRatio(traceId, less) && !isSampledByRatio(traceId, more)).toBe(false);
        },
      ),
    );
  });
});

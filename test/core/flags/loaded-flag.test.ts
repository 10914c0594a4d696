/** What a flag gives, why, and which error it is when it gives nothing: OpenFeature's words as flagd uses them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SnapshotFlag } from "../../../config/snapshot.ts";
import type { FlagResult } from "../../../worker/flags/flag-result.ts";
import { askFlag, loadFlag, ofType } from "../../../worker/flags/loaded-flag.ts";

const NOW_MS = 1_790_000_000_500;
const VARIANTS = { on: true, off: false };
const GIVEN = { targeting: { if: [{ "==": [{ var: "plan" }, "pro"] }, "on", null] } };
const HALF = { rollout: { variant: "on", shareBps: 5_000 } };

function ask(definition: object, context: Record<string, unknown> = {}): FlagResult {
  const flag = { name: "beta", state: "ENABLED", variants: VARIANTS, defaultVariant: "off", ...definition };
  return askFlag(loadFlag(SnapshotFlag.parse(flag)), { context, nowMs: NOW_MS });
}

function spell(result: FlagResult): string {
  if (result.kind === "value") return `${result.variant} ${result.reason}`;
  return result.kind === "codeDefault" ? `- ${result.reason}` : result.errorCode;
}

const NO_DEFAULT = { defaultVariant: undefined };

describe("a flag", () => {
  test.each<[string, object, Record<string, unknown>, string]>([
    // what it is                     definition                                        context                  gives
    ["without targeting", {}, {}, "off STATIC"],
    ["with an empty targeting", { targeting: {} }, {}, "off STATIC"],
    ["disabled", { state: "DISABLED" }, {}, "- DISABLED"],
    ["disabled, with targeting", { state: "DISABLED", ...GIVEN }, { plan: "pro" }, "- DISABLED"],
    ["that matches", GIVEN, { plan: "pro" }, "on TARGETING_MATCH"],
    ["that does not match", GIVEN, { plan: "free" }, "off DEFAULT"],
    ["that knows nothing", GIVEN, {}, "off DEFAULT"],
    ["by share without a key", { targeting: { fractional: [["on", 1]] } }, {}, "off DEFAULT"],
    ["by share with an empty key", { targeting: { fractional: [["on", 1]] } }, { targetingKey: "" }, "off DEFAULT"],
    ["by share, all of it", { targeting: { fractional: [["on", 1]] } }, { targetingKey: "a" }, "on TARGETING_MATCH"],
    [
      "of its own name",
      { targeting: { if: [{ "==": [{ var: "$flagd.flagKey" }, "beta"] }, "on"] } },
      {},
      "on TARGETING_MATCH",
    ],
    [
      "by the time in seconds",
      { targeting: { if: [{ "==": [{ var: "$flagd.timestamp" }, 1_790_000_000] }, "on"] } },
      {},
      "on TARGETING_MATCH",
    ],
    ["of a variant it has not", { targeting: { var: "plan" } }, { plan: "pro" }, "GENERAL"],
    ["that cannot compare", { targeting: { if: [{ "<": [{ var: "age" }, 5] }, "on"] } }, { age: [] }, "GENERAL"],
    ["of an unknown operator", { targeting: { iff: [true, "on"] } }, {}, "PARSE_ERROR"],
    ["of two operators", { targeting: { if: ["on"], or: ["on"] } }, {}, "PARSE_ERROR"],
    ["of an evaluator that is gone", { targeting: { if: [{ $ref: "gone" }, "on"] } }, {}, "PARSE_ERROR"],
  ])("%s", (_, definition, context, gives) => {
    expect(spell(ask(definition, context))).toBe(gives);
  });

  test.each<[string, object, Record<string, unknown>, string]>([
    ["elsewhere", { regions: { eu: { state: "DISABLED" } } }, { region: "us" }, "off STATIC"],
    ["disabled there", { regions: { eu: { state: "DISABLED" } } }, { region: "eu" }, "- DISABLED"],
    [
      "enabled there alone",
      { state: "DISABLED", ...GIVEN, regions: { eu: { state: "ENABLED" } } },
      { region: "eu", plan: "pro" },
      "on TARGETING_MATCH",
    ],
    [
      "disabled elsewhere",
      { state: "DISABLED", regions: { eu: { state: "ENABLED" } } },
      { region: "us" },
      "- DISABLED",
    ],
    [
      "share in the place of rules",
      { ...GIVEN, regions: { eu: { rollout: { variant: "on", shareBps: 0 } } } },
      { region: "eu", plan: "pro" },
      "off SPLIT",
    ],
    [
      "share of all",
      { regions: { eu: { rollout: { variant: "on", shareBps: 10_000 } } } },
      { region: "eu" },
      "on SPLIT",
    ],
    ["share without a key", { regions: { eu: HALF } }, { region: "eu" }, "TARGETING_KEY_MISSING"],
    ["share with a key", { regions: { eu: HALF } }, { region: "eu", targetingKey: "b" }, "off SPLIT"],
    ["a number for a region", { regions: { eu: HALF } }, { region: 7 }, "off STATIC"],
  ])("in a region: %s", (_, definition, context, gives) => {
    expect(spell(ask(definition, context))).toBe(gives);
  });

  test("without a default variant leaves it to the code", () => {
    const { defaultVariant: _, ...flag } = { name: "beta", state: "ENABLED", variants: VARIANTS, ...NO_DEFAULT };
    const loaded = loadFlag(SnapshotFlag.parse(flag));
    expect(askFlag(loaded, { context: {}, nowMs: 0 })).toEqual({ kind: "codeDefault", reason: "DEFAULT" });
  });

  test("of another type than was asked for is a mismatch", () => {
    const loaded = loadFlag(
      SnapshotFlag.parse({ name: "beta", state: "ENABLED", variants: { a: "x" }, defaultVariant: "a" }),
    );
    const result = askFlag(loaded, { context: {}, nowMs: 0 });
    expect(spell(ofType(loaded, result, "string"))).toBe("a STATIC");
    expect(spell(ofType(loaded, result, "boolean"))).toBe("TYPE_MISMATCH");
  });
});

describe("whatever anybody sends", () => {
  const expressions = [
    { cat: [{ var: "a" }, { var: "b" }] },
    { in: [{ var: "a" }, { var: "b" }] },
    { in: ["x", { var: "b" }] },
    { "<": [{ var: "a" }, { var: "b" }, { var: "c" }] },
    { "==": [{ var: "a" }, { var: "b" }] },
    { sem_ver: [{ var: "a" }, "^", { var: "b" }] },
    { fractional: [{ var: "a" }, [{ var: "b" }, { var: "c" }]] },
    { if: [{ var: "a" }, { var: "b" }, { "!": { var: "c" } }] },
    { var: "a.b.c" },
    { var: "__proto__.constructor" },
  ];
  const flags = expressions.map((targeting) =>
    loadFlag(
      SnapshotFlag.parse({ name: "beta", state: "ENABLED", variants: VARIANTS, targeting, regions: { eu: HALF } }),
    ),
  );

  test("asking never throws and answers the same again", () => {
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.constant({ toString: null, valueOf: 1 }),
      fc.constant([[{ toString: "x" }]]),
      fc.constant("\ud800"),
    );
    const context = fc.record(
      { a: hostile, b: hostile, c: hostile, targetingKey: hostile, region: hostile },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...flags), context, (flag, asked) => {
        const first = askFlag(flag, { context: asked, nowMs: NOW_MS });
        expect(askFlag(flag, { context: asked, nowMs: NOW_MS })).toEqual(first);
      }),
      { numRuns: 1_000 },
    );
  });

  test("an expression of any shape is loaded, and is a parse error at worst", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("if", "var", "fractional", "in", "x", "$ref"), fc.jsonValue()),
        (targeting) => {
          const flag = { name: "beta", state: "ENABLED", variants: VARIANTS, targeting };
          askFlag(loadFlag(SnapshotFlag.parse(flag)), { context: { targetingKey: "a" }, nowMs: NOW_MS });
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

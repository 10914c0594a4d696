/**
 * Our closures against flagd's own JavaScript engine, on expressions and contexts that nobody thought of: value, variant,
 * reason and error code are the same. Left out of the generators, because the two are meant to differ there: texts beyond
 * ASCII as keys of a share (flagd for JavaScript hashes UTF-16 units, flagd itself and we hash UTF-8), names that reach into
 * a prototype, and paths through something that is no object.
 */
import { FlagdCore } from "@openfeature/flagd-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { problemsOfLogic } from "../../../config/checks/flag-logic.ts";
import type { FlagValue } from "../../../config/flag.ts";
import { SnapshotFlag } from "../../../config/snapshot.ts";
import { compileExpression } from "../../../worker/flags/expression.ts";
import { askFlag, loadFlag, ofType, type ValueType } from "../../../worker/flags/loaded-flag.ts";
import { FAILED } from "../../../worker/flags/scope.ts";

const SILENT = { error() {}, warn() {}, info() {}, debug() {} };
const NOW_MS = 1_790_000_000_000;
/** Setting up the other engine takes a millisecond or two. */
const RUNS = 800;

const ASCII = fc.string({ unit: fc.constantFrom(..."abcxyz019.-v@ "), maxLength: 6 });
const scalar = fc.oneof(
  ASCII,
  fc.integer({ min: -3, max: 3 }),
  fc.double({ min: -2, max: 2, noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom("1.2.3", "v2.0.0-rc.1", "1.10", "on", "off", "5", "true"),
);
/** None of one version: flagd for JavaScript takes that for the version itself, by accident. */
const list = fc.array(scalar, { maxLength: 3 }).filter((parts) => !/^v?\d[^,]*$/.test(parts.join()));
const NAMES = ["a", "b", "list", "user.name", "user.age", "user", "missing", "targetingKey", "$flagd.flagKey"];

/** Of texts and numbers: where the bucketing key is a list, flagd takes it for one more share, by accident. */
const KEYS = NAMES.filter((name) => name !== "list" && name !== "user");

const { expression } = fc.letrec<{ expression: unknown; args: unknown[] }>((tie) => {
  const one = tie("expression");
  const two = fc.tuple(one, one);
  const op = (name: string, args: fc.Arbitrary<unknown>) => args.map((operand) => ({ [name]: operand }));
  const share = fc.oneof(
    fc.tuple(one),
    fc.tuple(one, fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(2 ** 30), one)),
  );
  return {
    args: fc.array(one, { minLength: 1, maxLength: 5 }),
    expression: fc.oneof(
      { depthSize: "small", maxDepth: 6, withCrossShrink: true },
      scalar,
      list,
      op(
        "var",
        fc.oneof(
          fc.constantFrom(...NAMES),
          fc.tuple(fc.constantFrom(...NAMES)),
          fc.tuple(fc.constantFrom(...NAMES), one),
        ),
      ),
      op("if", tie("args")),
      op("and", tie("args")),
      op("or", tie("args")),
      op("cat", tie("args")),
      ...["!", "!!"].map((name) => op(name, fc.oneof(one, fc.tuple(one)))),
      ...["==", "===", "!=", "!==", "in", "starts_with", "ends_with"].map((name) => op(name, two)),
      ...["<", "<=", ">", ">="].map((name) => op(name, fc.oneof(two, fc.tuple(one, one, one)))),
      op("sem_ver", fc.tuple(one, fc.constantFrom("=", "!=", "<", "<=", ">", ">=", "^", "~"), one)),
      op("fractional", fc.array(share, { minLength: 1, maxLength: 4 })),
      op(
        "fractional",
        fc.tuple(fc.oneof(ASCII, op("var", fc.constantFrom(...KEYS)), op("cat", tie("args"))), share, share),
      ),
    ),
  };
});

const context = fc.record(
  {
    targetingKey: ASCII,
    a: scalar,
    b: scalar,
    list,
    user: fc.record({ name: ASCII, age: fc.integer({ min: 0, max: 99 }) }, { requiredKeys: [], noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const VARIANTS: Readonly<Record<ValueType, Readonly<Record<string, FlagValue>>>> = {
  boolean: { on: true, off: false, true: true, false: false },
  string: { on: "yes", off: "no", true: "t", a: "" },
  number: { on: 1.5, off: 0, "5": 5 },
  object: { on: { deep: [1] }, off: {} },
};

function flagd(spec: object) {
  const core = new FlagdCore(undefined, SILENT, { disableDynamicCodeGeneration: true });
  core.setConfigurations(JSON.stringify({ flags: { flag: spec } }));
  return (type: ValueType, asked: Record<string, never>) => {
    switch (type) {
      case "boolean":
        return core.resolveBooleanEvaluation("flag", false, asked, SILENT);
      case "string":
        return core.resolveStringEvaluation("flag", "", asked, SILENT);
      case "number":
        return core.resolveNumberEvaluation("flag", 0, asked, SILENT);
      case "object":
        return core.resolveObjectEvaluation("flag", {}, asked, SILENT);
    }
  };
}

const TYPES = ["boolean", "string", "number", "object"] as const;

const flag = fc.record(
  {
    state: fc.constantFrom("ENABLED", "ENABLED", "ENABLED", "DISABLED"),
    variants: fc.constantFrom(...TYPES.map((type) => VARIANTS[type])),
    defaultVariant: fc.constantFrom("on", "off"),
    targeting: expression.filter((logic) => typeof logic === "object" && logic !== null && !Array.isArray(logic)),
  },
  { requiredKeys: ["state", "variants"], noNullPrototype: true },
);

/**
 * What flagd's engine works out before it is needed, and fails with for everybody, where we fail only when it is reached: an
 * operator on constants alone, as "a" < 1, and what a `var` gives where nothing is found. (Its compiler takes the second as
 * we do, but gets other things wrong.)
 */
function failsEarly(logic: unknown, asked: Readonly<Record<string, unknown>>): boolean {
  if (typeof logic !== "object" || logic === null) return false;
  if (Object.values(logic).some((part) => failsEarly(part, asked))) return true;
  if ("var" in logic) return Array.isArray(logic.var) && logic.var.length > 1 && fails(logic.var[1], asked);
  return !/"(var|fractional)":/.test(JSON.stringify(logic)) && fails(logic, {});
}

function fails(logic: unknown, asked: Readonly<Record<string, unknown>>): boolean {
  return compileExpression(logic)?.({ context: asked, flag: "flag", nowMs: NOW_MS }) === FAILED;
}

test("a flag gives what flagd gives, with the same reason", () => {
  const reasons = new Map<string, number>();
  fc.assert(
    fc.property(flag, context, fc.constantFrom(...TYPES), (spec, asked, type) => {
      fc.pre(problemsOfLogic(spec.targeting, [], { evaluators: undefined }).length === 0);
      fc.pre(!failsEarly(spec.targeting, asked));
      const theirs = flagd(spec)(type, asked as Record<string, never>);
      const loaded = loadFlag(SnapshotFlag.parse({ name: "flag", ...spec }));
      const ours = ofType(loaded, askFlag(loaded, { context: asked, nowMs: NOW_MS }), type);
      const key = theirs.errorCode ?? theirs.reason ?? "none";
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
      if (theirs.errorCode !== undefined) expect(ours).toMatchObject({ kind: "error", errorCode: theirs.errorCode });
      else if (theirs.variant === undefined) expect(ours).toEqual({ kind: "codeDefault", reason: theirs.reason });
      else expect(ours).toEqual({ kind: "value", variant: theirs.variant, value: theirs.value, reason: theirs.reason });
    }),
    { numRuns: RUNS },
  );
  // All kinds of answers have been compared, not only the easy ones.
  expect([...reasons.keys()].sort()).toEqual([
    "DEFAULT",
    "DISABLED",
    "GENERAL",
    "STATIC",
    "TARGETING_MATCH",
    "TYPE_MISMATCH",
  ]);
});

test("an expression alone comes to the same, whatever it comes to", () => {
  fc.assert(
    fc.property(expression, context, (logic, asked) => {
      const targeting = { if: [{ cat: ["", logic, ""] }, { cat: ["", logic, ""] }, "nothing"] };
      fc.pre(problemsOfLogic(targeting, [], { evaluators: undefined }).length === 0 && !failsEarly(logic, asked));
      const variants = { on: "x" };
      const spec = { state: "ENABLED", variants, targeting };
      const theirs = flagd(spec)("string", asked as Record<string, never>);
      const ours = askFlag(loadFlag(SnapshotFlag.parse({ name: "flag", ...spec })), { context: asked, nowMs: NOW_MS });
      // Both name the variant that they do not find, or neither can work it out.
      const text = /variant '?(.*?)'?(?: not found.*)?$/.exec(theirs.errorMessage ?? "")?.[1];
      if (text === undefined || ours.kind !== "error")
        expect(ours.kind === "error").toBe(theirs.errorCode !== undefined);
      else expect(ours.errorDetails.toLowerCase()).toContain(text.trim().toLowerCase());
    }),
    { numRuns: RUNS },
  );
});

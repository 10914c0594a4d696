/**
 * Turns targeting into closures, once, when a snapshot is loaded: no code is made from text, and a request only calls
 * functions. The semantics are those of `@openfeature/flagd-core`, quirks that people may have come to rely on included;
 * a differential test holds them to it.
 */
import { type FlagOperator, isFlagOperator } from "../../config/flag-operators.ts";
import { FLAG_LOGIC_DEPTH_MAX } from "../../config/limits.ts";
import { COMPARISONS, type Comparison, isTruthy } from "./comparisons.ts";
import { fractional, type Share } from "./fractional.ts";
import { type Expression, FAILED, type Scope } from "./scope.ts";
import { textOf } from "./text.ts";
import { variable } from "./variables.ts";
import { compareSemVer } from "./versions.ts";

/** An evaluator in its place brings as many levels again. */
const DEPTH_MAX = 2 * FLAG_LOGIC_DEPTH_MAX;

/** Undefined for what is no expression of ours: a flag with that answers PARSE_ERROR. */
export function compileExpression(logic: unknown, depth = 0): Expression | undefined {
  if (typeof logic !== "object" || logic === null) return () => logic;
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(logic)) return compileList(logic, depth);
  const [entry, ...others] = Object.entries(logic);
  if (entry === undefined || others.length > 0) return undefined;
  const [operator, operand] = entry;
  return isFlagOperator(operator) ? compileOperator(operator, operand, depth) : undefined;
}

function compileList(list: readonly unknown[], depth: number): Expression | undefined {
  if (list.every((item) => typeof item !== "object" || item === null)) return () => list;
  const items = compileAll(list, depth);
  return items && ((scope) => all(items, scope));
}

function compileAll(list: readonly unknown[], depth: number): readonly Expression[] | undefined {
  const items = list.map((item) => compileExpression(item, depth + 1));
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** The values in order, or FAILED when one of them is. */
function all(items: readonly Expression[], scope: Scope): readonly unknown[] | typeof FAILED {
  const values = items.map((item) => item(scope));
  return values.includes(FAILED) ? FAILED : values;
}

function compileOperator(operator: FlagOperator, operand: unknown, depth: number): Expression | undefined {
  if (operator === "fractional") return compileFractional(operand, depth);
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const args = compileAll(list, depth + 1);
  if (args === undefined) return undefined;
  switch (operator) {
    case "if":
      return conditional(args);
    case "and":
      return firstOf(args, (value) => !isTruthy(value));
    case "or":
      return firstOf(args, isTruthy);
    case "!":
      return negation(args, Array.isArray(list[0]), true);
    case "!!":
      return negation(args, Array.isArray(list[0]), false);
    case "var":
      return typeof list[0] === "string" && list[0] !== "" ? variable(list[0], args[1]) : undefined;
    case "in":
      return eagerly(args, ([item, list]) => isIn(item, list));
    case "cat":
      return concatenation(args, Array.isArray(list[0]));
    case "sem_ver":
      return eagerly(args, ([left, operator, right]) => compareSemVer(left, operator, right));
    case "starts_with":
      return eagerly(args, ([text, part]) => compareTexts(text, part, (a, b) => a.startsWith(b)));
    case "ends_with":
      return eagerly(args, ([text, part]) => compareTexts(text, part, (a, b) => a.endsWith(b)));
    default:
      return chain(args, COMPARISONS[operator]);
  }
}

function eagerly(args: readonly Expression[], work: (values: readonly unknown[]) => unknown): Expression {
  return (scope) => {
    const values = all(args, scope);
    return values === FAILED ? FAILED : work(values);
  };
}

/** Pairs of condition and result, and at an odd end what holds otherwise; one argument alone is its own result. */
function conditional(args: readonly Expression[]): Expression {
  return (scope) => {
    let index = 0;
    for (; index + 1 < args.length; index += 2) {
      const condition = args[index]?.(scope);
      if (condition === FAILED) return FAILED;
      if (isTruthy(condition)) return args[index + 1]?.(scope);
    }
    return index < args.length ? args[index]?.(scope) : null;
  };
}

/** The first value that ends the search, else the last one; those behind it are not asked. */
function firstOf(args: readonly Expression[], ends: (value: unknown) => boolean): Expression {
  return (scope) => {
    let value: unknown = null;
    for (const arg of args) {
      value = arg(scope);
      if (value === FAILED || ends(value)) return value;
    }
    return value;
  };
}

/** A list that a variable gives stands for the arguments, so its first entry counts; one that is written down counts itself. */
function negation([arg]: readonly Expression[], isWritten: boolean, negates: boolean): Expression | undefined {
  if (arg === undefined) return undefined;
  return (scope) => {
    const value = arg(scope);
    if (value === FAILED) return FAILED;
    return isTruthy(Array.isArray(value) && !isWritten ? value[0] : value) !== negates;
  };
}

/** Between, with three: each is compared with the next, and the first "no" is the answer. */
function chain([first, ...others]: readonly Expression[], compare: Comparison): Expression | undefined {
  if (first === undefined || others.length === 0) return undefined;
  return (scope) => {
    let left = first(scope);
    let result: unknown = FAILED;
    for (const other of others) {
      const right = other(scope);
      result = left === FAILED || right === FAILED ? FAILED : compare(left, right);
      if (result !== true) return result;
      left = right;
    }
    return result;
  };
}

/** A part of a text or an entry of a list. In nothing there is nothing. */
function isIn(item: unknown, list: unknown): unknown {
  if (Array.isArray(list)) return list.includes(item);
  if (typeof list === "string" && list !== "") return list.includes(textOf(item));
  return list ? FAILED : false;
}

function concatenation(args: readonly Expression[], isWritten: boolean): Expression {
  const join = (values: readonly unknown[]) =>
    values.map((value) => (value === null || value === undefined ? "" : textOf(value))).join("");
  if (args.length > 1 || isWritten) return eagerly(args, join);
  // A list that a variable gives stands for the arguments, and nothing at all is an error, as in JSON Logic's engine.
  return eagerly(args, ([value]) => {
    if (value === null || value === undefined) return FAILED;
    return Array.isArray(value) ? join(value) : textOf(value);
  });
}

function compareTexts(text: unknown, part: unknown, compare: (a: string, b: string) => boolean): boolean | null {
  return typeof text === "string" && typeof part === "string" ? compare(text, part) : null;
}

function compileFractional(operand: unknown, depth: number): Expression | undefined {
  if (!Array.isArray(operand) || operand.length === 0) return undefined;
  const keyed = !Array.isArray(operand[0]);
  const bucketBy = keyed ? compileExpression(operand[0], depth + 1) : undefined;
  const shares = operand.slice(keyed ? 1 : 0).map((share) => compileShare(share, depth + 2));
  if ((keyed && bucketBy === undefined) || !shares.every((share) => share !== undefined)) return undefined;
  return fractional(bucketBy, shares);
}

function compileShare(share: unknown, depth: number): Share | undefined {
  if (!Array.isArray(share) || share.length === 0 || share.length > 2) return undefined;
  const variant = compileExpression(share[0], depth + 1);
  const weight = compileExpression(share.length === 1 ? 1 : share[1], depth + 1);
  const isFixed = share.every((part) => typeof part !== "object" || part === null);
  return variant === undefined || weight === undefined ? undefined : { variant, weight, isFixed };
}

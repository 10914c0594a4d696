/**
 * The operators of targeting, as flagd has them (https://flagd.dev/reference/flag-definitions/): JSON Logic's and its
 * own. Each with how many arguments it takes, so that what is written, what is checked and what the edge runs cannot differ.
 * JSON Logic's loops and arithmetic are left out: they would make the cost of a request depend on what a client sends.
 */

export type Arity = { readonly min: number; readonly max: number };

const AT_LEAST_ONE: Arity = { min: 1, max: Number.POSITIVE_INFINITY };
const ONE: Arity = { min: 1, max: 1 };
const TWO: Arity = { min: 2, max: 2 };
/** With three it is "between". */
const TWO_OR_THREE: Arity = { min: 2, max: 3 };

export const FLAG_OPERATORS = {
  if: AT_LEAST_ONE,
  "==": TWO,
  "===": TWO,
  "!=": TWO,
  "!==": TWO,
  "!": ONE,
  "!!": ONE,
  in: TWO,
  and: AT_LEAST_ONE,
  or: AT_LEAST_ONE,
  "<": TWO_OR_THREE,
  "<=": TWO_OR_THREE,
  ">": TWO_OR_THREE,
  ">=": TWO_OR_THREE,
  /** A path, and what counts when there is nothing at it. */
  var: { min: 1, max: 2 },
  cat: AT_LEAST_ONE,
  sem_ver: { min: 3, max: 3 },
  starts_with: TWO,
  ends_with: TWO,
  fractional: AT_LEAST_ONE,
} as const satisfies Readonly<Record<string, Arity>>;
export type FlagOperator = keyof typeof FLAG_OPERATORS;

/** Stands for an evaluator of that name, wherever an expression may stand. */
export const REFERENCE = "$ref";

export const SEM_VER_OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "^", "~"] as const;
export type SemVerOperator = (typeof SEM_VER_OPERATORS)[number];

/** flagd buckets with 32-bit arithmetic, so the weights of one `fractional` sum to no more. */
export const FRACTION_WEIGHT_MAX = 2 ** 31 - 1;

export function isFlagOperator(name: string): name is FlagOperator {
  return Object.hasOwn(FLAG_OPERATORS, name);
}

/**
 * Comparisons of JSON Logic: strings as strings, everything else as numbers (`null` is 0, `true` is 1), and what is no
 * number cannot be compared. `===` and `!==` compare without any of it.
 */
import { FAILED } from "./scope.ts";

export type Comparison = (a: unknown, b: unknown) => boolean | typeof FAILED;

type Ordered = string | number | null;

export const COMPARISONS = {
  "==": loosely((a, b) => a === b),
  "!=": loosely((a, b) => a !== b),
  "===": (a, b) => a === b,
  "!==": (a, b) => a !== b,
  "<": loosely((a, b) => (a as number) < (b as number)), // the operator itself tells strings from numbers
  "<=": loosely((a, b) => (a as number) <= (b as number)),
  ">": loosely((a, b) => (a as number) > (b as number)),
  ">=": loosely((a, b) => (a as number) >= (b as number)),
} as const satisfies Readonly<Record<string, Comparison>>;

function loosely(compare: (a: Ordered, b: Ordered) => boolean): Comparison {
  return (a, b) => {
    if (isText(a) && isText(b)) return compare(a, b);
    const [left, right] = [numberOf(a), numberOf(b)];
    if (left === undefined || right === undefined) return FAILED;
    return Number.isNaN(left) || Number.isNaN(right) ? FAILED : compare(left, right);
  };
}

function isText(value: unknown): value is string | null {
  return typeof value === "string" || value === null;
}

/** NaN for words, undefined for lists and objects. */
function numberOf(value: unknown): number | undefined {
  return typeof value === "object" && value !== null ? undefined : Number(value);
}

/** What `if`, `and`, `or` and `!` take for true: as JavaScript, but empty lists and objects are false. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/**
 * What an expression may come to, as far as that can be read off it: the literal results, each with its place. What
 * depends on the client alone is left out. flagd takes the text of a result as the name of a variant, so `true` that
 * slips through an `and` is the variant "true", which most flags do not have.
 */
import type { FindingPath } from "../findings.ts";
import type { FlagLogic } from "../flag.ts";
import { REFERENCE } from "../flag-operators.ts";
import { type Evaluators, referenceIn } from "../flag-references.ts";

export type Outcome = { readonly value: string | number | boolean; readonly path: FindingPath };

/** Those in evaluators have the place of the reference. `logic` has passed `problemsOfLogic`. */
export function outcomesOf(logic: unknown, path: FindingPath, evaluators: Evaluators): readonly Outcome[] {
  if (typeof logic === "string" || typeof logic === "number" || typeof logic === "boolean")
    return [{ value: logic, path }];
  if (typeof logic !== "object" || logic === null || Array.isArray(logic)) return [];
  const [operator = "", operand] = Object.entries(logic)[0] ?? [];
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const at = [...path, operator];
  const of = (index: number) => outcomesOf(list[index], Array.isArray(operand) ? [...at, index] : at, evaluators);
  switch (operator) {
    case REFERENCE:
      return outcomesOfReference(logic as FlagLogic, path, evaluators); // an object, as was looked up above
    case "if":
      return list.flatMap((_, index) => (isBranch(index, list.length) ? of(index) : []));
    case "and":
      return list.flatMap((_, index) => of(index).filter(({ value }) => index === list.length - 1 || !value));
    case "or":
      return list.flatMap((_, index) => of(index).filter(({ value }) => index === list.length - 1 || Boolean(value)));
    case "var":
      return list.length < 2 ? [] : of(1);
    case "cat":
      return [];
    case "fractional":
      return list.flatMap((arm, index) =>
        Array.isArray(arm) ? outcomesOf(arm[0], [...at, index, 0], evaluators) : [],
      );
    default:
      return [true, false].map((value) => ({ value, path: at }));
  }
}

/** Conditions stand at even places, and the last of an odd number of arguments is what holds otherwise. */
function isBranch(index: number, length: number): boolean {
  return index % 2 === 1 || (index === length - 1 && length % 2 === 1);
}

function outcomesOfReference(logic: FlagLogic, path: FindingPath, evaluators: Evaluators): readonly Outcome[] {
  const evaluator = evaluators.get(referenceIn(logic) ?? "");
  return evaluator === undefined ? [] : outcomesOf(evaluator, path, evaluators).map(({ value }) => ({ value, path }));
}

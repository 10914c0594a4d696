/**
 * Puts evaluators in the place of the references to them. One replaces the other as it stands, so the edge and SDKs of
 * flagd see the same expression; an evaluator itself refers to nobody, so this ends after one step.
 */
import type { FlagLogic } from "./flag.ts";
import { REFERENCE } from "./flag-operators.ts";

export type Evaluators = ReadonlyMap<string, FlagLogic>;

/** The name in `{"$ref": "name"}`, or undefined for any other value. */
export function referenceIn(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, REFERENCE)) return undefined;
  const name: unknown = (value as Readonly<Record<string, unknown>>)[REFERENCE]; // an object that has this key
  return typeof name === "string" ? name : undefined;
}

/** A reference to an evaluator that does not exist stays as it is. */
export function expandReferences(logic: FlagLogic, evaluators: Evaluators): FlagLogic {
  return expand(logic, evaluators) as FlagLogic; // an object comes out of an object
}

function expand(value: unknown, evaluators: Evaluators): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => expand(item, evaluators));
  const name = referenceIn(value);
  const evaluator = name === undefined ? undefined : evaluators.get(name);
  if (evaluator !== undefined) return evaluator;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, evaluators)]));
}

/**
 * `${parameter}` in the strings of a template: where they are, and the same value with them replaced. There is no
 * arithmetic, no condition and no escape; a replaced value is not looked at again.
 */
import type { ParameterValue } from "./documents/cluster-template.ts";
import type { FindingPath } from "./findings.ts";
import { invariant } from "./invariant.ts";

const PLACEHOLDER_PATTERN = /\$\{([a-z][a-zA-Z0-9]{0,39})\}/g;
const WHOLE_PATTERN = /^\$\{([a-z][a-zA-Z0-9]{0,39})\}$/;

/** One string that holds a `${`. */
export type Placeholders = {
  readonly path: FindingPath;
  readonly names: readonly string[];
  /** A `${` in it does not begin a parameter. */
  readonly malformed: boolean;
};

export function findPlaceholders(value: unknown, path: FindingPath = []): readonly Placeholders[] {
  if (typeof value === "string") return value.includes("${") ? [readPlaceholders(value, path)] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => findPlaceholders(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => findPlaceholders(item, [...path, key]));
}

function readPlaceholders(text: string, path: FindingPath): Placeholders {
  const names = [...text.matchAll(PLACEHOLDER_PATTERN)].map((match) => match[1] ?? "");
  return { path, names, malformed: text.replaceAll(PLACEHOLDER_PATTERN, "").includes("${") };
}

/** A string that is nothing but one `${parameter}` takes the parameter's type; inside other text it becomes text. */
export function substitute(value: unknown, values: ReadonlyMap<string, ParameterValue>): unknown {
  if (typeof value === "string") return substituteText(value, values);
  if (Array.isArray(value)) return value.map((item) => substitute(item, values));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, values)]));
}

function substituteText(text: string, values: ReadonlyMap<string, ParameterValue>): ParameterValue {
  const whole = WHOLE_PATTERN.exec(text)?.[1];
  if (whole !== undefined) return boundValue(whole, values);
  return text.replaceAll(PLACEHOLDER_PATTERN, (_, name: string) => String(boundValue(name, values)));
}

function boundValue(name: string, values: ReadonlyMap<string, ParameterValue>): ParameterValue {
  const value = values.get(name);
  invariant(value !== undefined, "every placeholder has a value when a template is resolved");
  return value;
}

/**
 * What zod found, said in the words of the people who write documents. One issue becomes one finding or more; the path,
 * the code and the sentence never show how the schema is built (unions, branches, patterns).
 */
import type * as z from "zod/mini";
import type { Finding, FindingCode, FindingPath } from "./findings.ts";
import { branchesAt, keysAt, wordsAt } from "./schema-shape.ts";
import { SECRET_SENTENCES } from "./secret-version.ts";
import { suggest } from "./suggest.ts";

/**
 * What zod says where a schema has no sentence of its own. Whoever parses must pass it as `error`: a bundle that also
 * holds the full zod has that one's English locale installed, whose sentences could not be told from the schema's.
 */
export const NO_SENTENCE = "Invalid input";

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** Issues of one document; `base` is where `input` stands among the inputs. */
export function describeIssues(
  schema: Schema,
  input: unknown,
  issues: readonly Issue[],
  base: FindingPath,
): readonly Finding[] {
  return issues.flatMap((issue) => describeIssue({ schema, input, base }, issue, []));
}

type Context = { readonly schema: Schema; readonly input: unknown; readonly base: FindingPath };

/** `outer` is the path of the union that the issue is a branch of; paths in branches begin there. */
function describeIssue(context: Context, issue: Issue, outer: FindingPath): Finding[] {
  const path = [...outer, ...issue.path.map(keyOf)];
  const value = valueAt(context.input, path);
  const field = nameOf(path);
  const finding = (code: FindingCode, message: string, didYouMean?: string): Finding[] => [
    {
      code,
      severity: "error",
      path: [...context.base, ...path],
      message,
      ...(didYouMean === undefined ? {} : { didYouMean }),
    },
  ];
  const described = ({ code, message, didYouMean }: Description) => finding(code, message, didYouMean);
  const missing = () => finding("field.missing", `${field} is missing`);
  switch (issue.code) {
    case "invalid_type":
      return value === undefined
        ? missing()
        : finding("field.type", `${field} must be ${describeExpected(issue.expected)}, not ${shown(value)}`);
    case "invalid_value":
      return value === undefined ? missing() : described(describeValue(field, issue.values, value));
    case "too_small":
    case "too_big":
      return described(describeBound(field, issue));
    case "not_multiple_of":
      return finding("field.range", `${field} must be a multiple of ${issue.divisor}`);
    case "invalid_format":
    case "custom":
      return described(describeFormat(context, path, issue.message, value));
    case "unrecognized_keys":
      return issue.keys.flatMap((key) => describeUnknownKey(context, path, key));
    case "invalid_key":
    case "invalid_element":
      return finding("field.format", `the key ${field} ${issue.issues[0]?.message ?? "has the wrong form"}`);
    case "invalid_union":
      return value === undefined ? missing() : describeUnion(context, issue, path);
  }
}

function keyOf(key: PropertyKey): string | number {
  return typeof key === "number" ? key : String(key);
}

/** Own properties only: a document may name a field `constructor`. */
function valueAt(input: unknown, path: FindingPath): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key]; // an object that has this key
  }
  return value;
}

/** The last named part: `"latitude"`, or `entry 2 of "hosts"`. */
function nameOf(path: FindingPath): string {
  const last = path.at(-1);
  if (last === undefined) return "the document";
  if (typeof last === "string") return JSON.stringify(last);
  const list = path.slice(0, -1).findLast((key) => typeof key === "string");
  return `entry ${last + 1} of ${list === undefined ? "the list" : JSON.stringify(list)}`;
}

const SHOWN_LENGTH_MAX = 60;

/** A value as a message may show it: short, on one line, and only ever what the writer wrote. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length <= SHOWN_LENGTH_MAX ? value : `${value.slice(0, SHOWN_LENGTH_MAX)}...`);
}

function article(noun: string): string {
  return /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

function describeExpected(expected: string): string {
  return EXPECTED[expected] ?? article(expected);
}

type Description = {
  readonly code: FindingCode;
  readonly message: string;
  readonly didYouMean?: string | undefined;
};

function describeValue(field: string, values: readonly unknown[], value: unknown): Description {
  const code = "field.value";
  if (values.length === 1) return { code, message: `${field} must be ${shown(values[0])}, not ${shown(value)}` };
  const names = values.map(String);
  const message = `${field} must be one of ${names.join(", ")}, not ${shown(value)}`;
  return { code, message, didYouMean: typeof value === "string" ? suggest(value, names) : undefined };
}

/** Text that has the wrong form may be a slip for a word that stands beside that form, as `off` beside a duration. */
function describeFormat({ schema }: Context, path: FindingPath, sentence: string, value: unknown): Description {
  const words = wordsAt(schema, path);
  const alternative = words.length === 0 ? "" : `, or be ${words.join(" or ")}`;
  const instead = SECRET_SENTENCES.has(sentence) ? "" : `, not ${shown(value)}`;
  const message = `${nameOf(path)} ${sentence}${alternative}${instead}`;
  return { code: "field.format", message, didYouMean: typeof value === "string" ? suggest(value, words) : undefined };
}

type BoundIssue = Extract<Issue, { code: "too_small" | "too_big" }>;

function describeBound(field: string, issue: BoundIssue): Description {
  const small = issue.code === "too_small";
  const limit = Number(small ? issue.minimum : issue.maximum);
  if (issue.message !== NO_SENTENCE) return { code: "field.length", message: `${field} ${issue.message}` };
  const most = small ? "at least" : "at most";
  switch (issue.origin) {
    case "string":
      return { code: "field.length", message: `${field} must have ${most} ${count(limit, "character")}` };
    case "array":
    case "set":
      return { code: "field.length", message: `${field} must have ${most} ${count(limit, "entry")}` };
    default:
      return { code: "field.range", message: `${field} must be ${most} ${limit}` };
  }
}

function count(n: number, noun: string): string {
  if (n === 1) return `1 ${noun}`;
  return `${n} ${noun === "entry" ? "entries" : `${noun}s`}`;
}

function describeUnknownKey({ schema, base }: Context, path: FindingPath, key: string): Finding[] {
  const known = keysAt(schema, path);
  const didYouMean = suggest(key, known);
  const owner = path.length === 0 ? "a document" : nameOf(path);
  const message = `${owner} has no field ${shown(key)}${known.length === 0 ? "" : `: it has ${known.join(", ")}`}`;
  return [
    {
      code: "field.unknown",
      severity: "error",
      path: [...base, ...path, key],
      message,
      ...(didYouMean === undefined ? {} : { didYouMean }),
    },
  ];
}

type UnionIssue = Extract<Issue, { code: "invalid_union" }>;

/**
 * Of the branches of a union only the one that was meant is spoken of. When branches are told apart by which key is
 * there (`exact`, `prefix`, `pattern`) and it is not clear which was meant, the sentence is about the choice.
 */
function describeUnion(context: Context, issue: UnionIssue, path: FindingPath): Finding[] {
  if (issue.errors.length === 0) return describeDiscriminator(context, issue, path);
  const value = valueAt(context.input, path);
  const choices = branchesAt(context.schema, path);
  if (choices.length > 1 && typeof value === "object" && value !== null && !Array.isArray(value)) {
    const present = choices.filter((choice) => Object.hasOwn(value, choice));
    if (present.length !== 1) return describeChoice(context, path, choices, Object.keys(value));
  }
  const ranked = issue.errors.map((branch) => ({ branch, cost: costOf(branch, value) }));
  const least = Math.min(...ranked.map(({ cost }) => cost));
  const meant = ranked.filter(({ cost }) => cost === least);
  if (least < MISMATCH_COST && meant[0] !== undefined)
    return meant[0].branch.flatMap((inner) => describeIssue(context, inner, path));
  return describeAlternatives(context, issue, path);
}

/** The value is not even of the branch's type. */
const MISMATCH_COST = 1_000;

function costOf(branch: readonly Issue[], value: unknown): number {
  return branch.reduce((cost, issue) => {
    if (issue.path.length > 0) return cost + 1;
    if (issue.code === "invalid_value") return cost + MISMATCH_COST;
    if (issue.code !== "invalid_type") return cost + 1;
    // A fraction where a whole number belongs is a slip in the right branch.
    return cost + (issue.expected === "int" && typeof value === "number" ? 1 : MISMATCH_COST);
  }, 0);
}

function describeDiscriminator({ input, base }: Context, issue: UnionIssue, path: FindingPath): Finding[] {
  const value = valueAt(input, path);
  const options = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  const at = [...base, ...path];
  const field = nameOf(path);
  if (value === undefined)
    return [{ code: "field.missing", severity: "error", path: at, message: `${field} is missing` }];
  const { code, message, didYouMean } = describeValue(field, options, value);
  return [{ code, severity: "error", path: at, message, ...(didYouMean === undefined ? {} : { didYouMean }) }];
}

function describeChoice(
  context: Context,
  path: FindingPath,
  choices: readonly string[],
  keys: readonly string[],
): Finding[] {
  const unknown = keys.filter((key) => !choices.includes(key));
  if (unknown.length > 0) return unknown.flatMap((key) => describeUnknownKey(context, path, key));
  const message = `${nameOf(path)} must have exactly one of ${choices.join(", ")}`;
  return [{ code: "field.choice", severity: "error", path: [...context.base, ...path], message }];
}

function describeAlternatives({ input, base }: Context, issue: UnionIssue, path: FindingPath): Finding[] {
  const value = valueAt(input, path);
  const roots = issue.errors.flatMap((branch) => branch.filter((inner) => inner.path.length === 0));
  const words = roots.flatMap((inner) => (inner.code === "invalid_value" ? inner.values.map(String) : []));
  const types = roots.flatMap((inner) => (inner.code === "invalid_type" ? [describeExpected(inner.expected)] : []));
  const didYouMean = typeof value === "string" ? suggest(value, words) : undefined;
  const message = `${nameOf(path)} must be ${[...words, ...new Set(types)].join(" or ")}, not ${shown(value)}`;
  const at = [...base, ...path];
  return [
    { code: "field.type", severity: "error", path: at, message, ...(didYouMean === undefined ? {} : { didYouMean }) },
  ];
}

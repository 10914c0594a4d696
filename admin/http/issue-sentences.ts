/**
 * What a schema's issue says to a person. Our own messages are sentences already; the library's are put into ours, so that
 * nobody has to know what "Too small" or "received undefined" means.
 */

/** The parts of a zod issue that say something. */
export type SchemaIssue = {
  readonly code?: string | undefined;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly expected?: unknown;
  readonly origin?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly values?: unknown;
};

/** How the library begins its sentences; ours begin otherwise. */
const NOT_OURS = /^(Invalid|Too |Unrecognized)/;

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  tuple: "a list",
};

export function sentenceOf(issue: SchemaIssue): string {
  const subject = subjectOf(issue.path);
  if (issue.code === "custom" || !NOT_OURS.test(issue.message)) return `${subject} ${issue.message}`;
  switch (issue.code) {
    case "invalid_type":
      return issue.message.endsWith("received undefined")
        ? `${subject} is missing.`
        : `${subject} must be ${TYPE_WORDS[String(issue.expected)] ?? "of another type"}.`;
    case "too_small":
      return issue.origin === "number" || issue.origin === "int"
        ? `${subject} must be at least ${String(issue.minimum)}.`
        : `${subject} must not be empty.`;
    case "too_big":
      return `${subject} must be at most ${String(issue.maximum)}${isNumber(issue.origin) ? "" : " long"}.`;
    case "invalid_value":
      return `${subject} must be one of ${Array.isArray(issue.values) ? issue.values.map(String).join(", ") : "a few values"}.`;
    case "invalid_key":
      return `${subject} has a key that is not a name.`;
    default:
      return `${subject} does not have the form that is expected.`;
  }
}

function isNumber(origin: unknown): boolean {
  return origin === "number" || origin === "int";
}

function subjectOf(path: readonly PropertyKey[]): string {
  const last = path.at(-1);
  if (last === undefined) return "The body";
  return typeof last === "number" ? `Entry ${last}` : `"${String(last)}"`;
}

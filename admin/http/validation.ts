/** What a schema found, as a problem: 422 for a body, 400 for parameters. All that is wrong is said, not the first. */
import type { Hook } from "@hono/zod-openapi";
import type { AdminProblemItem } from "../../config/admin-problems.ts";
import { jsonPointer } from "../../config/findings.ts";
import type { AppEnv } from "./context.ts";
import { type SchemaIssue, sentenceOf } from "./issue-sentences.ts";
import { refuse } from "./problem.ts";

/** As many as a person can read; a body of rubbish must not make an answer of megabytes. */
const ITEMS_MAX = 100;

// The library's own type for a default hook has `any` for the data, which is not touched here.
export const onValidation: Hook<unknown, AppEnv, string, Response | undefined> = (result, c) => {
  if (result.success) return undefined;
  const errors = firstOfEach(result.error.issues.flatMap(itemsOf)).slice(0, ITEMS_MAX);
  return result.target === "json"
    ? refuse(c, { code: "bodyInvalid", detail: "The body does not have the shape that is expected.", errors })
    : refuse(c, { code: "parameterInvalid", detail: "A parameter is not what is expected.", errors });
};

/** One sentence a place: what else is wrong with a value of the wrong type follows from that. */
function firstOfEach(items: readonly AdminProblemItem[]): readonly AdminProblemItem[] {
  return items.filter(({ pointer }, index) => items.findIndex((other) => other.pointer === pointer) === index);
}

function itemsOf(issue: SchemaIssue & { readonly keys?: readonly string[] }): readonly AdminProblemItem[] {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const code = `schema.${issue.code ?? "invalid"}`;
  if (issue.code !== "unrecognized_keys") return [{ pointer: jsonPointer(path), detail: sentenceOf(issue), code }];
  return (issue.keys ?? []).map((key) => ({
    pointer: jsonPointer([...path, key]),
    detail: "There is no such field here.",
    code: "schema.unknownKey",
  }));
}

/** Answers as the routes' schemas describe them, and the tags that go with them (RFC 9110 §8.8.3, §13.1). */
import type { z } from "@hono/zod-openapi";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import type { Result } from "../../config/result.ts";
import type { Mutation } from "../core/changes/mutation.ts";
import { fleetStub } from "../env.ts";
import type { AppContext } from "./context.ts";
import { refuse } from "./problem.ts";

/** The schema is only there so that the compiler compares the value with what the document promises. */
export function reply<S extends z.ZodType>(
  _schema: S,
  value: DeepReadonly<z.input<S>>,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(value, { headers });
}

export function etagOf(digest: string): string {
  return `"${digest}"`;
}

type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/**
 * The digests in an If-Match or If-None-Match field; undefined when it is absent or `*`. Weak tags never match a
 * strong one, so they are left out.
 */
export function digestsOf(field: string | undefined): readonly string[] | undefined {
  if (field === undefined || field.trim() === "*") return undefined;
  return [...field.matchAll(/(W\/)?"([^"]*)"/g)].flatMap(([, weak, digest]) =>
    weak === undefined && digest !== undefined ? [digest] : [],
  );
}

/** The one way from a route to the fleet object for everything that changes something. */
export async function mutate(c: AppContext, mutation: Mutation, dryRun: "true" | "false" | undefined) {
  const ifMatch = digestsOf(c.req.header("if-match"));
  const result = await fleetStub(c.env).mutate(mutation, {
    author: c.get("author"),
    dryRun: dryRun === "true",
    ...(ifMatch === undefined ? {} : { ifMatch }),
  });
  return result satisfies Result<unknown, AdminRefusal>;
}

/** A refusal, or the answer that every change gives. */
export function mutationReply(c: AppContext, result: Awaited<ReturnType<typeof mutate>>): Response {
  if (!result.ok) return refuse(c, result.error);
  const { digest, publication, ...answer } = result.value;
  const etag = etagOf(digest);
  return Response.json({ ...answer, etag, ...publication }, { headers: { etag } });
}

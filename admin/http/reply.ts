/** Answers as the routes' schemas describe them, and the tags that go with them (RFC 9110 §8.8.3, §13.1). */
import type { z } from "@hono/zod-openapi";
import type { RequestedMutation } from "../core/changes/mutation.ts";
import { fleetStub } from "../env.ts";
import { type AppContext, askerOf } from "./context.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import { refuse } from "./problem.ts";
import { markRecorded } from "./recorded.ts";

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
 * The digests in an If-Match or If-None-Match field, `*` for "whatever there is"; undefined when it is absent. Weak tags
 * never match a strong one, so they are left out.
 */
export function tagsOf(field: string | undefined): readonly string[] | "*" | undefined {
  if (field === undefined) return undefined;
  if (field.trim() === "*") return "*";
  return [...field.matchAll(/(W\/)?"([^"]*)"/g)].flatMap(([, weak, digest]) =>
    weak === undefined && digest !== undefined ? [digest] : [],
  );
}

/** The digest of a plan, bare or in quotes like a tag. */
const PLAN_PATTERN = /^"?([0-9a-f]{64})"?$/;

/** The one way from a route to the fleet object for everything that changes something. */
export async function mutate(c: AppContext, mutation: RequestedMutation, dryRun: "true" | "false" | undefined) {
  const idempotencyKey = idempotencyKeyOf(c.req.header("idempotency-key"));
  const planField = c.req.header("fairlead-plan");
  // What is no digest at all is the digest of no plan.
  const planDigest = planField === undefined ? undefined : (PLAN_PATTERN.exec(planField.trim())?.[1] ?? planField);
  const request = {
    mutation,
    ifMatch: tagsOf(c.req.header("if-match")),
    dryRun: dryRun === "true",
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(planDigest === undefined ? {} : { planDigest }),
  };
  const changed = await fleetStub(c.env).change(request, askerOf(c));
  markRecorded(c);
  return changed;
}

/** A refusal, the answer that every change gives, or where to find the approval that it waits for. */
export function mutationReply(c: AppContext, { answer, publication }: Awaited<ReturnType<typeof mutate>>): Response {
  if (!answer.ok) return refuse(c, answer.error);
  const { result, replayed } = answer.value;
  const replay = replayed ? { "idempotency-replayed": "true" } : {};
  if (result.kind === "pending") {
    const location = `/v1/approvals/${result.approvalId}`;
    const body = { approval: { id: result.approvalId, href: location }, audit: { index: result.auditIndex } };
    return Response.json(body, { status: 202, headers: { location, ...replay } });
  }
  const { kind: _, digest, auditIndex, ...done } = result;
  const etag = etagOf(digest);
  const body = { ...done, etag, ...publication, audit: { index: auditIndex } };
  return Response.json(body, { headers: { etag, ...replay } });
}

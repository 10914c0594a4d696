/**
 * The vocabulary of the API: schemas that several routes share, and the answers that every route may give. Strict
 * everywhere, so that a misspelt field or parameter is an error and never silently the default.
 */
import { type RouteConfig, z } from "@hono/zod-openapi";
import { ADMIN_PROBLEMS, type AdminProblemCode } from "../../config/admin-problems.ts";
import { parseDuration } from "../../config/duration.ts";
import { NAME_PATTERN } from "../../config/ids.ts";
import { NAME_LENGTH_MAX, REASON_LENGTH_MAX, TICKET_LENGTH_MAX } from "../../config/limits.ts";
import { normalizeHost } from "../../worker/routing/host.ts";

/** Everything but control characters, as `Reason` in config/overlays.ts has it; OpenAPI knows no flag for `\p{Cc}`. */
const PRINTABLE_PATTERN = /^[\x20-\x7e\u00a0-\uffff]*$/;

export const NameText = z
  .string()
  .max(NAME_LENGTH_MAX)
  .regex(NAME_PATTERN, "must be lower-case letters, digits and inner hyphens (a DNS label)");

export const ReasonText = z
  .string()
  .min(1)
  .max(REASON_LENGTH_MAX)
  .regex(PRINTABLE_PATTERN, "must not hold control characters")
  .openapi({ description: "Why, for the people who read the history.", example: "planned maintenance" });

export const TicketText = z
  .string()
  .min(1)
  .max(TICKET_LENGTH_MAX)
  .regex(PRINTABLE_PATTERN, "must not hold control characters")
  .openapi({ example: "OPS-1234" });

/** A duration as people write it, in milliseconds once it is read. */
export const DurationText = z
  .string()
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.issues.push({ code: "custom", message: 'must be a number with a unit, as in "90s" or "15m"', input: text });
    return z.NEVER;
  })
  .openapi({ type: "string", example: "15m" });

/** A host name as routes are matched with: lower case, no port. */
export const HostText = z
  .string()
  .transform((host, context) => {
    const normal = normalizeHost(host);
    if (normal !== undefined) return normal;
    context.issues.push({ code: "custom", message: "must be a host name, with or without a port", input: host });
    return z.NEVER;
  })
  .openapi({ type: "string", example: "shop.fairlead.example" });

/** Revisions and the like: positive integers; more digits than this cannot be one. */
export const NumberText = z.string().regex(/^[1-9][0-9]{0,14}$/, "must be a positive integer");

export const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

/** For lists, which are newest first and come in pages. */
export const PageQuery = z.strictObject({
  cursor: NumberText.optional().openapi({ description: "`nextCursor` of the page before." }),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, `must be between 1 and ${LIMIT_MAX}`)
    .transform(Number)
    .refine((limit) => limit <= LIMIT_MAX, `must be between 1 and ${LIMIT_MAX}`)
    .optional()
    .openapi({ type: "integer" }),
});

/** For routes without parameters in the query: even then an unknown one is refused. */
export const NoQuery = z.strictObject({});

export const MutationQuery = z.strictObject({
  dryRun: z
    .enum(["true", "false"])
    .optional()
    .openapi({ description: "`true`: answer what would change, and change nothing." }),
});

export const MutationHeaders = z.object({
  "if-match": z
    .string()
    .optional()
    .openapi({ description: "ETag of `GET /v1/fleet` that the change is based on, or `*` for whatever the state is." }),
});

const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    instance: z.string().openapi({ description: "The request id, as in `x-request-id`." }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string(), code: z.string(), didYouMean: z.string().optional() }))
      .optional(),
  })
  .openapi("Problem");

export const PublicationSchema = z
  .object({
    published: z.boolean().openapi({ description: "KV and every beacon hold this revision." }),
    carriers: z.array(z.object({ name: z.string(), revision: z.int(), error: z.string().optional() })),
  })
  .openapi("Publication");

/** What every change answers. `outcome` says what it did, in terms of what was asked for. */
export const mutationAnswer = <T extends z.ZodType>(outcome: T) =>
  z.object({
    revision: z.int().openapi({ description: "The target after the change." }),
    etag: z.string(),
    changed: z.boolean(),
    dryRun: z.boolean(),
    published: z.boolean(),
    carriers: PublicationSchema.shape.carriers,
    outcome,
  });

/** Any request under /v1 may meet these. */
const COMMON_CODES = ["unauthenticated", "parameterInvalid", "internal", "unavailable"] as const;

/** Any request with a body may meet these. */
export const BODY_CODES = [
  "bodyMalformed",
  "bodyInvalid",
  "bodyTooLarge",
  "bodyTimeout",
  "contentTypeUnsupported",
] as const satisfies readonly AdminProblemCode[];

/** Any change may meet these. */
export const MUTATION_CODES = [...BODY_CODES, "preconditionFailed", "commitContended"] as const;

/** The answers of a route: its own, and the problems with one entry for each status. */
export function answers(
  schema: z.ZodType,
  description: string,
  codes: readonly AdminProblemCode[] = [],
): RouteConfig["responses"] {
  const byStatus = new Map<number, AdminProblemCode[]>();
  for (const code of new Set([...COMMON_CODES, ...codes])) {
    const { status } = ADMIN_PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const problems = [...byStatus].map(([status, found]) => [
    String(status),
    {
      description: found.map((code) => `\`${code}\`: ${ADMIN_PROBLEMS[code].title}.`).join(" "),
      content: { "application/problem+json": { schema: Problem } },
    },
  ]);
  return { 200: { description, content: { "application/json": { schema } } }, ...Object.fromEntries(problems) };
}

/**
 * JSON has no `undefined`, so an optional field that is there has a value. The library describes only `optional()`
 * rightly, not `exactOptional()`; this gives the types of the latter.
 */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // The entries left are those of `value` that are not undefined, which is what the type says.
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** A required JSON body. */
export function jsonRequest<T extends z.ZodType>(schema: T) {
  return { content: { "application/json": { schema } }, required: true } as const;
}

/**
 * The vocabulary of requests: schemas that several routes share. Strict everywhere, so that a misspelt field or
 * parameter is an error and never silently the default.
 */
import { z } from "@hono/zod-openapi";
import { parseDuration } from "../../config/duration.ts";
import { NAME_PATTERN } from "../../config/ids.ts";
import { NAME_LENGTH_MAX, REASON_LENGTH_MAX, TICKET_LENGTH_MAX } from "../../config/limits.ts";
import { normalizeHost } from "../../worker/routing/host.ts";
import { DIGEST } from "./examples.ts";

/**
 * Everything but control characters, as `Reason` in config/overlays.ts has it. Spelt out, because OpenAPI knows no flag
 * for `\p{Cc}`, and by what it leaves out, because a reader with the flag would stop at U+FFFF and refuse emoji.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
const PRINTABLE_PATTERN = /^[^\x00-\x1f\x7f-\x9f]*$/;

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

/** For answers: what is described where it is made, and may have any members here. */
export const AnyObject = z.looseObject({});

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

/** In a query. */
export const TimeText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,14})$/, "must be milliseconds since the epoch")
  .openapi({ type: "integer", minimum: 0 });

export const ScopeSchema = z
  .object({ regions: z.array(z.string()), services: z.array(z.string()), clusters: z.array(z.string()) })
  .openapi("Scope", { description: "What something is about; an empty list is all of them." });

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
    .openapi({ type: "integer", minimum: 1, maximum: LIMIT_MAX, description: `${LIMIT_DEFAULT} when absent.` }),
});

/** For routes without parameters in the query: even then an unknown one is refused. */
export const NoQuery = z.strictObject({});

export const MutationQuery = z.strictObject({
  dryRun: z
    .enum(["true", "false"])
    .optional()
    .openapi({ description: "`true`: answer what would change, and change nothing." }),
});

/**
 * The description says that `if-match` is required, and what the others look like. Their absence and their form are not
 * for the schema to judge, which would answer 400 to all: without `if-match` the answer is 428, with the digest of no
 * plan 409, and admin/http/idempotency-key.ts reads keys.
 */
export const MutationHeaders = z.object({
  "if-match": z
    .string()
    .optional()
    .openapi({
      param: { required: true },
      description: "ETag of `GET /v1/fleet` that the change is based on, or `*` for whatever the state is.",
      example: "*",
    }),
  "idempotency-key": z.string().optional().openapi({
    pattern: '^"?[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,255}"?$',
    description: "The same request again with the same key gets the same answer, and is done once.",
    example: "5c3d2f7e-deploy-1842",
  }),
  "fairlead-plan": z.string().optional().openapi({
    pattern: '^"?[0-9a-f]{64}"?$',
    description: "Digest of the plan that a dry run answered: the change is refused when it would do anything else.",
    example: DIGEST,
  }),
});

/** What every change takes beside its body and the parameters of its path. */
export const MUTATION = { query: MutationQuery, headers: MutationHeaders } as const;

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

/** A required JSON body. The linters hold the example to the schema, the compiler to its type. */
export function jsonRequest<T extends z.ZodType>(schema: T, example: z.input<T>) {
  return { content: { "application/json": { schema, example } }, required: true } as const;
}

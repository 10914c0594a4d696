/**
 * What routes answer: their success with an example, the answer that every change gives, and the problems that may come
 * instead, one entry a status.
 */
import { type RouteConfig, z } from "@hono/zod-openapi";
import { ADMIN_PROBLEMS, type AdminProblemCode } from "../../config/admin-problems.ts";
import { CARRIERS, ETAG, REQUEST_ID, REVISION } from "./examples.ts";
import { PlanSchema } from "./plan-schema.ts";
import { ProblemSchema } from "./problem-schema.ts";
import { VerdictSchema } from "./verdict-schema.ts";

const APPROVAL = { id: "7f3e5a1c", href: "/v1/approvals/7f3e5a1c" };

/** Headers of answers, by name. Each becomes a component of the description, to which the answers refer. */
export const ANSWER_HEADERS = {
  "x-request-id": {
    description: "The id of this request; the log has it too.",
    required: true,
    schema: { type: "string", format: "uuid" },
    example: REQUEST_ID,
  },
  etag: {
    description: "The state after this answer, for `If-Match` and `If-None-Match`.",
    required: true,
    schema: { type: "string" },
    example: ETAG,
  },
  link: {
    description: "The next page, as RFC 8288 has it; absent on the last.",
    schema: { type: "string" },
    example: '</v1/revisions?cursor=17&limit=50>; rel="next"',
  },
  location: {
    description: "Where the approval is that the change waits for.",
    required: true,
    schema: { type: "string" },
    example: APPROVAL.href,
  },
  "idempotency-replayed": {
    description: "`true`: this is the answer that the same request got before; nothing was done again.",
    schema: { type: "boolean" },
    example: true,
  },
  "retry-after": {
    description: "In how many seconds the same request may be answered otherwise.",
    schema: { type: "integer", minimum: 0 },
    example: 1,
  },
  "www-authenticate": {
    description: "How to say who asks.",
    required: true,
    schema: { type: "string" },
    example: 'Bearer realm="fairlead"',
  },
  "fairlead-published": {
    description: "`true` when KV and every beacon hold this revision.",
    required: true,
    schema: { type: "boolean" },
    example: true,
  },
} as const;

type AnswerHeader = keyof typeof ANSWER_HEADERS;

export const headerRefs = (names: readonly AnswerHeader[]) =>
  Object.fromEntries(
    (["x-request-id", ...names] as const).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );

/** Any request may meet these. */
export const OPEN_CODES = ["parameterInvalid", "internal"] as const satisfies readonly AdminProblemCode[];

/** Any request under /v1 may meet these. */
const COMMON_CODES = [...OPEN_CODES, "unauthenticated", "forbidden", "unavailable"] as const;

/** Any request with a body may meet these. */
export const BODY_CODES = [
  "bodyMalformed",
  "bodyInvalid",
  "bodyTooLarge",
  "bodyTimeout",
  "contentTypeUnsupported",
] as const satisfies readonly AdminProblemCode[];

/** Any change may meet these. */
const MUTATION_CODES = [
  ...BODY_CODES,
  "preconditionRequired",
  "preconditionFailed",
  "planStale",
  "managedByOther",
  "ruleDenied",
  "idempotencyRunning",
  "idempotencyMismatch",
] as const satisfies readonly AdminProblemCode[];

export type Success<Value> = {
  readonly description: string;
  /** As it would come back; the linters hold it to the schema. */
  readonly example: Value;
  /** Problems beside those that every such route has. */
  readonly codes?: readonly AdminProblemCode[];
  readonly headers?: readonly AnswerHeader[];
};

/** The answers of a route under /v1. */
export function answers<S extends z.ZodType>(schema: S, success: Success<z.input<S>>): RouteConfig["responses"] {
  return {
    200: okAnswer("application/json", schema, success),
    ...problemAnswers([...COMMON_CODES, ...(success.codes ?? [])]),
  };
}

/** One success of any media type. */
export function okAnswer<S extends z.ZodType>(
  mediaType: string,
  schema: S,
  { description, example, headers = [] }: Success<z.input<S>>,
) {
  return { description, headers: headerRefs(headers), content: { [mediaType]: { schema, example } } };
}

/** By status. */
const PROBLEM_HEADERS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ["www-authenticate"],
  409: ["retry-after"],
  429: ["retry-after"],
  503: ["retry-after"],
};

/** The problems that have one of the codes. */
export function problemAnswers(codes: readonly AdminProblemCode[]): RouteConfig["responses"] {
  const byStatus = Map.groupBy(new Set(codes), (code) => ADMIN_PROBLEMS[code].status);
  const entries = [...byStatus].map(([status, found]) => [
    String(status),
    {
      description: found.map((code) => `\`${code}\`: ${ADMIN_PROBLEMS[code].title}.`).join(" "),
      headers: headerRefs(PROBLEM_HEADERS[status] ?? []),
      content: { "application/problem+json": { schema: ProblemSchema } },
    },
  ]);
  return Object.fromEntries(entries);
}

export const PublicationSchema = z
  .object({
    published: z.boolean().openapi({ description: "KV and every beacon hold this revision." }),
    trial: z.object({ vantage: z.string(), sinceRevision: z.int(), untilMs: z.int() }).optional().openapi({
      description: "While one vantage alone has it: everybody gets it when nothing goes wrong until then.",
    }),
    carriers: z.array(z.object({ name: z.string(), revision: z.int(), error: z.string().optional() })),
  })
  .openapi("Publication");

const Audit = z.object({ index: z.int() }).openapi({ description: "The leaf in the audit log." });

/** What every change answers. `outcome` says what it did, in terms of what was asked for. */
const mutationAnswer = <O extends z.ZodType>(outcome: O) =>
  z.object({
    revision: z.int().openapi({ description: "The target after the change." }),
    etag: z.string(),
    changed: z.boolean().openapi({ description: "`false`: everything was so already, and there is no new revision." }),
    dryRun: z.boolean(),
    ...PublicationSchema.shape,
    outcome,
    verdicts: z.array(VerdictSchema).openapi({ description: "What every safety rule said of the change." }),
    audit: Audit,
    plan: PlanSchema.optional().openapi({ description: "With `dryRun=true` only." }),
  });

const MUTATION_EXAMPLE = {
  ...{ revision: REVISION, etag: ETAG, changed: true, dryRun: false },
  ...{ published: true, carriers: CARRIERS, audit: { index: 41 } },
  verdicts: [
    {
      ...{ rule: "regionsMin", outcome: "pass", sentence: "2 regions take new clients after the change; 1 must." },
      numbers: { accepting: 2, regionsMin: 1 },
    },
  ],
};

const PendingAnswer = z
  .object({ approval: z.object({ id: z.string(), href: z.string() }), audit: Audit })
  .openapi("PendingChange");

const MUTATION_HEADERS = ["etag", "idempotency-replayed"] as const;

/**
 * The answers of a route that changes something: done, or waiting for a second person. `name` is that of the answer's
 * schema; the example is the outcome.
 */
export function mutationAnswers<O extends z.ZodType>(
  name: string,
  outcome: O,
  { example, codes = [], headers = [], ...success }: Success<z.input<O>>,
): RouteConfig["responses"] {
  // The compiler cannot see through a generic outcome; the example is typed as the outcome just above.
  const whole: unknown = { ...MUTATION_EXAMPLE, outcome: example };
  const schema: z.ZodType<unknown, unknown> = mutationAnswer(outcome).openapi(name);
  return {
    ...answers(schema, {
      ...success,
      example: whole,
      codes: [...MUTATION_CODES, ...codes],
      headers: [...MUTATION_HEADERS, ...headers],
    }),
    202: okAnswer("application/json", PendingAnswer, {
      description: "Nothing is changed yet: a second person has to approve.",
      example: { approval: APPROVAL, audit: { index: 41 } },
      headers: ["location", "idempotency-replayed"],
    }),
  };
}

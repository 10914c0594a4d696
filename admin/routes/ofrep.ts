/**
 * OFREP, the protocol by which SDKs of OpenFeature ask for flags: one, or all with an ETag. Here and not at the edge,
 * whose addresses all belong to the services behind it. Clusters are handed what they go by with each request.
 */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import { loadFlag } from "../../worker/flags/loaded-flag.ts";
import { sha256Hex } from "../core/digest.ts";
import {
  contextFlaw,
  type Evaluation,
  type EvaluationFailure,
  evaluateAll,
  evaluateOne,
  type ServedFlag,
} from "../core/flags/ofrep.ts";
import { type AdminEnv, fleetStub } from "../env.ts";
import type { App, AppContext } from "../http/context.ts";
import { badRequest } from "../http/ofrep.ts";
import { etagOf, tagsOf } from "../http/reply.ts";
import { headerRefs, okAnswer, problemAnswers } from "./answers.ts";
import { ETAG } from "./examples.ts";
import { AnyObject } from "./schemas.ts";

const Key = z.string().openapi({ description: "The name of the flag.", example: "new-checkout" });

const EvaluationRequest = z
  .object({
    context: z.unknown().optional().openapi({
      type: "object",
      additionalProperties: true,
      description: "What is known of the one who asks: `targetingKey`, and `region`, whose overrides count.",
    }),
  })
  .openapi("EvaluationRequest");

const ErrorCode = z.enum([
  ...["FLAG_NOT_FOUND", "PARSE_ERROR", "TYPE_MISMATCH"],
  ...["TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL"],
] as const);

const EvaluationSuccess = z
  .object({
    key: Key,
    reason: z.enum(["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED"]),
    variant: z.string().optional(),
    value: z.union([z.boolean(), z.string(), z.number(), AnyObject]).optional().openapi({
      description: "Absent: the default that the code states holds.",
    }),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .openapi("EvaluationSuccess");

const FailureSchema = z
  .object({ key: Key.optional(), errorCode: ErrorCode, errorDetails: z.string() })
  .openapi("EvaluationFailure");

const BulkSuccess = z
  .object({ flags: z.array(z.union([EvaluationSuccess, FailureSchema])) })
  .openapi("BulkEvaluationSuccess");

const failureAnswer = (description: string, example: z.input<typeof FailureSchema>) => ({
  description,
  headers: headerRefs([]),
  content: { "application/json": { schema: FailureSchema, example } },
});

const SUCCESS_EXAMPLE = {
  ...{ key: "new-checkout", value: true, reason: "TARGETING_MATCH", variant: "on" },
} as const satisfies z.input<typeof EvaluationSuccess>;

const CODES = ["unauthenticated", "forbidden", "rateLimited", "internal", "unavailable"] as const;
const BODY_PROBLEMS = ["contentTypeUnsupported", "bodyTooLarge", "bodyTimeout"] as const;

const invalid = failureAnswer("The body, the context or the flag cannot be worked with.", {
  ...{ key: "new-checkout", errorCode: "INVALID_CONTEXT", errorDetails: "The targetingKey of the context is text." },
});

const request = {
  body: {
    required: false,
    content: {
      "application/json": {
        schema: EvaluationRequest,
        example: { context: { targetingKey: "user-17", region: "eu-west" } },
      },
    },
  },
} as const;

const security: RouteConfig["security"] = [{ bearer: [] }, { apiKey: [] }];

const oneRoute = createRoute({
  method: "post",
  path: "/ofrep/v1/evaluate/flags/{key}",
  operationId: "evaluateFlag",
  tags: ["ofrep"],
  security,
  summary: "Evaluate a flag",
  description: "What the flag gives in this context, and why. Asked by server-side SDKs, once for each question.",
  request: { ...request, params: z.object({ key: Key }) },
  responses: {
    200: okAnswer("application/json", EvaluationSuccess, { description: "What it gives.", example: SUCCESS_EXAMPLE }),
    400: invalid,
    404: failureAnswer("There is no such flag.", {
      ...{ key: "new-chekout", errorCode: "FLAG_NOT_FOUND", errorDetails: "There is no such flag." },
    }),
    ...problemAnswers([...CODES, ...BODY_PROBLEMS]),
  },
});

const allRoute = createRoute({
  method: "post",
  path: "/ofrep/v1/evaluate/flags",
  operationId: "evaluateFlags",
  tags: ["ofrep"],
  security,
  summary: "Evaluate all flags",
  description:
    "What every flag gives in this context. Asked by client-side SDKs, again and again: with `If-None-Match` the answer is 304 as long as it is the same.",
  request: {
    ...request,
    headers: z.object({
      "if-none-match": z.string().optional().openapi({ description: "The ETag of the last answer.", example: ETAG }),
    }),
  },
  responses: {
    200: okAnswer("application/json", BulkSuccess, {
      description: "What they give, by name.",
      example: { flags: [SUCCESS_EXAMPLE, { key: "old-banner", reason: "DISABLED" }] },
      headers: ["etag"],
    }),
    304: { description: "It is what it was.", headers: headerRefs(["etag"]) },
    400: invalid,
    ...problemAnswers([...CODES, ...BODY_PROBLEMS]),
  },
});

export function addOfrepRoutes(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
  });

  app.openapi(
    oneRoute,
    async (c) => {
      const context = readContext(c.req.valid("json"));
      if (typeof context === "string") return badRequest(c, "INVALID_CONTEXT", context);
      const { key } = c.req.valid("param");
      const answer = evaluateOne(await flagsOf(c.env), key, { context, nowMs: Date.now() });
      return Response.json(answer, { status: statusOf(answer) });
    },
    onInvalid,
  );

  app.openapi(
    allRoute,
    async (c) => {
      const context = readContext(c.req.valid("json"));
      if (typeof context === "string") return badRequest(c, "INVALID_CONTEXT", context);
      const body = JSON.stringify({ flags: evaluateAll(await flagsOf(c.env), { context, nowMs: Date.now() }) });
      const digest = sha256Hex(body);
      const tags = tagsOf(c.req.header("if-none-match"));
      const headers = { etag: etagOf(digest) };
      if (tags !== undefined && (tags === "*" || tags.includes(digest)))
        return new Response(null, { status: 304, headers });
      return new Response(body, { headers: { ...headers, "content-type": "application/json" } });
    },
    onInvalid,
  );
}

/** The body is JSON, but no object. */
function onInvalid(result: { readonly success: boolean }, c: AppContext): Response | undefined {
  return result.success ? undefined : badRequest(c, "INVALID_CONTEXT", "The body is an object with a context.");
}

function readContext({ context }: { readonly context?: unknown }): Readonly<Record<string, unknown>> | string {
  return contextFlaw(context) ?? ((context ?? {}) as Readonly<Record<string, unknown>>); // an object, as was looked at
}

function statusOf(answer: Evaluation | EvaluationFailure): number {
  if (!("errorCode" in answer)) return 200;
  return answer.errorCode === "FLAG_NOT_FOUND" ? 404 : 400;
}

type Served = { readonly tag: string; readonly flags: ReadonlyMap<string, ServedFlag> };

/** The last set of each environment, made ready: the fleet object is asked each time whether there is another. */
const servedByEnv = new WeakMap<AdminEnv, Served>();

async function flagsOf(env: AdminEnv): Promise<Served["flags"]> {
  const known = servedByEnv.get(env);
  const answer = await fleetStub(env).servedFlags(known?.tag);
  if (answer === "same" && known !== undefined) return known.flags;
  if (answer === "same") return new Map();
  const flags = new Map(
    answer.flags.map(({ flag, metadata }) => [
      flag.name as string,
      { flag: loadFlag(flag), ...(metadata === undefined ? {} : { metadata }) },
    ]),
  );
  servedByEnv.set(env, { tag: answer.tag, flags });
  return flags;
}

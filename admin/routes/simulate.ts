/** `/v1/simulate`: what whole documents or a list of changes would do, and which requests would be decided otherwise. */
import { createRoute, z } from "@hono/zod-openapi";
import { METHODS } from "../../config/documents/route.ts";
import { PATH_LENGTH_MAX } from "../../config/limits.ts";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { Documents, MutationBody, mutationOf } from "./mutation-bodies.ts";
import { PLAN_EXAMPLE, PlanSchema } from "./plan-schema.ts";
import { AnyObject, HostText, jsonRequest, NoQuery, withoutUndefined } from "./schemas.ts";

/** Each is decided twice, some microseconds each. */
const REQUESTS_MAX = 10_000;

const degrees = (limit: number) => z.number().min(-limit).max(limit).optional();

const RequestBody = z.strictObject({
  host: HostText,
  path: z
    .string()
    .max(PATH_LENGTH_MAX)
    .regex(/^\/[\x21-\x3e\x40-\x7e]*$/, "must start with / and hold no query")
    .default("/"),
  method: z.enum(METHODS).default("GET"),
  country: z
    .string()
    .regex(/^[A-Z][A-Z0-9]$/, "must be an ISO 3166-1 alpha-2 code, or T1 for Tor")
    .optional(),
  subdivision: z
    .string()
    .regex(/^[A-Z0-9]{1,3}$/, "must be the part of an ISO 3166-2 code behind the hyphen")
    .optional(),
  continent: z.enum(["AF", "AN", "AS", "EU", "NA", "OC", "SA"]).optional(),
  latitude: degrees(90),
  longitude: degrees(180),
  asn: z.int().min(1).max(4_294_967_295).optional(),
  key: z.string().min(1).max(500).optional().openapi({ description: "What keeps the client in place." }),
  headers: z.record(z.string().max(100), z.string().max(500)).optional(),
});

const simulateRoute = createRoute({
  method: "post",
  path: "/v1/simulate",
  operationId: "simulate",
  tags: ["plans"],
  summary: "Simulate documents, changes and requests",
  description:
    "Plans a whole set of documents, a list of changes, or both, on the target or on a past revision, without making them. Requests, given or sampled by edges, are decided before and after, and those that change are listed.",
  request: {
    query: NoQuery,
    body: jsonRequest(
      z.strictObject({
        documents: Documents.optional(),
        overlays: z
          .array(AnyObject)
          .max(10_000)
          .optional()
          .openapi({ description: "In the place of all live overlays, as `GET /v1/fleet` has them." }),
        mutations: z.array(MutationBody).max(100).optional(),
        revision: z
          .int()
          .min(1)
          .optional()
          .openapi({ description: "The revision to start from; the target when absent." }),
        requests: z.array(RequestBody).max(REQUESTS_MAX).optional(),
      }),
      {
        mutations: [{ kind: "drain", target: { kind: "region", name: "eu-west" }, reason: "what if" }],
        requests: [{ host: "shop.fairlead.example", country: "DE", continent: "EU", key: "198.18.0.7" }],
      },
    ),
  },
  responses: answers(PlanSchema, {
    description: "The plan.",
    example: PLAN_EXAMPLE,
    codes: [
      ...BODY_CODES,
      ...(["revisionUnknown", "documentsInvalid", "weightsInvalid", "drainInvalid", "expiryInvalid"] as const),
      ...(["freezeInvalid", "overrideInvalid", "restoreInvalid", "regionUnknown", "clusterUnknown"] as const),
      ...(["flagUnknown", "freezeUnknown", "overrideUnknown", "clearInvalid"] as const),
    ],
  }),
});

export function addSimulateRoutes(app: App): void {
  app.openapi(simulateRoute, async (c) => {
    const { mutations, requests, ...body } = withoutUndefined(c.req.valid("json"));
    const plan = await fleetStub(c.env).simulate({
      ...body,
      ...(mutations === undefined ? {} : { mutations: mutations.map(mutationOf) }),
      ...(requests === undefined ? {} : { requests: requests.map(withoutUndefined) }),
    });
    // It changes nothing, so it is a question and not a write that the audit log would hear of.
    markRecorded(c);
    return plan.ok ? reply(PlanSchema, plan.value) : refuse(c, plan.error);
  });
}

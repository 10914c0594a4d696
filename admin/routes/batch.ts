/** `/v1/batch`: several changes as one revision, or none of them. */
import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../http/context.ts";
import { mutate, mutationReply } from "../http/reply.ts";
import { mutationAnswers } from "./answers.ts";
import { MutationBody, mutationOf } from "./mutation-bodies.ts";
import { AnyObject, jsonRequest, MUTATION, ReasonText, TicketText, withoutUndefined } from "./schemas.ts";

/** More than anybody can look over before they say yes. */
const BATCH_MAX = 100;

const batchRoute = createRoute({
  method: "post",
  path: "/v1/batch",
  operationId: "commitBatch",
  tags: ["plans"],
  summary: "Make several changes as one",
  description:
    "All of them become one revision, in the order in which they stand, or none does. Safety rules look at the state after the last one, so regions can change places in one step.",
  request: {
    ...MUTATION,
    body: jsonRequest(
      z.strictObject({
        mutations: z.array(MutationBody).min(1, "must hold at least one change").max(BATCH_MAX),
        reason: ReasonText,
        ticket: TicketText.optional(),
      }),
      {
        mutations: [
          { kind: "drain", target: { kind: "region", name: "eu-west" }, reason: "move the maintenance" },
          { kind: "undrain", target: { kind: "region", name: "us-east" }, reason: "move the maintenance" },
        ],
        reason: "move the maintenance from us-east to eu-west",
      },
    ),
  },
  responses: mutationAnswers("BatchAnswer", z.object({ kind: z.literal("batch"), outcomes: z.array(AnyObject) }), {
    description: "What each of them did.",
    example: {
      kind: "batch",
      outcomes: [
        { kind: "drain", target: { kind: "region", name: "eu-west" }, mode: "graceful" },
        { kind: "undrain", target: { kind: "region", name: "us-east" } },
      ],
    },
    codes: [
      ...(["documentsInvalid", "weightsInvalid", "drainInvalid", "expiryInvalid", "clearInvalid"] as const),
      ...(["freezeInvalid", "overrideInvalid", "restoreInvalid", "regionUnknown", "clusterUnknown"] as const),
      ...(["flagUnknown", "freezeUnknown", "overrideUnknown", "revisionUnknown"] as const),
    ],
  }),
});

export function addBatchRoutes(app: App): void {
  app.openapi(batchRoute, async (c) => {
    const { mutations, ...why } = withoutUndefined(c.req.valid("json"));
    const mutation = { kind: "batch" as const, mutations: mutations.map(mutationOf), ...why };
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}

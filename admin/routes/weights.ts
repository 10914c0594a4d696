/** `/v1/weights`: shifts regional weights of one rule of one route. */
import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../http/context.ts";
import { mutate, mutationReply } from "../http/reply.ts";
import { mutationAnswers } from "./answers.ts";
import { mutationOf, ShiftFields } from "./mutation-bodies.ts";
import { jsonRequest, MUTATION } from "./schemas.ts";

const Lines = z.array(z.object({ region: z.string(), weight: z.int(), shareBps: z.int() }));

const ShiftOutcome = z.object({
  ...{ kind: z.literal("shiftWeights"), route: z.string(), rule: z.string() },
  ...{ before: Lines, after: Lines },
});

const shiftRoute = createRoute({
  method: "patch",
  path: "/v1/weights",
  operationId: "shiftWeights",
  tags: ["weights"],
  summary: "Shift weights",
  description: "Sets the weights of the named regions in one rule; its other regions keep theirs.",
  request: {
    ...MUTATION,
    body: jsonRequest(ShiftFields, {
      ...{ route: "web", rule: "europe", weights: { "eu-west": 80 } },
      ...{ reason: "new release looks good", ticket: "OPS-1234" },
    }),
  },
  responses: mutationAnswers("ShiftWeightsAnswer", ShiftOutcome, {
    description: "Weights and exact shares before and after.",
    example: {
      ...{ kind: "shiftWeights", route: "web", rule: "europe" },
      before: [
        { region: "eu-west", weight: 60, shareBps: 7_500 },
        { region: "us-east", weight: 20, shareBps: 2_500 },
      ],
      after: [
        { region: "eu-west", weight: 80, shareBps: 8_000 },
        { region: "us-east", weight: 20, shareBps: 2_000 },
      ],
    },
    codes: ["weightsInvalid"],
  }),
});

export function addWeightRoutes(app: App): void {
  app.openapi(shiftRoute, async (c) => {
    const mutation = mutationOf({ kind: "shiftWeights", ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}

/** `/v1/weights`: shifts regional weights of one rule of one route. */
import { createRoute, z } from "@hono/zod-openapi";
import { REGIONS_MAX, WEIGHT_MAX } from "../../config/limits.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply } from "../http/reply.ts";
import {
  answers,
  jsonRequest,
  MUTATION_CODES,
  MutationHeaders,
  MutationQuery,
  mutationAnswer,
  NameText,
  ReasonText,
  TicketText,
  withoutUndefined,
} from "./schemas.ts";

const Lines = z.array(z.object({ region: z.string(), weight: z.int(), shareBps: z.int() }));

const ShiftAnswer = mutationAnswer(
  z.object({ kind: z.literal("shiftWeights"), route: z.string(), rule: z.string(), before: Lines, after: Lines }),
).openapi("ShiftWeightsAnswer");

const shiftRoute = createRoute({
  method: "patch",
  path: "/v1/weights",
  operationId: "shiftWeights",
  summary: "Set weights of the named regions; the other regions of the rule keep theirs",
  request: {
    query: MutationQuery,
    headers: MutationHeaders,
    body: jsonRequest(
      z.strictObject({
        route: NameText.openapi({ example: "web" }),
        rule: NameText.openapi({ example: "europe", description: "The name of a steering rule, or `default`." }),
        weights: z
          .record(NameText, z.int().min(0).max(WEIGHT_MAX))
          .refine((weights) => Object.keys(weights).length > 0, "must name at least one region")
          .refine((weights) => Object.keys(weights).length <= REGIONS_MAX, `must name at most ${REGIONS_MAX} regions`)
          .openapi({ example: { "eu-west": 80, "us-east": 20 } }),
        reason: ReasonText,
        ticket: TicketText.optional(),
      }),
    ),
  },
  responses: answers(ShiftAnswer, "Weights and exact shares before and after.", [...MUTATION_CODES, "weightsInvalid"]),
});

export function addWeightRoutes(app: App): void {
  app.openapi(shiftRoute, async (c) => {
    const mutation = { kind: "shiftWeights" as const, ...withoutUndefined(c.req.valid("json")) };
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}

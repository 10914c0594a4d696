/** `/v1/regions/{region}/drain|undrain` and the same for clusters: takes something out of service and puts it back. */
import { createRoute, z } from "@hono/zod-openapi";
import type { DrainTarget } from "../core/changes/mutation.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply } from "../http/reply.ts";
import {
  answers,
  DurationText,
  jsonRequest,
  MUTATION_CODES,
  MutationHeaders,
  MutationQuery,
  mutationAnswer,
  ReasonText,
  TicketText,
  withoutUndefined,
} from "./schemas.ts";

const Target = z.object({ kind: z.enum(["region", "cluster"]), name: z.string() });

const DrainAnswer = mutationAnswer(
  z.object({
    kind: z.literal("drain"),
    target: Target,
    mode: z.enum(["graceful", "immediate"]),
    deadlineMs: z.int().optional(),
    expiresAtMs: z.int(),
    warnings: z.array(z.unknown()).openapi({ type: "array", items: { type: "object" } }),
  }),
).openapi("DrainAnswer");

const UndrainAnswer = mutationAnswer(z.object({ kind: z.literal("undrain"), target: Target })).openapi("UndrainAnswer");

const DrainBody = z.strictObject({
  reason: ReasonText,
  ticket: TicketText.optional(),
  mode: z
    .enum(["graceful", "immediate"])
    .default("graceful")
    .openapi({ description: "`graceful` lets bound clients stay until the deadline." }),
  deadline: DurationText.optional().openapi({ description: "How long bound clients may stay.", example: "15m" }),
  expiresIn: DurationText.optional().openapi({ description: "When the drain ends by itself.", example: "4h" }),
});

const UndrainBody = z.strictObject({ reason: ReasonText, ticket: TicketText.optional() });

export function addDrainRoutes(app: App): void {
  addDrainRoutesFor(app, "region");
  addDrainRoutesFor(app, "cluster");
}

function addDrainRoutesFor(app: App, kind: DrainTarget["kind"]): void {
  const unknown = kind === "region" ? "regionUnknown" : "clusterUnknown";
  const request = {
    query: MutationQuery,
    headers: MutationHeaders,
    params: z.object({ name: z.string().openapi({ description: `The name of the ${kind}.` }) }),
  };
  const suffix = kind === "region" ? "Region" : "Cluster";

  const drainRoute = createRoute({
    method: "post",
    path: `/v1/${kind}s/{name}/drain`,
    operationId: `drain${suffix}`,
    summary: `Send no new clients to a ${kind}, until it is undrained or the drain expires`,
    request: { ...request, body: jsonRequest(DrainBody) },
    responses: answers(DrainAnswer, "The drain.", [...MUTATION_CODES, unknown, "drainInvalid", "lastRegion"]),
  });
  app.openapi(drainRoute, async (c) => {
    const { deadline, expiresIn, ...body } = withoutUndefined(c.req.valid("json"));
    const mutation = {
      kind: "drain" as const,
      target: { kind, name: c.req.valid("param").name },
      ...body,
      ...(deadline === undefined ? {} : { deadlineMs: deadline }),
      ...(expiresIn === undefined ? {} : { expiresInMs: expiresIn }),
    };
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });

  const undrainRoute = createRoute({
    method: "post",
    path: `/v1/${kind}s/{name}/undrain`,
    operationId: `undrain${suffix}`,
    summary: `End the drain of a ${kind}; one that is not drained stays as it is`,
    request: { ...request, body: jsonRequest(UndrainBody) },
    responses: answers(UndrainAnswer, "The end of the drain.", [...MUTATION_CODES, unknown]),
  });
  app.openapi(undrainRoute, async (c) => {
    const mutation = {
      kind: "undrain" as const,
      target: { kind, name: c.req.valid("param").name },
      ...withoutUndefined(c.req.valid("json")),
    };
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}

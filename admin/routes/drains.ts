/** `/v1/regions/{region}/drain|undrain` and the same for clusters: takes something out of service and puts it back. */
import { createRoute, z } from "@hono/zod-openapi";
import type { DrainTarget } from "../core/changes/mutation.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply } from "../http/reply.ts";
import { mutationAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { DrainFields, mutationOf, UndrainFields } from "./mutation-bodies.ts";
import { jsonRequest, MUTATION } from "./schemas.ts";

const Target = z.object({ kind: z.enum(["region", "cluster"]), name: z.string() });

const DrainOutcome = z.object({
  kind: z.literal("drain"),
  target: Target,
  mode: z.enum(["graceful", "immediate"]),
  deadlineMs: z.int().optional(),
  expiresAtMs: z.int(),
});

const UndrainOutcome = z.object({ kind: z.literal("undrain"), target: Target });

export function addDrainRoutes(app: App): void {
  addDrainRoutesFor(app, "region");
  addDrainRoutesFor(app, "cluster");
}

function addDrainRoutesFor(app: App, kind: DrainTarget["kind"]): void {
  const unknown = kind === "region" ? "regionUnknown" : "clusterUnknown";
  const suffix = kind === "region" ? "Region" : "Cluster";
  const target = { kind, name: kind === "region" ? "eu-west" : "eu-west-blue" };
  const request = {
    ...MUTATION,
    params: z.object({ name: z.string().openapi({ description: `The name of the ${kind}.`, example: target.name }) }),
  };

  const drainRoute = createRoute({
    method: "post",
    path: `/v1/${kind}s/{name}/drain`,
    operationId: `drain${suffix}`,
    tags: ["drains"],
    summary: `Drain a ${kind}`,
    description: `Sends no new clients to the ${kind} until it is undrained or the drain expires. Again extends it.`,
    request: {
      ...request,
      body: jsonRequest(DrainFields, {
        ...{ reason: "planned maintenance", ticket: "OPS-1234" },
        ...{ mode: "graceful", deadline: "15m", expiresIn: "4h" },
      }),
    },
    responses: mutationAnswers(`Drain${suffix}Answer`, DrainOutcome, {
      description: "The drain.",
      example: {
        ...{ kind: "drain", target, mode: "graceful" },
        ...{ deadlineMs: AT_MS + 15 * 60_000, expiresAtMs: AT_MS + 4 * 3_600_000 },
      },
      codes: [unknown, "drainInvalid", "expiryInvalid"],
    }),
  });
  app.openapi(drainRoute, async (c) => {
    const named = { kind, name: c.req.valid("param").name };
    const mutation = mutationOf({ kind: "drain", target: named, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });

  const undrainRoute = createRoute({
    method: "post",
    path: `/v1/${kind}s/{name}/undrain`,
    operationId: `undrain${suffix}`,
    tags: ["drains"],
    summary: `Undrain a ${kind}`,
    description: `Ends the drain of the ${kind}; its traffic comes back ramped. One that is not drained stays as it is.`,
    request: { ...request, body: jsonRequest(UndrainFields, { reason: "maintenance is over", ticket: "OPS-1234" }) },
    responses: mutationAnswers(`Undrain${suffix}Answer`, UndrainOutcome, {
      description: "The end of the drain.",
      example: { kind: "undrain", target },
      codes: [unknown],
    }),
  });
  app.openapi(undrainRoute, async (c) => {
    const named = { kind, name: c.req.valid("param").name };
    const mutation = mutationOf({ kind: "undrain", target: named, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}

/** `/v1/health`: what the prober believes of each cluster, and since when. */
import { createRoute, z } from "@hono/zod-openapi";
import { proberStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { AnyObject, NoQuery } from "./schemas.ts";

const HealthAnswer = z
  .object({
    sequence: z.int().openapi({ description: "The number of the report that the beacons heard last." }),
    atMs: z.int(),
    clusters: z.array(
      z.object({
        cluster: z.string(),
        state: z.enum(["healthy", "degraded", "unhealthy", "unknown"]),
        sinceMs: z.int(),
        successes: z.int().openapi({ description: "In a row." }),
        failures: z.int().openapi({ description: "In a row." }),
        recoveredAtMs: z.int().optional().openapi({ description: "When it was last healthy again after being down." }),
        last: AnyObject.optional().openapi({ description: "The last probe; absent before the first." }),
      }),
    ),
  })
  .openapi("Health");

const healthRoute = createRoute({
  method: "get",
  path: "/v1/health",
  operationId: "readHealth",
  tags: ["health"],
  summary: "Read health",
  description: "The probed condition of every cluster that has a health check, and since when.",
  request: { query: NoQuery },
  responses: answers(HealthAnswer, {
    description: "The current view.",
    example: {
      ...{ sequence: 42, atMs: AT_MS },
      clusters: [
        {
          ...{ cluster: "eu-west-blue", state: "healthy", sinceMs: AT_MS - 3_600_000, successes: 720, failures: 0 },
          last: { atMs: AT_MS, outcome: { kind: "success", status: 200, durationMs: 12 } },
        },
      ],
    },
  }),
});

export function addHealthRoutes(app: App): void {
  app.openapi(healthRoute, async (c) => {
    const { report, clusters } = await proberStub(c.env).read();
    return reply(HealthAnswer, { sequence: report.sequence, atMs: report.atMs, clusters });
  });
}

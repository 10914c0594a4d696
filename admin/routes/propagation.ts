/** `/v1/propagation`: which revision the edges serve, as they and their beacons say. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Vantage } from "../../config/documents.ts";
import { summarize } from "../core/propagation/summary.ts";
import { type AdminEnv, beaconStub, fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "../objects/deadline.ts";
import { answers, NoQuery } from "./schemas.ts";

/** A vantage that is cut off must not hide the others. */
const BEACON_MS_MAX = 2_000;

const Edges = z.array(
  z.object({
    revision: z.int(),
    isolates: z.int(),
    requests: z.int().openapi({ description: "In the last report of each isolate: some ten seconds of its traffic." }),
  }),
);

const VantageView = z.object({
  vantage: z.string(),
  reachable: z.boolean().openapi({ description: "`false`: the beacon did not answer, and nothing more is known." }),
  beaconRevision: z.int().optional().openapi({ description: "What the beacon tells its edges." }),
  edges: Edges.openapi({ description: "Oldest revision first." }),
  oldestRevision: z.int().optional(),
  lastReportAgeMs: z.int().optional(),
});
type VantageView = z.infer<typeof VantageView>;

const PropagationAnswer = z
  .object({
    targetRevision: z.int(),
    isolates: z.int().openapi({ description: "That have reported within the last minute." }),
    requests: z.int(),
    targetShareBps: z
      .int()
      .optional()
      .openapi({ description: "Requests decided by the target, in basis points. Absent when no edge has reported." }),
    oldestRevision: z.int().optional().openapi({ description: "The oldest revision that any edge serves." }),
    vantages: z.array(VantageView),
  })
  .openapi("Propagation");

const propagationRoute = createRoute({
  method: "get",
  path: "/v1/propagation",
  operationId: "readPropagation",
  summary: "The revision that the edges serve: per vantage, as a share of requests, and the oldest",
  request: { query: NoQuery },
  responses: answers(PropagationAnswer, "As reported within the last minute."),
});

export function addPropagationRoutes(app: App): void {
  app.openapi(propagationRoute, async (c) => {
    const { targetRevision, vantages: names } = await fleetStub(c.env).beacons();
    const vantages = await Promise.all(names.map((vantage) => viewOf(c.env, vantage)));
    const summary = summarize(
      targetRevision,
      vantages.flatMap(({ edges }) => edges),
    );
    return reply(PropagationAnswer, { targetRevision, ...summary, vantages });
  });
}

async function viewOf(env: AdminEnv, vantage: Vantage): Promise<VantageView> {
  try {
    const answer = await withinMs(BEACON_MS_MAX, vantage, beaconStub(env, vantage).readPropagation());
    const { revision, edges, lastReportAgeMs } = answer;
    const [oldest] = edges;
    return {
      ...{ vantage, reachable: true, beaconRevision: revision, edges: [...edges] },
      ...(oldest === undefined ? {} : { oldestRevision: oldest.revision }),
      ...(lastReportAgeMs === undefined ? {} : { lastReportAgeMs }),
    };
  } catch (error) {
    logEvent("propagation.withoutBeacon", { vantage, error: errorText(error) });
    return { vantage, reachable: false, edges: [] };
  }
}

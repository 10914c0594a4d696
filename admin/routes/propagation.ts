/** `/v1/propagation`: which revision the edges serve, as they and their beacons say. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Vantage } from "../../config/vantage.ts";
import { summarize } from "../core/propagation/summary.ts";
import { type AdminEnv, beaconStub, fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "../objects/deadline.ts";
import { answers } from "./answers.ts";
import { REVISION } from "./examples.ts";
import { NoQuery } from "./schemas.ts";

/** A vantage that is cut off must not hide the others. */
const BEACON_MS_MAX = 2_000;

const Edges = z.array(
  z.object({
    revision: z.int(),
    isolates: z.int(),
    requests: z.int().openapi({ description: "In the last report of each isolate: some ten seconds of its traffic." }),
  }),
);

const Rejections = z.array(
  z.object({
    revision: z.int().optional().openapi({ description: "Absent for a text in KV that nobody could read." }),
    code: z.string(),
    isolates: z.int(),
  }),
);

const Figures = z.array(
  z.object({
    revision: z.int(),
    requests: z.int(),
    ownErrors: z.int().openapi({ description: "Answers with 500 and above that edges made themselves." }),
    invariants: z.int().openapi({ description: "Of these, answers 500 because of a bug of the edge." }),
  }),
);

const VantageView = z.object({
  vantage: z.string(),
  reachable: z.boolean().openapi({ description: "`false`: the beacon did not answer, and nothing more is known." }),
  beaconRevision: z.int().optional().openapi({ description: "What the beacon tells its edges." }),
  edges: Edges.openapi({ description: "Oldest revision first." }),
  rejections: Rejections.openapi({ description: "Snapshots that edges refuse, and why." }),
  figures: Figures.openapi({ description: "Of the last ten minutes, oldest revision first." }),
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
  tags: ["propagation"],
  summary: "Read propagation",
  description: "The revision that the edges serve: per vantage, as a share of requests, and the oldest.",
  request: { query: NoQuery },
  responses: answers(PropagationAnswer, {
    description: "As reported within the last minute.",
    example: {
      ...{ targetRevision: REVISION, isolates: 2, requests: 100, targetShareBps: 7_500, oldestRevision: REVISION - 1 },
      vantages: [
        {
          ...{ vantage: "weur", reachable: true, beaconRevision: REVISION },
          edges: [
            { revision: REVISION - 1, isolates: 1, requests: 25 },
            { revision: REVISION, isolates: 1, requests: 75 },
          ],
          rejections: [{ revision: REVISION, code: "signatureWrong", isolates: 1 }],
          figures: [
            { revision: REVISION - 1, requests: 1_500, ownErrors: 3, invariants: 0 },
            { revision: REVISION, requests: 75, ownErrors: 0, invariants: 0 },
          ],
          ...{ oldestRevision: REVISION - 1, lastReportAgeMs: 1_200 },
        },
        { vantage: "enam", reachable: false, edges: [], rejections: [], figures: [] },
      ],
    },
  }),
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
    const { revision, edges, rejections, figures, lastReportAgeMs } = answer;
    const [oldest] = edges;
    return {
      ...{ vantage, reachable: true, beaconRevision: revision },
      ...{ edges: [...edges], rejections: [...rejections], figures: [...figures] },
      ...(oldest === undefined ? {} : { oldestRevision: oldest.revision }),
      ...(lastReportAgeMs === undefined ? {} : { lastReportAgeMs }),
    };
  } catch (error) {
    logEvent("propagation.withoutBeacon", { vantage, error: errorText(error) });
    return { vantage, reachable: false, edges: [], rejections: [], figures: [] };
  }
}

/** `/v1/delivery`: the five figures of DORA, for the whole and for each service and region, with what they count. */
import { createRoute, z } from "@hono/zod-openapi";
import {
  type AskedFor,
  DEPLOYMENT_KINDS,
  type DeliveredChange,
  type DeliveryFacts,
  deliveryFigures,
  LOOKBACK_MS,
} from "../core/delivery/figures.ts";
import { WHOLE } from "../core/history/scope.ts";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { TimeText } from "./schemas.ts";

const DAY_MS = 86_400_000;
/** A month is what teams compare; what changes were about is kept for 90 days at least. */
const WINDOW_MS_DEFAULT = 30 * DAY_MS;
const WINDOW_MS_MAX = 90 * DAY_MS;
/** As long as a drain lasts unless somebody says otherwise: what goes wrong later has another reason more often than not. */
const FAILURE_MS_DEFAULT = 4 * 3_600_000;
const FAILURE_MS_MAX = 7 * DAY_MS;

/** Read at once, so that commits come between, and in all. */
const PAGE_ROWS = 500;
const CHANGE_PAGES_MAX = 10;
const LEAF_PAGES_MAX = 20;

const NoData = z.object({ state: z.literal("noData") });
const times = { medianMs: z.int(), p90Ms: z.int() };
const deployments = z.int();

const FiguresSchema = z
  .object({
    deploymentFrequency: z.discriminatedUnion("state", [
      NoData,
      z.object({ state: z.literal("measured"), deployments, days: z.number(), perDay: z.number() }),
    ]),
    leadTime: z.discriminatedUnion("state", [
      NoData,
      z.object({ state: z.literal("measured"), measured: z.int(), deployments, ...times }),
    ]),
    changeFailRate: z.discriminatedUnion("state", [
      NoData,
      z.object({
        ...{ state: z.literal("measured"), failed: z.int(), deployments, ratio: z.number() },
        causes: z.object({ withdrawn: z.int(), restored: z.int(), drained: z.int(), incident: z.int() }),
        maturing: z.int().openapi({ description: "Made so lately that they may still fail." }),
      }),
    ]),
    recoveryTime: z.discriminatedUnion("state", [
      NoData,
      z.object({ state: z.literal("measured"), recovered: z.int(), unrecovered: z.int(), ...times }),
    ]),
    rework: z.discriminatedUnion("state", [
      NoData,
      z.object({ state: z.literal("measured"), reworked: z.int(), deployments, ratio: z.number() }),
    ]),
  })
  .openapi("DeliveryFigures", {
    description: "`noData`: there was nothing to measure, which is not the same as zero.",
  });

const DEFINITIONS = {
  deployment: `A committed change of the kinds ${[...DEPLOYMENT_KINDS].join(", ")}.`,
  leadTime: `From the first plan (dry run) or request for approval of the same change to its commit, within ${LOOKBACK_MS / DAY_MS} days. Deployments that were neither planned nor approved have none. How long edges take to serve it is in GET /v1/propagation.`,
  changeFailRate:
    "Deployments after which, within failureMs, the revision was withdrawn or rolled back behind it, or, as the latest deployment there, a region or cluster was drained or an incident was opened; each counted once, by what came first.",
  recoveryTime: "From the commit of a failed deployment to the first of rollback, drain and the end of its incident.",
  rework: "Deployments about the same service or region as one that had failed within failureMs before.",
} as const;

const FIGURES_EXAMPLE: z.input<typeof FiguresSchema> = {
  deploymentFrequency: { state: "measured", deployments: 42, days: 30, perDay: 1.4 },
  leadTime: { state: "measured", measured: 30, deployments: 42, medianMs: 540_000, p90Ms: 7_200_000 },
  changeFailRate: {
    ...{ state: "measured", failed: 2, deployments: 42, ratio: 2 / 42 },
    ...{ causes: { withdrawn: 1, restored: 1, drained: 0, incident: 0 }, maturing: 1 },
  },
  recoveryTime: { state: "measured", recovered: 2, unrecovered: 0, medianMs: 60_000, p90Ms: 840_000 },
  rework: { state: "measured", reworked: 1, deployments: 42, ratio: 1 / 42 },
};

const DeliveryAnswer = z
  .object({
    ...{ fromMs: z.int(), toMs: z.int(), failureMs: z.int() },
    whole: z.object({ changes: z.boolean(), auditLog: z.boolean() }).openapi({
      description: "`false`: there is more in the window than is looked at; figures are of the newest part of it.",
    }),
    total: FiguresSchema,
    services: z.array(z.object({ service: z.string(), figures: FiguresSchema })),
    regions: z.array(z.object({ region: z.string(), figures: FiguresSchema })),
    definitions: z.record(z.string(), z.string()),
  })
  .openapi("Delivery");

const deliveryRoute = createRoute({
  method: "get",
  path: "/v1/delivery",
  operationId: "readDelivery",
  tags: ["delivery"],
  summary: "Read the figures of delivery",
  description:
    "Deployment frequency, lead time, change fail rate, recovery time and rework, from revisions, the audit log and incidents. A change that is about all services or regions counts for each of them. Counts of windows that follow on each other add up.",
  request: {
    query: z.strictObject({
      fromMs: TimeText.optional().openapi({ description: "30 days before `toMs` when absent; 90 at most." }),
      toMs: TimeText.optional().openapi({ description: "Not included. Now when absent." }),
      failureMs: TimeText.optional().openapi({
        description: "How soon after a deployment something counts against it: 4 hours when absent, 7 days at most.",
      }),
    }),
  },
  responses: answers(DeliveryAnswer, {
    description: "The figures.",
    example: {
      ...{ fromMs: AT_MS - WINDOW_MS_DEFAULT, toMs: AT_MS, failureMs: FAILURE_MS_DEFAULT },
      whole: { changes: true, auditLog: true },
      total: FIGURES_EXAMPLE,
      services: [{ service: "web", figures: FIGURES_EXAMPLE }],
      regions: [{ region: "eu-west", figures: FIGURES_EXAMPLE }],
      definitions: DEFINITIONS,
    },
  }),
});

export function addDeliveryRoutes(app: App): void {
  app.openapi(deliveryRoute, async (c) => {
    const { fromMs, toMs, failureMs } = c.req.valid("query");
    const nowMs = Date.now();
    const end = toMs === undefined ? nowMs : Number(toMs);
    const window = {
      ...{ fromMs: fromMs === undefined ? Math.max(0, end - WINDOW_MS_DEFAULT) : Number(fromMs), toMs: end },
      failureMs: failureMs === undefined ? FAILURE_MS_DEFAULT : Number(failureMs),
    };
    if (window.fromMs >= window.toMs || window.toMs - window.fromMs > WINDOW_MS_MAX)
      return refuse(c, { code: "parameterInvalid", detail: "fromMs must be before toMs, by 90 days at most." });
    if (window.failureMs > FAILURE_MS_MAX)
      return refuse(c, { code: "parameterInvalid", detail: "failureMs must be 7 days (604800000) at most." });

    const fleet = fleetStub(c.env);
    const [{ clusters, routes }, changes, log, incidents] = await Promise.all([
      fleet.places(),
      readChanges(fleet, window),
      readLog(fleet, window),
      fleet.deliveryIncidents(window.fromMs - window.failureMs),
    ]);
    const facts: DeliveryFacts = { changes: changes.found, asked: log.found, incidents, nowMs };
    const places = [...clusters.values()];
    const figuresOf = (about: Partial<typeof WHOLE>) => deliveryFigures(facts, window, { ...WHOLE, ...about });
    return reply(DeliveryAnswer, {
      ...window,
      whole: { changes: changes.whole, auditLog: log.whole },
      total: figuresOf({}),
      services: sortedNames([...places.map(({ service }) => service), ...routes.values()]).map((service) => ({
        service,
        figures: figuresOf({ services: [service] }),
      })),
      regions: sortedNames(places.map(({ region }) => region)).map((region) => ({
        region,
        figures: figuresOf({ regions: [region] }),
      })),
      definitions: DEFINITIONS,
    });
  });
}

type Fleet = ReturnType<typeof fleetStub>;
type Span = { readonly fromMs: number; readonly toMs: number; readonly failureMs: number };
type Read<T> = { readonly found: readonly T[]; readonly whole: boolean };

function sortedNames(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

/** From before the window, for what it repairs, to behind it, for what went wrong with it. */
async function readChanges(fleet: Fleet, { fromMs, toMs, failureMs }: Span): Promise<Read<DeliveredChange>> {
  const found: DeliveredChange[] = [];
  const from = { fromMs: Math.max(0, fromMs - 2 * failureMs), limit: PAGE_ROWS };
  let bound = { beforeMs: toMs + failureMs, beforeNumber: Number.MAX_SAFE_INTEGER };
  for (let page = 0; page < CHANGE_PAGES_MAX; page += 1) {
    const rows = await fleet.deliveredWithin({ ...from, ...bound });
    found.push(...rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return { found, whole: true };
    bound = { beforeMs: last.atMs, beforeNumber: last.revision };
  }
  return { found, whole: false };
}

async function readLog(fleet: Fleet, { fromMs }: Span): Promise<Read<AskedFor>> {
  const found: AskedFor[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  for (let page = 0; page < LEAF_PAGES_MAX; page += 1) {
    const { asked, readTo } = await fleet.askedBefore(before, PAGE_ROWS);
    found.push(...asked);
    if (readTo === undefined || readTo.index === 0 || readTo.atMs < fromMs - LOOKBACK_MS) return { found, whole: true };
    before = readTo.index;
  }
  return { found, whole: false };
}

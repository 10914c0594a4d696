/** `/v1/alerts`: error budgets that burn too fast, open and over. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Alert } from "../core/objectives/alert.ts";
import { alertStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { perform } from "../http/perform.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { WindowSchema } from "./objectives.ts";
import { readPage } from "./pages.ts";
import { jsonRequest, NoQuery, PageQuery, ReasonText } from "./schemas.ts";

const ALERT_ID = `page.web.eu-west.availability.${AT_MS}`;

const AlertSchema = z
  .object({
    id: z.string(),
    severity: z.enum(["page", "ticket"]),
    service: z.string(),
    sli: z.enum(["availability", "latency"]),
    scope: z
      .enum(["regional", "global"])
      .openapi({ description: "`global`: several regions at once, or none at all." }),
    state: z.enum(["pending", "firing", "resolved"]).openapi({
      description: "`pending`: it waits a moment for other regions with the same cause; nobody has been told.",
    }),
    regions: z.array(
      z.object({
        region: z.string(),
        objective: z.object({
          targetPpm: z.int(),
          thresholdMs: z.int().optional(),
          window: z.enum(["7d", "28d", "30d"]),
        }),
        burns: z
          .array(z.object({ rule: z.string(), burnRateMax: z.number(), long: WindowSchema, short: WindowSchema }))
          .openapi({ description: "What the rules saw when they held last." }),
        firedBy: z.array(z.string()),
        cluster: z.string().optional().openapi({ description: "Where most of the errors come from." }),
      }),
    ),
    sinceMs: z.int(),
    firedAtMs: z.int().optional(),
    clearSinceMs: z.int().optional().openapi({ description: "Nothing burns since then; it is over when that lasts." }),
    knownAtMs: z.int().openapi({ description: "When there was enough data to say whether it burns." }),
    resolvedAtMs: z.int().optional(),
    because: z.enum(["recovered", "noData", "removed", "grouped"]).optional().openapi({
      description:
        "Why it is over. `noData`: there have been too few requests for so long that nobody can say. `grouped`: it is part of an alert of several regions.",
    }),
    acknowledged: z.object({ by: z.string(), atMs: z.int(), reason: z.string() }).optional(),
  })
  .openapi("Alert");

const burn = (windowMs: number, total: number, bad: number) => ({
  ...{ windowMs, total, bad },
  ...{ ratio: bad / total, burnRate: (1_000 * bad) / total },
});

const EXAMPLE: z.input<typeof AlertSchema> = {
  ...{ id: ALERT_ID, severity: "page", service: "web", sli: "availability", scope: "regional", state: "firing" },
  regions: [
    {
      ...{ region: "eu-west", cluster: "eu-west-blue", firedBy: ["page 1h/5m"] },
      objective: { targetPpm: 999_000, window: "30d" },
      burns: [
        {
          ...{ rule: "page 1h/5m", burnRateMax: 14.4 },
          ...{ long: burn(3_600_000, 36_000, 806), short: burn(300_000, 3_000, 93) },
        },
      ],
    },
  ],
  ...{ sinceMs: AT_MS, firedAtMs: AT_MS + 20_000, knownAtMs: AT_MS + 60_000 },
};

const AlertsAnswer = z.object({ alerts: z.array(AlertSchema) }).openapi("AlertList");

const listRoute = createRoute({
  method: "get",
  path: "/v1/alerts",
  operationId: "listAlerts",
  tags: ["alerts"],
  summary: "List open alerts",
  description:
    "What burns now, pages first. One region's burn is one alert; regions that burn at once are one together.",
  request: { query: NoQuery },
  responses: answers(AlertsAnswer, { description: "The open alerts.", example: { alerts: [EXAMPLE] } }),
});

const HistoryAnswer = z
  .object({
    alerts: z.array(AlertSchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("AlertHistory");

const historyRoute = createRoute({
  method: "get",
  path: "/v1/alerts/history",
  operationId: "listAlertHistory",
  tags: ["alerts"],
  summary: "List alerts that are over",
  description: "Newest first; as many as a thousand, and no older than 400 days.",
  request: { query: PageQuery },
  responses: answers(HistoryAnswer, {
    description: "One page.",
    example: {
      alerts: [{ ...EXAMPLE, state: "resolved", resolvedAtMs: AT_MS + 3_600_000, because: "recovered" }],
    },
    headers: ["link"],
  }),
});

const acknowledgeRoute = createRoute({
  method: "post",
  path: "/v1/alerts/{id}/acknowledge",
  operationId: "acknowledgeAlert",
  tags: ["alerts"],
  summary: "Acknowledge an alert",
  description: "Says that somebody looks after it. It goes on, and is over when what raised it is.",
  request: {
    query: NoQuery,
    params: z.object({ id: z.string().openapi({ description: "Its id.", example: ALERT_ID }) }),
    body: jsonRequest(z.strictObject({ reason: ReasonText }), { reason: "on it, draining eu-west" }),
  },
  responses: answers(AlertSchema, {
    description: "The alert.",
    example: { ...EXAMPLE, acknowledged: { by: "ada", atMs: AT_MS + 90_000, reason: "on it, draining eu-west" } },
    codes: [...BODY_CODES, "alertUnknown"],
  }),
});

export function addAlertRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const alerts = await alertStub(c.env).readAlerts();
    return reply(AlertsAnswer, { alerts: alerts.toSorted((a, b) => weight(a) - weight(b) || a.sinceMs - b.sinceMs) });
  });

  app.openapi(historyRoute, async (c) => {
    const list = (before: number, limit: number) => alertStub(c.env).listAlertHistory(before, limit);
    const { items, next, headers } = await readPage("/v1/alerts/history", c.req.valid("query"), list);
    return reply(HistoryAnswer, { alerts: items, ...next }, headers);
  });

  app.openapi(acknowledgeRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { reason } = c.req.valid("json");
    const alerts = alertStub(c.env);
    const isOpen = (await alerts.readAlerts()).some((alert) => alert.id === id);
    const entered = await perform(c, {
      ...{ duty: "alert.acknowledge", resource: `alert/${id}`, reason },
      ...(isOpen
        ? {}
        : { problem: { code: "alertUnknown", detail: "There is no such alert, or it is over." } as const }),
    });
    if (!entered.ok) return refuse(c, entered.error);
    const by = c.get("principal").name;
    const acknowledged = await alerts.acknowledgeAlert(id, { by, atMs: Date.now(), reason });
    return acknowledged.ok ? reply(AlertSchema, acknowledged.value) : refuse(c, acknowledged.error);
  });
}

function weight({ severity }: Alert): number {
  return severity === "page" ? 0 : 1;
}

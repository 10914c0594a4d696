/** `/v1/incidents`: what is or was wrong. While a serious one is open, only what makes things safer gets through. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import { type App, askerOf } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { AT_MS, REVISION } from "./examples.ts";
import { readPage } from "./pages.ts";
import { jsonRequest, NoQuery, PageQuery, ReasonText } from "./schemas.ts";

/** One line in a list. */
const TITLE_LENGTH_MAX = 200;

const INCIDENT_ID = "c2f1a9d4-3b6e-4f58-8a70-9d1e2c3b4a5f";

const Severity = z.union([z.literal(1), z.literal(2), z.literal(3)]).openapi({ description: "1 is the worst." });

const CauseSchema = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("opened") }),
    z.object({ kind: z.literal("override"), override: z.string(), rules: z.array(z.string()) }),
    z.object({ kind: z.literal("withdrawn"), withdrawnRevision: z.int(), because: z.string() }),
    z.object({ kind: z.literal("held"), overlay: z.string(), because: z.string() }),
    z.object({ kind: z.literal("compromised"), secret: z.string(), service: z.string().optional() }),
    z.object({ kind: z.literal("alert"), alert: z.string() }),
    z.object({ kind: z.literal("drift"), drift: z.array(z.string()) }),
  ])
  .openapi("IncidentCause", {
    description:
      "`opened`: by hand. `override`: safety rules were set aside. `withdrawn`: a revision did harm where it was tried. `held`: something whose time is over could not end safely. `compromised`: somebody else may know a secret. `alert`: an error budget burns so fast that somebody was called, by the id in `GET /v1/alerts`. `drift`: clusters have differed from what is declared for too long, by the keys of `GET /v1/drift`.",
  });

const IncidentSchema = z
  .object({
    id: z.string(),
    severity: Severity,
    title: z.string(),
    cause: CauseSchema,
    reason: z.string(),
    openedBy: z.string(),
    openedAtMs: z.int(),
    revision: z.int().optional().openapi({ description: "The target when it was opened, or what it came with." }),
    closedBy: z.string().optional(),
    closedAtMs: z.int().optional().openapi({ description: "Absent while it is open." }),
    closing: z.string().optional().openapi({ description: "Why it is over." }),
  })
  .openapi("Incident");

const OPEN: z.input<typeof IncidentSchema> = {
  id: INCIDENT_ID,
  severity: 2,
  title: "Checkout answers 502 in Europe",
  cause: { kind: "opened" },
  reason: "error rate above 5% since 08:50",
  openedBy: "ada",
  openedAtMs: AT_MS,
  revision: REVISION,
};

const ListAnswer = z
  .object({
    incidents: z.array(IncidentSchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("IncidentList");

const listRoute = createRoute({
  method: "get",
  path: "/v1/incidents",
  operationId: "listIncidents",
  tags: ["incidents"],
  summary: "List incidents",
  description: "Open and closed ones, newest first.",
  request: { query: PageQuery },
  responses: answers(ListAnswer, { description: "One page.", example: { incidents: [OPEN] }, headers: ["link"] }),
});

const openRoute = createRoute({
  method: "post",
  path: "/v1/incidents",
  operationId: "openIncident",
  tags: ["incidents"],
  summary: "Open an incident",
  description: "While one of severity 1 or 2 is open, only drains, freezes and what takes a change back get through.",
  request: {
    query: NoQuery,
    body: jsonRequest(
      z.strictObject({
        severity: Severity,
        title: ReasonText.max(TITLE_LENGTH_MAX).openapi({ description: "What is wrong, in a line." }),
        reason: ReasonText,
      }),
      { severity: 2, title: OPEN.title, reason: OPEN.reason },
    ),
  },
  responses: answers(IncidentSchema, { description: "The incident.", example: OPEN, codes: BODY_CODES }),
});

const closeRoute = createRoute({
  method: "post",
  path: "/v1/incidents/{id}/close",
  operationId: "closeIncident",
  tags: ["incidents"],
  summary: "Close an incident",
  description: "It stays on record.",
  request: {
    query: NoQuery,
    params: z.object({ id: z.string().openapi({ description: "Its id.", example: INCIDENT_ID }) }),
    body: jsonRequest(z.strictObject({ reason: ReasonText }), { reason: "rolled back, errors are gone" }),
  },
  responses: answers(IncidentSchema, {
    description: "The incident, closed.",
    example: { ...OPEN, closedBy: "grace", closedAtMs: AT_MS + 600_000, closing: "rolled back, errors are gone" },
    codes: [...BODY_CODES, "incidentUnknown", "incidentClosed"],
  }),
});

export function addIncidentRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const list = (before: number, limit: number) => fleetStub(c.env).listIncidents(before, limit);
    const { items, next, headers } = await readPage("/v1/incidents", c.req.valid("query"), list);
    return reply(ListAnswer, { incidents: items, ...next }, headers);
  });

  app.openapi(openRoute, async (c) => {
    const opened = await fleetStub(c.env).openIncident(c.req.valid("json"), askerOf(c));
    markRecorded(c);
    if (!opened.ok) return refuse(c, opened.error);
    const { number: _, ...incident } = opened.value;
    return reply(IncidentSchema, incident);
  });

  app.openapi(closeRoute, async (c) => {
    const closing = { ...c.req.valid("param"), ...c.req.valid("json") };
    const closed = await fleetStub(c.env).closeIncident(closing, askerOf(c));
    markRecorded(c);
    if (!closed.ok) return refuse(c, closed.error);
    const { number: _, ...incident } = closed.value;
    return reply(IncidentSchema, incident);
  });
}

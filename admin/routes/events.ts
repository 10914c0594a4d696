/** `/v1/events`: what happens, as it happens, to those who listen. */
import { createRoute, z } from "@hono/zod-openapi";
import { eventText, HEARTBEAT_TEXT, openingText } from "../core/events/event-text.ts";
import { LISTENERS_MAX } from "../core/events/listeners.ts";
import { healthStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { eventStream } from "../http/event-stream.ts";
import { refuse } from "../http/problem.ts";
import { OPEN_CODES, okAnswer, problemAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { TRANSITION_EXAMPLE } from "./health-schemas.ts";
import { DurationText } from "./schemas.ts";

/** So that nothing is open for ever: a reader comes back by itself, and finds the release that is deployed then. */
const STREAM_MS_MAX = 5 * 60_000;
/** How soon there may be room again: readers that went without a word are forgotten within this. */
const FULL_RETRY_MS = 10_000;

const EVENT_STREAM = "text/event-stream";

const EventId = z.string().regex(/^(0|[1-9][0-9]{0,14})$/, "must be the id of an event");

const EXAMPLE = [
  openingText({ after: 41, missed: false }),
  eventText({
    number: 42,
    event: { topic: "health", told: TRANSITION_EXAMPLE },
  }),
  eventText({
    number: 43,
    event: {
      topic: "drift",
      told: {
        ...{ kind: "overdue", atMs: AT_MS, clusters: ["eu-west-blue"], drift: ["declared/eu-west-blue/version"] },
        sentences: ["eu-west-blue reports the version 1.3.9; 1.4.0 is declared."],
      },
    },
  }),
  HEARTBEAT_TEXT,
].join("");

const eventsRoute = createRoute({
  method: "get",
  path: "/v1/events",
  operationId: "followEvents",
  tags: ["events"],
  summary: "Follow events",
  description: [
    "Server-sent events. `health.cluster`, `health.clusterAtVantage`, `health.vantage` and `health.panic` carry what `GET /v1/health/transitions` lists; `drift.overdue` is drift that has become too old, for which an incident was opened.",
    "First comes `ready`: read `GET /v1/health` then, and nothing is missed in between. Or `missed`: events after `Last-Event-ID` are not kept any more, so what was read before has to be read again.",
    `The stream ends by itself after five minutes, or after \`for\`; come back with \`Last-Event-ID\`, as browsers do. At most ${LISTENERS_MAX} may listen at the same time.`,
  ].join("\n\n"),
  request: {
    query: z.strictObject({
      for: DurationText.pipe(z.number().max(STREAM_MS_MAX, "must be 5m at most"))
        .optional()
        .openapi({ type: "string", description: "How long to listen; `5m` when absent, and at most.", example: "30s" }),
    }),
    headers: z.object({
      "last-event-id": EventId.optional().openapi({
        description: "The id of the last event that was heard. Absent: only what happens from now on is told.",
        example: "41",
      }),
    }),
  },
  responses: {
    ...problemAnswers([...OPEN_CODES, "unauthenticated", "forbidden", "unavailable"]),
    200: okAnswer(EVENT_STREAM, z.string(), { description: "The events.", example: EXAMPLE }),
  },
});

export function addEventRoutes(app: App): void {
  app.openapi(eventsRoute, async (c) => {
    const health = healthStub(c.env);
    const lastId = c.req.valid("header")["last-event-id"];
    const endsAtMs = Date.now() + (c.req.valid("query").for ?? STREAM_MS_MAX);
    const listener = crypto.randomUUID();
    const first = await health.listen({ listener, after: lastId === undefined ? undefined : Number(lastId) });
    if (first === undefined) {
      const detail = `${LISTENERS_MAX} streams of events are open, and there may be no more.`;
      return refuse(c, { code: "unavailable", detail, retryAfterMs: FULL_RETRY_MS });
    }
    const stream = eventStream(first, {
      ask: (after) => health.listen({ listener, after }),
      leave: () => health.endListening(listener),
      endsAtMs,
    });
    return new Response(stream, { headers: { "content-type": EVENT_STREAM } });
  });
}

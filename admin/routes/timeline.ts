/** `/v1/timeline`: what happened, of every kind, in one order. What changed just before is `?kinds=change&toMs=...&limit=1`. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Places } from "../core/history/scope.ts";
import {
  CURSOR_PATTERN,
  formatCursor,
  mergeTimeline,
  parseCursor,
  type SourcePage,
  TIMELINE_KINDS,
  type TimelineKind,
} from "../core/timeline/timeline.ts";
import { type AdminEnv, fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "../objects/deadline.ts";
import { answers } from "./answers.ts";
import { AT_MS, REVISION } from "./examples.ts";
import { LIMIT_DEFAULT, NameText, PageQuery, ScopeSchema, TimeText, withoutUndefined } from "./schemas.ts";
import { readSource, type TimelineQuestion } from "./timeline-sources.ts";

/** A source that is cut off must not hide the others. */
const SOURCE_MS_MAX = 3_000;

const Kind = z.enum(TIMELINE_KINDS);

const EntrySchema = z
  .object({
    id: z.string().openapi({ description: "Unique, and the same for ever." }),
    atMs: z.int(),
    kind: Kind.openapi({
      description:
        "`change`: a revision. `health`: of a cluster, for all. `drift`: seen, or no longer there. `incident`: opened, or closed. `alert`: people were told that an error budget burns, that more regions do, or that it is over.",
    }),
    event: z.string().openapi({ description: "`noun.verb`." }),
    title: z.string().openapi({ description: "A line for people." }),
    link: z.string().openapi({ description: "Where there is more about it." }),
    scope: ScopeSchema,
  })
  .openapi("TimelineEntry");

const EXAMPLE = {
  id: `change/${REVISION}`,
  ...{ atMs: AT_MS, kind: "change", event: "revision.committed" },
  title: "The region eu-west is drained (graceful). By alex: planned maintenance",
  link: `/v1/revisions/${REVISION}`,
  scope: { regions: ["eu-west"], services: [], clusters: [] },
} satisfies z.input<typeof EntrySchema>;

const TimelineAnswer = z
  .object({
    entries: z.array(EntrySchema),
    partial: z
      .array(Kind)
      .openapi({ description: "Kinds that could not be asked: what is missing here may have been." }),
    nextCursor: z.string().optional().openapi({
      description: "Absent on the last page. A page may hold fewer entries than asked for and still have a next one.",
    }),
  })
  .openapi("Timeline");

const KINDS_PATTERN = new RegExp(`^(${TIMELINE_KINDS.join("|")})(,(${TIMELINE_KINDS.join("|")})){0,9}$`);

const timelineRoute = createRoute({
  method: "get",
  path: "/v1/timeline",
  operationId: "readTimeline",
  tags: ["timeline"],
  summary: "Read the timeline",
  description:
    "Changes, changes of health, drift, alerts and incidents in one order, newest first. Revisions and incidents are kept for ever, alerts for 400 days, health and drift for 30. A cursor stays good while more happens.",
  request: {
    query: z.strictObject({
      limit: PageQuery.shape.limit,
      cursor: z
        .string()
        .regex(CURSOR_PATTERN, "must be the nextCursor of a page before")
        .optional()
        .openapi({ description: "`nextCursor` of the page before, with the same filters." }),
      kinds: z
        .string()
        .regex(KINDS_PATTERN, `must be of ${TIMELINE_KINDS.join(", ")}, with commas`)
        .optional()
        .openapi({ description: "Of these kinds only, with commas.", example: "change,health" }),
      region: NameText.optional().openapi({
        description: "What is about this region, or about all.",
        example: "eu-west",
      }),
      service: NameText.optional().openapi({
        description: "What is about this service, or about all.",
        example: "web",
      }),
      cluster: NameText.optional().openapi({ description: "What is about this cluster, or about where it is." }),
      fromMs: TimeText.optional().openapi({ description: "Not before this time." }),
      toMs: TimeText.optional().openapi({ description: "Not after this time." }),
    }),
  },
  responses: answers(TimelineAnswer, {
    description: "One page.",
    example: { entries: [EXAMPLE], partial: [], nextCursor: `${AT_MS}.change.${REVISION}` },
    headers: ["link"],
  }),
});

export function addTimelineRoutes(app: App): void {
  app.openapi(timelineRoute, async (c) => {
    const { limit = LIMIT_DEFAULT, cursor, kinds, fromMs, toMs, ...filter } = c.req.valid("query");
    const question = {
      ...withoutUndefined(filter),
      ...{ limit, fromMs: Number(fromMs ?? 0), toMs: toMs === undefined ? Number.MAX_SAFE_INTEGER : Number(toMs) },
      cursor: cursor === undefined ? undefined : parseCursor(cursor),
    };
    const asked =
      kinds === undefined ? TIMELINE_KINDS : TIMELINE_KINDS.filter((kind) => kinds.split(",").includes(kind));
    const answered = await askSources(c.env, asked, question, c.get("requestId"));
    const { entries, next } = mergeTimeline([...answered.values()], limit);
    const body = {
      entries: entries.map(({ number, kind, ...entry }) => ({ id: `${kind}/${number}`, kind, ...entry })),
      partial: asked.filter((kind) => !answered.has(kind)),
    };
    if (next === undefined) return reply(TimelineAnswer, body);
    const nextCursor = formatCursor(next);
    const query = new URL(c.req.url).searchParams;
    query.set("cursor", nextCursor);
    return reply(TimelineAnswer, { ...body, nextCursor }, { link: `</v1/timeline?${query}>; rel="next"` });
  });
}

/** Those that answered in time. */
async function askSources(
  env: AdminEnv,
  kinds: readonly TimelineKind[],
  question: TimelineQuestion,
  requestId: string,
): Promise<ReadonlyMap<TimelineKind, SourcePage>> {
  const within = <T>(what: string, work: Promise<T>): Promise<T | undefined> =>
    withinMs(SOURCE_MS_MAX, what, work).catch((error) => {
      logEvent("timeline.withoutSource", { requestId, source: what, error: errorText(error) });
      return undefined;
    });
  const places = await within("places", fleetStub(env).places());
  const filters = question.region ?? question.service ?? question.cluster;
  // Without knowing where clusters are, nobody can say which of their changes a filter means.
  if (places === undefined && filters !== undefined) return new Map();
  const known: Places = places ?? { clusters: new Map(), routes: new Map() };
  const pages = await Promise.all(
    kinds.map(async (kind) => ({ kind, page: await within(kind, readSource(env, kind, known, question)) })),
  );
  return new Map(pages.flatMap(({ kind, page }) => (page === undefined ? [] : [[kind, page] as const])));
}

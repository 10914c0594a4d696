/** `/v1/metrics`: figures of what the edges answered, for people and for judges, with the commits beside them. */
import { createRoute, z } from "@hono/zod-openapi";
import { STATUS_CLASSES } from "../../config/telemetry.ts";
import { mergeDemand } from "../core/propagation/demand.ts";
import { DIMENSIONS, type Dimension, type Measure } from "../core/telemetry/query.ts";
import { type AskedStretch, readStretch, type Stretch, type StretchFlaw } from "../core/telemetry/stretch.ts";
import { type AdminEnv, beaconStub, fleetStub, telemetryRootStub } from "../env.ts";
import type { App, AppContext } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "../objects/deadline.ts";
import type { RevisionRecord } from "../store/revisions.ts";
import { answers } from "./answers.ts";
import { NameText, NoQuery, withoutUndefined } from "./schemas.ts";
import {
  AskedStretchQuery,
  DEMAND_EXAMPLE,
  DemandAnswer,
  DISTRIBUTION_EXAMPLE,
  DistributionAnswer,
  listOf,
  NameListText,
  QUERY_EXAMPLE,
  QueryAnswer,
} from "./telemetry-schemas.ts";

/** Marks of one answer, the newest. More than 200 commits in a stretch are better read at `/v1/revisions`. */
const MARKS_MAX = 200;

/** Whoever looks at figures does not wait longer for what was changed. */
const MARKS_MS_MAX = 2_000;

/** A beacon that is cut off must not hide the others. */
const BEACON_MS_MAX = 2_000;

const queryRoute = createRoute({
  method: "get",
  path: "/v1/metrics/query",
  operationId: "queryMetrics",
  tags: ["metrics"],
  summary: "Query metrics",
  description:
    "Requests, the ratio of some of them, or a quantile of times to the answer's head: of those that the filters leave, by group, over a stretch of time and for each step of it, with the number of requests behind every figure. The commits of the same stretch come along as marks, so what changed just before is in the same answer.",
  request: {
    query: z.strictObject({
      measure: z
        .enum(["requests", "ratio", "quantile"])
        .openapi({ description: "`quantile` is in milliseconds, within 1% of the exact one.", example: "ratio" }),
      q: z
        .string()
        .regex(/^(?:0(?:\.[0-9]{1,6})?|1)$/, "must be a number from 0 to 1, as 0.99")
        .optional()
        .openapi({ description: "With `quantile`: which. 0.5 is the median.", example: "0.99" }),
      of: listOf(STATUS_CLASSES).optional().openapi({
        description:
          "With `ratio`: the classes that are counted, of all requests. `5xx,own` when absent. `own` are answers of the edge itself with 500 and above.",
      }),
      per: z.enum(["request", "attempt"]).optional().openapi({
        description:
          "`request`, when absent: as clients saw it. `attempt`: how clusters did; an attempt that failed counts against its cluster, also when another one was asked then. Not with `quantile`.",
      }),
      groupBy: listOf(DIMENSIONS).optional().openapi({ description: "One group when absent.", example: "region" }),
      service: NameListText.optional().openapi({ description: "Of any of these.", example: "web" }),
      region: NameListText.optional().openapi({ description: "Of any of these; `none`: no cluster was asked." }),
      cluster: NameListText.optional().openapi({ description: "Of any of these; `none`: none was asked." }),
      side: listOf(["stable", "canary"]).optional().openapi({ description: "Of the cluster that was asked." }),
      continent: z
        .string()
        .regex(/^[A-Z]{2}(?:,[A-Z]{2}){0,7}$/, "must be continents as AF, AN, AS, EU, NA, OC, SA, or ZZ for not known")
        .optional()
        .openapi({ description: "Of the clients." }),
      statusClass: listOf(STATUS_CLASSES).optional().openapi({ description: "With any of these answers." }),
      revision: z
        .string()
        .regex(/^[0-9]{1,15}(?:,[0-9]{1,15}){0,19}$/, "must be revisions, as 17,18")
        .optional()
        .openapi({ description: "By which the requests were decided." }),
      ...AskedStretchQuery,
    }),
  },
  responses: answers(QueryAnswer, { description: "The figures.", example: QUERY_EXAMPLE }),
});

const distributionRoute = createRoute({
  method: "get",
  path: "/v1/metrics/distribution",
  operationId: "readDistribution",
  tags: ["metrics"],
  summary: "Read the distribution of traffic",
  description: "Which regions served the clients of each continent, in requests and exact shares.",
  request: {
    query: z.strictObject({
      service: NameText.optional().openapi({ description: "Of this service only.", example: "web" }),
      from: AskedStretchQuery.from,
      to: AskedStretchQuery.to,
      last: AskedStretchQuery.last,
    }),
  },
  responses: answers(DistributionAnswer, { description: "The shares.", example: DISTRIBUTION_EXAMPLE }),
});

const demandRoute = createRoute({
  method: "get",
  path: "/v1/metrics/demand",
  operationId: "readDemand",
  tags: ["metrics"],
  summary: "Read demand",
  description: "Requests a second by the client's country and by route within the last minute: what plans reckon with.",
  request: { query: NoQuery },
  responses: answers(DemandAnswer, { description: "The demand.", example: DEMAND_EXAMPLE }),
});

export function addTelemetryRoutes(app: App): void {
  app.openapi(queryRoute, async (c) => {
    const { measure, q, of, per = "request", groupBy, from, to, last, step, ...filters } = c.req.valid("query");
    const measured = readMeasure(measure, q, of);
    if ("parameter" in measured) return refuseFlaw(c, measured);
    if (per === "attempt" && measure === "quantile") return refuseFlaw(c, NO_TIMES);
    const stretch = stretchOf({ from, to, last, step });
    if (!stretch.ok) return refuseFlaw(c, stretch.error);
    const [answer, marks] = await Promise.all([
      telemetryRootStub(c.env).query({
        ...{ measure: measured, per, filters: filtersOf(filters), groupBy: groupBy ?? [] },
        ...stretch.value,
      }),
      marksOf(c.env, stretch.value),
    ]);
    return reply(QueryAnswer, {
      ...{ measure, unit: UNITS[measure], ...stretch.value },
      ...{ coveredFromMs: answer.coveredFromMs, settledUntilMs: answer.settledUntilMs },
      groups: answer.groups.map(({ key, total, points }) => ({ key: { ...key }, total, points: [...points] })),
      groupsLeftOut: answer.groupsLeftOut,
      ...marks,
    });
  });

  app.openapi(distributionRoute, async (c) => {
    const { service, ...asked } = c.req.valid("query");
    const stretch = stretchOf(asked);
    if (!stretch.ok) return refuseFlaw(c, stretch.error);
    const { fromMs, toMs } = stretch.value;
    const shares = await telemetryRootStub(c.env).distribution({
      ...{ fromMs, toMs },
      ...(service === undefined ? {} : { service }),
    });
    return reply(DistributionAnswer, {
      ...{ fromMs, toMs, state: shares.requests === 0 ? "noData" : "ok" },
      ...{ requests: shares.requests, unserved: shares.unserved, regions: [...shares.regions] },
      continents: shares.continents.map((one) => ({ ...one, regions: [...one.regions] })),
    });
  });

  app.openapi(demandRoute, async (c) => {
    const { vantages } = await fleetStub(c.env).beacons();
    const asked = vantages.map((vantage) => withinMs(BEACON_MS_MAX, vantage, beaconStub(c.env, vantage).readDemand()));
    const heard = (await Promise.allSettled(asked)).flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const samples = heard.reduce((sum, { requests }) => sum + requests, 0);
    const demand = mergeDemand(heard)?.demand;
    const silent = vantages.length - heard.length;
    if (demand === undefined) return reply(DemandAnswer, { state: "noData", samples, vantagesSilent: silent });
    const { countries, routes } = demand;
    return reply(DemandAnswer, {
      ...{ state: "ok", samples, vantagesSilent: silent },
      ...{ countries: { ...countries }, routes: { ...routes } },
    });
  });
}

/** Figures are worth having without them: what breaks the record of commits may be what is looked into. */
async function marksOf(env: AdminEnv, { fromMs, toMs }: Pick<Stretch, "fromMs" | "toMs">) {
  try {
    const asked = fleetStub(env).listRevisionsBetween({ fromMs, toMs, limit: MARKS_MAX + 1 });
    const revisions = await withinMs(MARKS_MS_MAX, "fleet", asked);
    const marks = revisions.slice(-MARKS_MAX).map(markOf);
    return { marks, marksLeftOut: revisions.length > MARKS_MAX, marksKnown: true };
  } catch (error) {
    logEvent("metrics.withoutMarks", { error: errorText(error) });
    return { marks: [], marksLeftOut: false, marksKnown: false };
  }
}

const UNITS = { requests: "requests", ratio: "ratio", quantile: "ms" } as const;

type Flaw = { readonly parameter: string; readonly detail: string };

const NO_TIMES: Flaw = { parameter: "per", detail: "goes without `measure=quantile`: times are of requests" };

function readMeasure(
  kind: Measure["kind"],
  q: string | undefined,
  of: readonly (typeof STATUS_CLASSES)[number][] | undefined,
): Measure | Flaw {
  if (q !== undefined && kind !== "quantile") return { parameter: "q", detail: "goes with `measure=quantile` only" };
  if (of !== undefined && kind !== "ratio") return { parameter: "of", detail: "goes with `measure=ratio` only" };
  if (kind === "requests") return { kind };
  if (kind === "ratio") return { kind, of: of ?? ["5xx", "own"] };
  return q === undefined ? { parameter: "q", detail: "must be there with `measure=quantile`" } : { kind, q: Number(q) };
}

type Filters = {
  readonly [D in Dimension]?: string | readonly string[] | undefined;
};

function filtersOf(filters: Filters): Partial<Record<Dimension, readonly string[]>> {
  const entries = Object.entries(withoutUndefined(filters));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? value.split(",") : value]),
  );
}

type Asked = { readonly [P in "from" | "to" | "last" | "step"]?: number | undefined };

function stretchOf({ from, to, last, step }: Asked) {
  const given: AskedStretch = withoutUndefined({ fromMs: from, toMs: to, lastMs: last, stepMs: step });
  return readStretch(given, Date.now());
}

function refuseFlaw(c: AppContext, { parameter, detail }: Flaw | StretchFlaw): Response {
  const errors = [{ pointer: `/${parameter}`, detail: `"${parameter}" ${detail}.`, code: "schema.custom" }];
  return refuse(c, { code: "parameterInvalid", detail: "A parameter is not what is expected.", errors });
}

function markOf({ revision, createdAtMs, author, kind, reason, ticket }: RevisionRecord) {
  return withoutUndefined({ revision, atMs: createdAtMs, author, kind, reason, ticket });
}

/** `/v1/health`: what is believed of each cluster, by whom and since when, and how that changed. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Vantage } from "../../config/vantage.ts";
import type { ClusterOverview } from "../core/health/overview.ts";
import { type AdminEnv, healthStub, proberStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "../objects/deadline.ts";
import type { ProbedCluster } from "../objects/prober-object.ts";
import { answers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import {
  CLUSTER_EXAMPLE,
  ClusterSchema,
  ProbedClusterSchema,
  TRANSITION_EXAMPLE,
  TransitionSchema,
  VantageSchema,
  VantageText,
} from "./health-schemas.ts";
import { readPage } from "./pages.ts";
import { NameText, NoQuery, PageQuery } from "./schemas.ts";

/** A prober that is cut off must not hide the others. */
const PROBER_MS_MAX = 2_000;

/** What comes with the current view, so that one request says what is and how it came to that. */
const TRANSITIONS_SHOWN = 20;

const HealthAnswer = z
  .object({
    sequence: z.int().openapi({ description: "The number of the report that the beacons heard last." }),
    atMs: z.int(),
    panic: z.boolean().openapi({
      description: "Everything went down at once for every vantage: none is believed, and everything is unknown.",
    }),
    vantages: z.array(VantageSchema),
    clusters: z.array(ClusterSchema),
    transitions: z.array(TransitionSchema).openapi({ description: "The newest; all are at `/v1/health/transitions`." }),
  })
  .openapi("Health");

const healthRoute = createRoute({
  method: "get",
  path: "/v1/health",
  operationId: "readHealth",
  tags: ["health"],
  summary: "Read health",
  description:
    "The condition of every cluster that is probed: what most vantages see, what each of them sees, and which of them are believed.",
  request: { query: NoQuery },
  responses: answers(HealthAnswer, {
    description: "The current view.",
    example: {
      ...{ sequence: AT_MS, atMs: AT_MS, panic: false },
      vantages: [
        {
          ...{ vantage: "weur", standing: "trusted", sinceMs: AT_MS - 3_600_000, heardAtMs: AT_MS - 2_000 },
          ranIn: { kind: "colo", colo: "FRA", cluster: "eu-west-blue", atMs: AT_MS - 2_000 },
          behindMs: 4,
        },
      ],
      clusters: [CLUSTER_EXAMPLE],
      transitions: [TRANSITION_EXAMPLE],
    },
  }),
});

const clusterRoute = createRoute({
  method: "get",
  path: "/v1/health/clusters/{name}",
  operationId: "readClusterHealth",
  tags: ["health"],
  summary: "Read the health of one cluster",
  description: "The same of one cluster, with what each check of each prober found last.",
  request: {
    query: NoQuery,
    params: z.object({ name: NameText.openapi({ description: "The cluster.", example: "eu-west-blue" }) }),
  },
  responses: answers(ProbedClusterSchema, {
    description: "The current view.",
    example: {
      ...CLUSTER_EXAMPLE,
      vantages: [
        {
          ...{ vantage: "weur", state: "healthy", sinceMs: AT_MS - 3_600_000, flaps: 0, local: "healthy" },
          reachable: true,
          checks: [
            {
              ...{ name: "healthCheck", verdict: "passing", successes: 720, failures: 0 },
              last: { atMs: AT_MS, outcome: { kind: "success", status: 200, durationMs: 12 } },
            },
          ],
        },
      ],
    },
    codes: ["clusterUnknown"],
  }),
});

const TransitionsAnswer = z
  .object({
    transitions: z.array(TransitionSchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("HealthTransitionList");

const transitionsRoute = createRoute({
  method: "get",
  path: "/v1/health/transitions",
  operationId: "listHealthTransitions",
  tags: ["health"],
  summary: "List changes of health",
  description: "What changed and why, who voted what, newest first: the last 1,000 within 30 days.",
  request: {
    query: z.strictObject({
      ...PageQuery.shape,
      cluster: NameText.optional().openapi({ description: "Of this cluster only." }),
      vantage: VantageText.optional().openapi({ description: "As this vantage sees it only." }),
    }),
  },
  responses: answers(TransitionsAnswer, {
    description: "One page.",
    example: { transitions: [TRANSITION_EXAMPLE] },
    headers: ["link"],
  }),
});

export function addHealthRoutes(app: App): void {
  app.openapi(healthRoute, async (c) => {
    const health = healthStub(c.env);
    const [overview, newest] = await Promise.all([
      health.read(),
      health.listTransitions({ before: Number.MAX_SAFE_INTEGER, limit: TRANSITIONS_SHOWN }),
    ]);
    return reply(HealthAnswer, { ...overview, transitions: newest.map(({ transition }) => transition) });
  });

  app.openapi(clusterRoute, async (c) => {
    const { name } = c.req.valid("param");
    const { clusters } = await healthStub(c.env).read([name]);
    const [cluster] = clusters;
    if (cluster === undefined) return refuse(c, { code: "clusterUnknown", detail: `No cluster "${name}" is probed.` });
    return reply(ProbedClusterSchema, { ...cluster, vantages: await withChecks(c.env, cluster) });
  });

  app.openapi(transitionsRoute, async (c) => {
    const { cluster, vantage, ...page } = c.req.valid("query");
    const filter = { ...(cluster === undefined ? {} : { cluster }), ...(vantage === undefined ? {} : { vantage }) };
    const query = new URLSearchParams(filter);
    const path = `/v1/health/transitions${query.size === 0 ? "" : `?${query}`}`;
    const { items, next, headers } = await readPage(path, page, (before, limit) =>
      healthStub(c.env).listTransitions({ ...filter, before, limit }),
    );
    return reply(TransitionsAnswer, { transitions: items.map(({ transition }) => transition), ...next }, headers);
  });
}

async function withChecks(env: AdminEnv, { cluster, vantages }: ClusterOverview) {
  return Promise.all(
    vantages.map(async (sight) => {
      const probed = await askProber(env, sight.vantage, cluster);
      return { ...sight, reachable: probed !== "unreachable", checks: checksOf(probed) };
    }),
  );
}

async function askProber(
  env: AdminEnv,
  vantage: Vantage,
  cluster: string,
): Promise<ProbedCluster | "unreachable" | undefined> {
  try {
    return await withinMs(PROBER_MS_MAX, vantage, proberStub(env, vantage).read(cluster));
  } catch (error) {
    logEvent("health.withoutProber", { vantage, error: errorText(error) });
    return "unreachable";
  }
}

function checksOf(probed: Awaited<ReturnType<typeof askProber>>) {
  if (probed === undefined || probed === "unreachable") return [];
  return probed.checks.map(({ name, verdict, successes, failures, last }) => ({
    ...{ name, verdict, successes, failures },
    ...(last === undefined ? {} : { last }),
  }));
}

/** `/v1/objectives`: what is promised where, how it stands, and what is left of each error budget. */
import { createRoute, z } from "@hono/zod-openapi";
import { exhaustionMs, nameOfRule, type PERIOD_MS } from "../core/objectives/burn-rules.ts";
import type { ObjectiveReport, RuleVerdict, WindowFigures } from "../core/objectives/judge.ts";
import { alertStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { NameText } from "./schemas.ts";

/** As many as a person reads; the filters are for the rest. */
const LISTED_MAX = 1_000;

const LACK = "`noData`: no requests. `tooFewRequests`: fewer than `requestsMin`. `unknown`: telemetry did not answer.";

const WindowEnd = z.int().optional().openapi({
  description:
    "Where the window ends. Long windows are added up again only after a 240th of what they cover, so they may end before short ones.",
});

export const WindowSchema = z
  .object({
    windowMs: z.int(),
    atMs: WindowEnd,
    total: z.int(),
    bad: z.int(),
    ratio: z.number().optional().openapi({ description: "Of bad requests; absent without requests." }),
    burnRate: z.number().optional().openapi({
      description: "How many times as fast as the objective allows; 1 spends the budget exactly within its window.",
    }),
  })
  .openapi("ErrorWindow");

const ObjectiveSchema = z
  .object({
    service: z.string(),
    region: z.string().openapi({
      description:
        "`none`: what edges had to answer themselves, with no region to ask, of all requests of the service.",
    }),
    sli: z.enum(["availability", "latency"]),
    targetPpm: z.int().openapi({ description: "Good requests of a million." }),
    thresholdMs: z.int().optional().openapi({ description: "Of latency: what takes longer is bad." }),
    window: z.enum(["7d", "28d", "30d"]),
    requestsMin: z.int(),
    state: z.enum(["ok", "page", "ticket", "noData", "tooFewRequests", "unknown"]).openapi({
      description: `\`page\`, \`ticket\`: the budget burns so fast. ${LACK}`,
    }),
    cluster: z.string().optional().openapi({ description: "Where most of the errors come from, while they burn." }),
    windows: z.array(WindowSchema),
    rules: z.array(
      z.object({
        name: z.string(),
        severity: z.enum(["page", "ticket"]),
        longMs: z.int(),
        shortMs: z.int(),
        burnRateMax: z.number().openapi({ description: "Above it in both windows the rule holds." }),
        outcome: z.enum(["burning", "rising", "quiet", "noData", "tooFewRequests", "unknown"]),
      }),
    ),
    budget: z.object({
      windowMs: z.int(),
      atMs: WindowEnd,
      total: z.int(),
      bad: z.int(),
      state: z.enum(["left", "spent", "noData", "tooFewRequests", "unknown"]).openapi({ description: LACK }),
      remainingPpm: z.int().optional().openapi({ description: "Of the whole budget; below 0 when it is overdrawn." }),
      exhaustedInMs: z.int().optional().openapi({
        description: "When what is left is gone if the last hour goes on like this; absent when it does not shrink.",
      }),
    }),
  })
  .openapi("Objective");

const ObjectivesAnswer = z
  .object({
    atMs: z.int(),
    total: z.int().openapi({ description: `How many there are; the first ${LISTED_MAX} are listed.` }),
    objectives: z.array(ObjectiveSchema),
  })
  .openapi("ObjectiveList");

const EXAMPLE: z.input<typeof ObjectiveSchema> = {
  ...{ service: "web", region: "eu-west", sli: "availability", targetPpm: 999_000, window: "30d", requestsMin: 100 },
  ...{ state: "page", cluster: "eu-west-blue" },
  windows: [
    { windowMs: 300_000, atMs: AT_MS, total: 3_000, bad: 93, ratio: 0.031, burnRate: 31 },
    { windowMs: 3_600_000, atMs: AT_MS - 10_000, total: 36_000, bad: 806, ratio: 0.0224, burnRate: 22.4 },
  ],
  rules: [
    {
      ...{ name: "page 1h/5m", severity: "page", longMs: 3_600_000, shortMs: 300_000 },
      ...{ burnRateMax: 14.4, outcome: "burning" },
    },
  ],
  budget: {
    ...{ windowMs: 2_592_000_000, atMs: AT_MS - 3_600_000, total: 25_000_000, bad: 12_000 },
    ...{ state: "left", remainingPpm: 520_000 },
    exhaustedInMs: 60_171_428,
  },
};

const objectivesRoute = createRoute({
  method: "get",
  path: "/v1/objectives",
  operationId: "listObjectives",
  tags: ["objectives"],
  summary: "List objectives",
  description:
    "Of every service and region: error ratios and burn rates with the counts behind them, what the rules of alerts make of them, and what is left of the error budget. By service, region and promise.",
  request: {
    query: z.strictObject({
      service: NameText.optional().openapi({ description: "Of this service only.", example: "web" }),
      region: NameText.optional().openapi({ description: "Of this region only.", example: "eu-west" }),
    }),
  },
  responses: answers(ObjectivesAnswer, {
    description: "The objectives.",
    example: { atMs: AT_MS, total: 1, objectives: [EXAMPLE] },
  }),
});

export function addObjectiveRoutes(app: App): void {
  app.openapi(objectivesRoute, async (c) => {
    const { service, region } = c.req.valid("query");
    const { atMs, reports } = await alertStub(c.env).readObjectives(service);
    const wanted = reports.filter(({ objective }) => region === undefined || objective.region === region);
    const objectives = wanted.slice(0, LISTED_MAX).map(viewOf);
    return reply(ObjectivesAnswer, { atMs, total: wanted.length, objectives });
  });
}

function viewOf({ objective, state, cluster, windows, rules, budget }: ObjectiveReport) {
  return {
    ...objective,
    state,
    ...(cluster === undefined ? {} : { cluster }),
    windows,
    rules: rules.map(ruleView),
    budget: { ...budget, ...exhaustion(objective.window, budget, windows) },
  };
}

function ruleView({ rule, outcome }: RuleVerdict) {
  const { severity, longMs, shortMs, burnRate } = rule;
  return { name: nameOfRule(rule), severity, longMs, shortMs, burnRateMax: burnRate, outcome };
}

/** By the last hour, which the fastest rule looks at. */
function exhaustion(
  window: keyof typeof PERIOD_MS,
  { remainingPpm }: ObjectiveReport["budget"],
  windows: readonly WindowFigures[],
): { readonly exhaustedInMs?: number } {
  const burnRate = windows.find(({ windowMs }) => windowMs === 3_600_000)?.burnRate;
  if (remainingPpm === undefined || remainingPpm <= 0 || burnRate === undefined || burnRate <= 1) return {};
  return { exhaustedInMs: Math.round((exhaustionMs(burnRate, window) * remainingPpm) / 1_000_000) };
}

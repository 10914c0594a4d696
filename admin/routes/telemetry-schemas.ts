/** What `/v1/metrics` takes and answers, with an example of each. */
import { z } from "@hono/zod-openapi";
import { AT_MS, REVISION } from "./examples.ts";
import { DurationText } from "./schemas.ts";

/** Some of a few values, with commas between them, as `5xx,own`. */
export function listOf<const T extends readonly [string, ...string[]]>(values: T) {
  const any = values.join("|");
  return z
    .string()
    .regex(new RegExp(`^(?:${any})(?:,(?:${any})){0,${values.length - 1}}$`), `must be any of ${values.join(", ")}`)
    .transform((text): readonly T[number][] => text.split(","))
    .openapi({ type: "string", pattern: `^(?:${any})(?:,(?:${any})){0,${values.length - 1}}$`, example: values[0] });
}

const NAME = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const NAMES_PATTERN = new RegExp(`^${NAME}(?:,${NAME}){0,19}$`);

export const NameListText = z.string().regex(NAMES_PATTERN, "must be one name, or up to 20 with commas between them");

const AtText = z
  .string()
  .regex(/^[0-9]{1,15}$/, "must be milliseconds since the epoch")
  .transform(Number)
  .openapi({ type: "integer", minimum: 0 });

/** `from` and `to`, or `last`. */
export const AskedStretchQuery = {
  from: AtText.optional().openapi({ description: "Milliseconds since the epoch; at most 35 days ago." }),
  to: AtText.optional().openapi({ description: "Now when absent. With `from` only." }),
  last: DurationText.optional().openapi({ description: "Until now; `1h` when there is no `from` either." }),
  step: DurationText.optional().openapi({
    description:
      "A multiple of 10 seconds within the last hour, of a minute within a day, of an hour before that. Some 100 steps when absent.",
    example: "1m",
  }),
};

const state = z
  .enum(["ok", "noData"])
  .openapi({ description: "`noData`: no requests were counted. That is not the same as 0." });
const value = z.number().optional().openapi({ description: "With `ok` only, in the unit of the answer." });
const samples = z.int().openapi({ description: "The requests behind the figure." });

const Figure = z.object({ state, value, samples }).openapi("MetricsFigure");

export const QueryAnswer = z
  .object({
    measure: z.enum(["requests", "ratio", "quantile"]),
    unit: z.enum(["requests", "ratio", "ms"]),
    fromMs: z.int(),
    toMs: z.int(),
    stepMs: z.int(),
    coveredFromMs: z.int().openapi({
      description: "Where the first step begins: before `fromMs` when that lies within a step or within a window.",
    }),
    settledUntilMs: z.int().openapi({
      description: "Steps that end later may still grow: edges tell of what happened some 20 seconds after it.",
    }),
    groups: z
      .array(
        z.object({
          key: z.record(z.string(), z.string()).openapi({ description: "One value for each of `groupBy`." }),
          total: Figure,
          points: z.array(z.object({ atMs: z.int(), state, value, samples })),
        }),
      )
      .openapi({ description: "With the most requests first." }),
    groupsLeftOut: z.int().openapi({ description: "Groups beyond the first 100." }),
    marks: z
      .array(
        z.object({
          ...{ revision: z.int(), atMs: z.int(), author: z.string(), kind: z.string() },
          ...{ reason: z.string().optional(), ticket: z.string().optional() },
        }),
      )
      .openapi({ description: "Commits of the stretch, oldest first." }),
    marksLeftOut: z.boolean().openapi({ description: "There were more; the newest are here." }),
    marksKnown: z.boolean().openapi({
      description: "False: commits cannot be read at the moment, and that there are no marks says nothing.",
    }),
  })
  .openapi("Metrics");

export const QUERY_EXAMPLE: z.infer<typeof QueryAnswer> = {
  ...{ measure: "ratio", unit: "ratio", fromMs: AT_MS - 120_000, toMs: AT_MS, stepMs: 60_000 },
  ...{ coveredFromMs: AT_MS - 120_000, settledUntilMs: AT_MS - 20_000 },
  groups: [
    {
      key: { region: "eu-west" },
      total: { state: "ok", value: 0.25, samples: 400 },
      points: [
        { atMs: AT_MS - 120_000, state: "noData", samples: 0 },
        { atMs: AT_MS - 60_000, state: "ok", value: 0.25, samples: 400 },
      ],
    },
  ],
  groupsLeftOut: 0,
  marks: [
    { revision: REVISION, atMs: AT_MS - 90_000, author: "token", kind: "shiftWeights", reason: "more to europe" },
  ],
  marksLeftOut: false,
  marksKnown: true,
};

const Regions = z.array(
  z.object({
    region: z.string(),
    requests: z.int(),
    shareBps: z.int().openapi({ description: "In basis points; all together are 10,000." }),
  }),
);

export const DistributionAnswer = z
  .object({
    fromMs: z.int(),
    toMs: z.int(),
    state,
    requests: z.int(),
    unserved: z.int().openapi({ description: "Of these, answered by the edge without asking a cluster." }),
    regions: Regions,
    continents: z.array(
      z.object({
        continent: z.string().openapi({ description: "Of the clients; `ZZ` not known." }),
        requests: z.int(),
        regions: Regions,
      }),
    ),
  })
  .openapi("TrafficDistribution");

export const DISTRIBUTION_EXAMPLE: z.infer<typeof DistributionAnswer> = {
  ...{ fromMs: AT_MS - 900_000, toMs: AT_MS, state: "ok", requests: 1_001, unserved: 1 },
  regions: [
    { region: "eu-west", requests: 750, shareBps: 7_500 },
    { region: "us-east", requests: 250, shareBps: 2_500 },
  ],
  continents: [
    {
      ...{ continent: "EU", requests: 1_000 },
      regions: [
        { region: "eu-west", requests: 750, shareBps: 7_500 },
        { region: "us-east", requests: 250, shareBps: 2_500 },
      ],
    },
  ],
};

const Rates = z.record(z.string(), z.number());

export const DemandAnswer = z
  .object({
    state: z.enum(["ok", "noData"]).openapi({
      description: "`noData`: fewer than 100 requests within the last minute, too few to say where they come from.",
    }),
    samples,
    vantagesSilent: z
      .int()
      .openapi({ description: "Beacons that did not answer; their edges are not in the figures." }),
    countries: Rates.optional().openapi({
      description: "Requests a second by ISO 3166-1 code; `XX` not known, `T1` Tor.",
    }),
    routes: Rates.optional().openapi({ description: "Requests a second by the route's name." }),
  })
  .openapi("Demand");

export const DEMAND_EXAMPLE: z.infer<typeof DemandAnswer> = {
  ...{ state: "ok", samples: 6_000, vantagesSilent: 0 },
  ...{ countries: { DE: 75, US: 25 }, routes: { web: 100 } },
};

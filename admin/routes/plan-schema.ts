/** A plan as the API answers it; the type, with what each part means, is in admin/core/plan/plan.ts. */
import { z } from "@hono/zod-openapi";
import { DIGEST } from "./examples.ts";
import { PREFLIGHT_EXAMPLE, PreflightSchema } from "./preflight-schema.ts";
import { AnyObject } from "./schemas.ts";
import { VerdictSchema } from "./verdict-schema.ts";

const ProjectionSchema = z
  .object({
    demand: z.object({
      source: z.enum(["recorded", "policy", "countryMix"]),
      requestsPerSecond: z.number().optional(),
    }),
    regions: z.array(
      z.object({
        region: z.string(),
        shareBps: z.int(),
        capacityRequestsPerSecond: z.number(),
        requestsPerSecond: z.number().optional(),
        utilizationBps: z.int().optional(),
      }),
    ),
    clusters: z.array(z.object({ cluster: z.string(), region: z.string(), shareBps: z.int() })),
    countries: z.array(z.object({ country: z.string(), regions: z.record(z.string(), z.int()), unservedBps: z.int() })),
    unservedBps: z.int(),
  })
  .openapi("Projection");

const ScenarioSchema = z
  .object({
    regions: z.array(z.string()),
    unservedBps: z.int(),
    stranded: z.array(z.object({ service: z.string(), countries: z.array(z.string()) })),
    overCapacity: z.array(z.object({ region: z.string(), utilizationBps: z.int() })),
  })
  .openapi("FailureScenario");

export const DiffSchema = z
  .object({ documents: z.array(AnyObject), overlays: z.array(AnyObject) })
  .openapi("Diff", { description: "What differs: of documents by field, of live overlays by what they are on." });

/** The schema's objects are open, which closed unions are not to the compiler. */
export function diffAnswer({
  documents,
  overlays,
}: {
  readonly documents: readonly object[];
  readonly overlays: readonly object[];
}): z.output<typeof DiffSchema> {
  return { documents: documents.map((change) => ({ ...change })), overlays: overlays.map((change) => ({ ...change })) };
}

export const PlanSchema = z
  .object({
    digest: z.string().openapi({ description: "For `Fairlead-Plan`: a commit that carries it does this or nothing." }),
    base: z.object({ revision: z.int(), digest: z.string() }),
    diff: DiffSchema,
    before: ProjectionSchema,
    after: ProjectionSchema,
    moved: z.object({ bps: z.int(), regionBps: z.int(), decisions: z.int() }),
    flags: z
      .array(
        z.object({
          flag: z.string(),
          regions: z.array(
            z.object({
              region: z.string(),
              changedBps: z.int().openapi({ description: "Of the region's clients, those who get another variant." }),
              variants: z.array(z.object({ variant: z.string().nullable(), beforeBps: z.int(), afterBps: z.int() })),
            }),
          ),
        }),
      )
      .optional()
      .openapi({ description: "Only for changes of flags: whom they concern, from sampled clients." }),
    failures: z.object({
      single: ScenarioSchema.optional(),
      double: ScenarioSchema.optional(),
      scenarios: z.object({ examined: z.int(), total: z.int() }),
    }),
    verdicts: z.array(VerdictSchema),
    approvals: z.object({ required: z.int(), because: z.array(z.string()) }),
    warnings: z.array(z.object({ code: z.string(), sentence: z.string() })),
    preflight: PreflightSchema.optional(),
    replay: z
      .object({
        source: z.enum(["given", "recorded"]),
        requests: z.int(),
        changed: z.int(),
        changes: z.array(z.object({ request: AnyObject, before: z.string(), after: z.string() })),
      })
      .optional(),
  })
  .openapi("Plan");

const projection = (euWest: number, usEast: number) => ({
  demand: { source: "policy" as const, requestsPerSecond: 1_000 },
  regions: [
    {
      region: "eu-west",
      shareBps: euWest,
      capacityRequestsPerSecond: 4_000,
      requestsPerSecond: euWest / 10,
      utilizationBps: euWest / 4,
    },
    {
      region: "us-east",
      shareBps: usEast,
      capacityRequestsPerSecond: 6_000,
      requestsPerSecond: usEast / 10,
      utilizationBps: Math.round(usEast / 6),
    },
  ],
  clusters: [
    { cluster: "eu-west-blue", region: "eu-west", shareBps: euWest },
    { cluster: "us-east-blue", region: "us-east", shareBps: usEast },
  ],
  countries: [{ country: "DE", regions: { "eu-west": euWest, "us-east": usEast }, unservedBps: 0 }],
  unservedBps: 0,
});

export const PLAN_EXAMPLE: z.input<typeof PlanSchema> = {
  digest: DIGEST,
  base: { revision: 17, digest: DIGEST },
  diff: { documents: [], overlays: [{ kind: "added", overlay: "weightShift/web/europe", after: {} }] },
  before: projection(10_000, 0),
  after: projection(7_500, 2_500),
  moved: { bps: 2_500, regionBps: 2_500, decisions: 20_000 },
  failures: {
    single: { regions: ["eu-west"], unservedBps: 0, stranded: [], overCapacity: [] },
    scenarios: { examined: 3, total: 3 },
  },
  verdicts: [
    {
      rule: "stepMax",
      outcome: "pass",
      sentence: "The largest step is 25% (us-east in web/europe); up to 50% is allowed.",
      numbers: { stepBps: 2_500, stepMaxBps: 5_000 },
    },
  ],
  approvals: { required: 0, because: [] },
  warnings: [],
  preflight: PREFLIGHT_EXAMPLE,
};

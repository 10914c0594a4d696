/** How health reads in answers: states, who voted what, and what changed. */
import { z } from "@hono/zod-openapi";
import { HealthState as ReportedState } from "../../config/health.ts";
import { VANTAGES } from "../../config/vantage.ts";
import { AT_MS } from "./examples.ts";

export const HealthState = z.enum(ReportedState.options);
export const VantageText = z.enum(VANTAGES);

export const CauseSchema = z
  .object({
    check: z.string(),
    code: z.enum(["slow", "status", "body", "tls", "timeout", "connection"]),
    status: z.int().optional(),
  })
  .openapi("HealthCause", { description: "The check that fails or is slow, and what it met." });

export const PassiveSchema = z
  .object({
    isolates: z.int().openapi({ description: "Of the edge, that have the cluster out at the moment." }),
    reporting: z.int().openapi({ description: "That have reported lately, whatever they said." }),
    failures: z.int(),
    requests: z.int().openapi({ description: "That say something about the cluster, around the ejections." }),
    counts: z.boolean().openapi({ description: "Enough to be evidence." }),
  })
  .openapi("PassiveEvidence", { description: "What edges have ejected by themselves." });

const Standing = z.enum(["trusted", "doubted", "stale", "silent"]);

export const RuleText = z.enum(["majority", "tie", "passive", "nobody"]).openapi({
  description:
    "How the state came about. `majority`: more than half of the vantages that know something. `tie`: half, so it stays as it was. `passive`: the vantages are content, but edges are not. `nobody`: no vantage knows anything that counts.",
});

const Vantages = z.array(VantageText);

export const BallotSchema = z
  .object({
    healthy: Vantages,
    degraded: Vantages,
    unhealthy: Vantages,
    unknown: z.array(
      z.object({
        vantage: VantageText,
        because: z.enum(["doubted", "stale", "silent", "unprobed"]),
      }),
    ),
    passive: PassiveSchema.optional(),
  })
  .openapi("HealthBallot", { description: "What each vantage says, and what edges say." });

export const DoubtSchema = z
  .object({
    sinceMs: z.int(),
    allDownAtMs: z.int().openapi({ description: "When everything that it sees was down last." }),
    clusters: z.int(),
  })
  .openapi("VantageDoubt", { description: "Everything that the vantage sees went down at once." });

export const RanInSchema = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("unknown") }),
    z.object({ kind: z.literal("colo"), colo: z.string(), cluster: z.string(), atMs: z.int() }),
  ])
  .openapi("ProberPlace", {
    description:
      "Where the prober really is: the data centre that Cloudflare names in its answers for a cluster behind it, and `unknown` when no cluster is.",
  });

const SIGHT = {
  vantage: VantageText,
  state: HealthState,
  sinceMs: z.int(),
  flaps: z.int().openapi({ description: "How often it went down within ten minutes; a third time is held longer." }),
  because: CauseSchema.optional(),
  recoveredAtMs: z.int().optional().openapi({ description: "When it was last healthy again after being down." }),
  heldUntilMs: z.int().optional().openapi({ description: "It stays down until then at least." }),
  local: HealthState.optional().openapi({
    description: "As clients near the vantage go by; absent when they go by what holds for all.",
  }),
  passive: PassiveSchema.optional(),
};

const SightSchema = z.object(SIGHT).openapi("ClusterSight", { description: "A cluster as one vantage sees it." });

const CLUSTER = {
  cluster: z.string(),
  state: HealthState,
  sinceMs: z.int(),
  recoveredAtMs: z.int().optional(),
  rule: RuleText,
  ballot: BallotSchema,
  flaps: z.int().openapi({ description: "How often it went down for most within ten minutes." }),
  probesPerMinute: z.int().openapi({ description: "By its intervals, over all vantages; jitter adds a twentieth." }),
  replicaLagMs: z.int().optional().openapi({ description: "How far its data is behind, as it says itself." }),
};

export const ClusterSchema = z
  .object({ ...CLUSTER, vantages: z.array(SightSchema) })
  .openapi("ClusterHealth", { description: "What holds for all, and what each vantage sees." });

const Outcome = z.union([
  z.object({ kind: z.enum(["success", "slow"]), status: z.int(), durationMs: z.int() }),
  z.object({
    kind: z.literal("failure"),
    because: z.enum(["status", "body", "tls", "timeout", "connection"]),
    status: z.int().optional(),
    durationMs: z.int(),
  }),
]);

const CheckSchema = z
  .object({
    name: z.string(),
    verdict: z.enum(["unknown", "passing", "slow", "failing"]),
    successes: z.int().openapi({ description: "In a row." }),
    failures: z.int().openapi({ description: "In a row." }),
    last: z.object({ atMs: z.int(), outcome: Outcome }).optional().openapi({ description: "The last probe." }),
  })
  .openapi("ProbedCheck");

/** With the checks of each prober, as they are right now. */
export const ProbedClusterSchema = z
  .object({
    ...CLUSTER,
    vantages: z.array(
      z.object({
        ...SIGHT,
        reachable: z
          .boolean()
          .openapi({ description: "`false`: the prober did not answer, so its checks are absent." }),
        checks: z.array(CheckSchema),
      }),
    ),
  })
  .openapi("ProbedCluster");

export const VantageSchema = z
  .object({
    vantage: VantageText,
    standing: Standing.openapi({
      description:
        "`trusted`: what it says counts. `doubted`: everything it sees went down at once, so it does not. `stale`: it has not been heard for 30 s. `silent`: it was never heard.",
    }),
    sinceMs: z.int(),
    heardAtMs: z.int().optional(),
    doubt: DoubtSchema.optional(),
    ranIn: RanInSchema,
    behindMs: z.int().openapi({ description: "By how much the latest probe of the last minutes began late." }),
  })
  .openapi("VantageHealth");

const at = { atMs: z.int() };

export const TransitionSchema = z
  .discriminatedUnion("kind", [
    z.object({
      ...{ kind: z.literal("cluster"), ...at, cluster: z.string(), from: HealthState, to: HealthState },
      ...{ rule: RuleText, ballot: BallotSchema },
    }),
    z.object({
      ...{ kind: z.literal("clusterAtVantage"), ...at, cluster: z.string(), vantage: VantageText },
      ...{ from: HealthState, to: HealthState },
      because: z.union([CauseSchema, z.object({ code: z.literal("passive") })]).optional(),
    }),
    z.object({
      ...{ kind: z.literal("vantage"), ...at, vantage: VantageText, from: Standing, to: Standing },
      doubt: DoubtSchema.optional(),
    }),
    z.object({ kind: z.literal("panic"), ...at, to: z.enum(["begun", "over"]), vantages: Vantages }),
  ])
  .openapi("HealthTransition", {
    description:
      "`cluster`: for all. `clusterAtVantage`: as one vantage sees it. `vantage`: whether it is believed. `panic`: whether anybody is.",
  });

export const CLUSTER_EXAMPLE: z.input<typeof ClusterSchema> = {
  ...{ cluster: "eu-west-blue", state: "healthy", sinceMs: AT_MS - 3_600_000, rule: "majority" },
  ballot: { healthy: ["weur", "enam"], degraded: [], unhealthy: ["apac"], unknown: [] },
  ...{ flaps: 0, probesPerMinute: 18 },
  vantages: [
    { vantage: "weur", state: "healthy", sinceMs: AT_MS - 3_600_000, flaps: 0, local: "healthy" },
    { vantage: "enam", state: "healthy", sinceMs: AT_MS - 3_600_000, flaps: 0, local: "healthy" },
    {
      ...{ vantage: "apac", state: "unhealthy", sinceMs: AT_MS - 40_000, flaps: 1, local: "unhealthy" },
      because: { check: "healthCheck", code: "timeout" },
    },
  ],
};

export const TRANSITION_EXAMPLE = {
  ...{ kind: "clusterAtVantage", atMs: AT_MS - 40_000, cluster: "eu-west-blue", vantage: "apac" },
  ...{ from: "healthy", to: "unhealthy", because: { check: "healthCheck", code: "timeout" } },
} satisfies z.input<typeof TransitionSchema>;

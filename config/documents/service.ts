/** Kind Service: how its clients are kept, split, tried again and failed over, and what they are promised. */
import * as z from "zod/mini";
import { Duration } from "../duration.ts";
import { CanaryFlag } from "../flag.ts";
import { Name, RegionName, ServiceName, ShareBps } from "../ids.ts";
import { ATTEMPTS_MAX, FLAGS_PER_SERVICE_MAX, RESIDENCY_RULES_MAX } from "../limits.ts";
import { Objectives } from "../objectives.ts";
import { HeaderName, ResidencyRule } from "../shared-shapes.ts";
import { envelope } from "./envelope.ts";
import { HealthCheck } from "./health-check.ts";

/** What keeps a client on its region and cluster. Without any, each request is its own draw. */
export const Affinity = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("none") }),
  z.strictObject({ by: z.literal("clientAddress") }),
  z.strictObject({ by: z.literal("header"), header: HeaderName }),
  /** A signed cookie that binds a browser to its cluster; until it has one, the client's address counts. */
  z.strictObject({ by: z.literal("cookie"), maxAge: z.exactOptional(Duration) }),
]);
export type Affinity = z.infer<typeof Affinity>;

/** How a cluster, and with it its region, comes back after it was away: not at once, and not all of it. */
export const Recovery = z.strictObject({
  /** How long it stays out at least, however soon probes succeed again. */
  holdDown: z.exactOptional(Duration),
  /** From its return to its full weight. */
  ramp: z.exactOptional(Duration),
  /** Percent of its weight at the very start of the ramp. */
  floorPercent: z.exactOptional(z.int().check(z.minimum(1), z.maximum(100))),
});
export type Recovery = z.infer<typeof Recovery>;

const Percent = z.int().check(z.minimum(0), z.maximum(100));

/** What to do with the utilization that clusters report (`endpoint-load-metrics`). Nothing, unless said here. */
export const LoadPolicy = z.strictObject({
  /** Weights lean towards clusters and regions with headroom. */
  lean: z.exactOptional(z.boolean()),
  /** Percent of utilization: below `low` nobody leaves a region, from `high` on everybody who can. */
  shed: z.exactOptional(z.strictObject({ low: Percent, high: Percent })),
});
export type LoadPolicy = z.infer<typeof LoadPolicy>;

/** `reads` are GET, HEAD and OPTIONS, `writes` everything else. What is left out tolerates any lag. */
export const ReplicaLag = z.strictObject({ reads: z.exactOptional(Duration), writes: z.exactOptional(Duration) });
export type ReplicaLag = z.infer<typeof ReplicaLag>;

export const ServiceSpec = z.strictObject({
  tier: z.exactOptional(z.enum(["critical", "standard", "besteffort"])),
  residency: z.exactOptional(z.array(ResidencyRule).check(z.minLength(1), z.maxLength(RESIDENCY_RULES_MAX))),
  affinity: z.exactOptional(Affinity),
  /** The canary side's part of each region's traffic: one figure for all regions, or one for each named region. */
  canaryShareBps: z.exactOptional(z.union([ShareBps, z.record(RegionName, ShareBps)])),
  /** Whom this flag gives the variant is served by the canary side, whatever the share; the share is of all others. */
  canaryFlag: z.exactOptional(CanaryFlag),
  /** Flags whose values clusters of this service are handed with every request (`Fairlead-Flags`). */
  flags: z.exactOptional(z.array(Name).check(z.minLength(1), z.maxLength(FLAGS_PER_SERVICE_MAX))),
  retries: z.exactOptional(z.strictObject({ attemptsMax: z.int().check(z.minimum(1), z.maximum(ATTEMPTS_MAX)) })),
  timeouts: z.exactOptional(z.strictObject({ firstByte: z.exactOptional(Duration), total: z.exactOptional(Duration) })),
  healthCheck: z.exactOptional(HealthCheck),
  recovery: z.exactOptional(Recovery),
  load: z.exactOptional(LoadPolicy),
  /** The largest lag of a region's data that requests tolerate; a region that reports more is not eligible for them. */
  replicaLag: z.exactOptional(ReplicaLag),
  /** What clients are promised; alerts and budgets go by it. */
  objectives: z.exactOptional(Objectives),
});
export const ServiceDocument = envelope("Service", ServiceName, ServiceSpec);
export type ServiceDocument = z.infer<typeof ServiceDocument>;

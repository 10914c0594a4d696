/** What is known of the clusters' condition, as it travels from the health object to the beacons and on to the edge. */
import * as z from "zod/mini";
import { ClusterName } from "./ids.ts";
import { Vantage } from "./vantage.ts";

/** `unknown` is distinct from down: routing goes by weights until something is known (DESIGN §7). */
export const HealthState = z.enum(["healthy", "degraded", "unhealthy", "unknown"]);
export type HealthState = z.infer<typeof HealthState>;

const States = z.record(ClusterName, HealthState);

/**
 * One view at one time. A cluster that is not named is `unknown`. Fields that a reader does not know are ignored: the
 * control plane may be the newer of the two.
 */
export const HealthReport = z.object({
  /** Rises with each change, so that a late answer never replaces a newer one. */
  sequence: z.int().check(z.minimum(0)),
  atMs: z.int(),
  /** What most vantages see. */
  clusters: States,
  /** When a cluster was found healthy again, milliseconds since the epoch: its weight is ramped from then on. */
  recoveredAtMs: z.record(ClusterName, z.int()),
  /** What a vantage sees otherwise than most, by cluster: edges near it go by that. Vantages that agree are left out. */
  vantages: z.exactOptional(z.partialRecord(Vantage, States)),
  /**
   * When a vantage itself found a cluster healthy again, where that is not when most did: edges near it ramp by that.
   * 0: it was never away there, so there is nothing to ramp.
   */
  vantageRecoveredAtMs: z.exactOptional(z.partialRecord(Vantage, z.record(ClusterName, z.int().check(z.minimum(0))))),
  /** By how much each cluster's data is behind, in milliseconds, as the clusters report it. Missing: it does not say. */
  replicaLagMs: z.exactOptional(z.record(ClusterName, z.int().check(z.minimum(0)))),
});
export type HealthReport = z.infer<typeof HealthReport>;

/**
 * Reports come every ten seconds at least. Whoever is told the same one for so long is told how things were when somebody
 * was left to judge them. By the reader's own clock, since the report was first heard.
 */
export const HEALTH_REPORT_STALE_MS = 60_000;

export const HEALTH_REPORT_EMPTY: HealthReport = { sequence: 0, atMs: 0, clusters: {}, recoveredAtMs: {} };

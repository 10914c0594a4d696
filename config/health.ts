/** What is known of the clusters' condition, as it travels from the prober to the beacons and on to the edge. */
import * as z from "zod/mini";
import { ClusterName } from "./ids.ts";

/** `unknown` is distinct from down: routing goes by weights until something is known (DESIGN §7). */
export const HealthState = z.enum(["healthy", "degraded", "unhealthy", "unknown"]);
export type HealthState = z.infer<typeof HealthState>;

/** One view at one time. A cluster that is not named is `unknown`. */
export const HealthReport = z.strictObject({
  /** Rises with each change, so that a late answer never replaces a newer one. */
  sequence: z.int().check(z.minimum(0)),
  atMs: z.int(),
  clusters: z.record(ClusterName, HealthState),
  /** When a prober found a cluster healthy again, milliseconds since the epoch: its weight is ramped from then on. */
  recoveredAtMs: z.record(ClusterName, z.int()),
});
export type HealthReport = z.infer<typeof HealthReport>;

export const HEALTH_REPORT_EMPTY: HealthReport = { sequence: 0, atMs: 0, clusters: {}, recoveredAtMs: {} };

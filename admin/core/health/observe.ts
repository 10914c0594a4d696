/**
 * What one probe changes about what is believed of a cluster. A cluster that nobody has probed yet is believed after
 * its first success, because traffic may be waiting for it; anything else needs `rise` successes or `fall` failures in
 * a row. What went down stays down for the hold-down at least, however soon it answers again: traffic that follows a
 * flapping cluster in and out hurts more than a healthy one that waits. When to probe and what counts as success is
 * decided elsewhere.
 */
import type { HealthState } from "../../../config/health.ts";

export type ProbeOutcome =
  | { readonly kind: "success"; readonly status: number; readonly durationMs: number }
  | { readonly kind: "failure"; readonly because: "status"; readonly status: number; readonly durationMs: number }
  | { readonly kind: "failure"; readonly because: "timeout" | "connection"; readonly durationMs: number };

export type ClusterHealth = {
  readonly state: HealthState;
  /** Since when the state holds. */
  readonly sinceMs: number;
  /** In a row; one of the two is always 0. */
  readonly successes: number;
  readonly failures: number;
  /** When it was last found healthy after having been down: its traffic is ramped from then on. */
  readonly recoveredAtMs?: number;
  readonly last?: { readonly atMs: number; readonly outcome: ProbeOutcome };
};

export type Thresholds = {
  readonly rise: number;
  readonly fall: number;
  /** From when the cluster went down; failures meanwhile do not begin it anew, they only break the streak. */
  readonly holdDownMs: number;
};

export function unknownHealth(nowMs: number): ClusterHealth {
  return { state: "unknown", sinceMs: nowMs, successes: 0, failures: 0 };
}

export function observe(
  health: ClusterHealth,
  outcome: ProbeOutcome,
  { thresholds, nowMs }: { readonly thresholds: Thresholds; readonly nowMs: number },
): ClusterHealth {
  const succeeded = outcome.kind === "success";
  const successes = succeeded ? health.successes + 1 : 0;
  const failures = succeeded ? 0 : health.failures + 1;
  const heldDown = health.state === "unhealthy" && nowMs < health.sinceMs + thresholds.holdDownMs;
  const state = heldDown ? "unhealthy" : nextState(health.state, { successes, failures }, thresholds);
  const recoveredAtMs = health.state === "unhealthy" && state === "healthy" ? nowMs : health.recoveredAtMs;
  return {
    state,
    sinceMs: state === health.state ? health.sinceMs : nowMs,
    successes,
    failures,
    ...(recoveredAtMs === undefined ? {} : { recoveredAtMs }),
    last: { atMs: nowMs, outcome },
  };
}

function nextState(
  state: HealthState,
  { successes, failures }: { readonly successes: number; readonly failures: number },
  { rise, fall }: Pick<Thresholds, "rise" | "fall">,
): HealthState {
  const riseNeeded = state === "unknown" ? 1 : rise;
  if (successes >= riseNeeded) return "healthy";
  if (failures >= fall) return "unhealthy";
  return state;
}

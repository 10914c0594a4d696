/**
 * What one vantage believes of one cluster, and how one probe changes that: the check's thresholds first
 * (`observe.ts`), then all checks together (`compose.ts`), then the hold-down (`flapping.ts`).
 */
import type { HealthState } from "../../../config/health.ts";
import { composeChecks } from "./compose.ts";
import { holdMs, noteDown } from "./flapping.ts";
import { CHECK_UNKNOWN, type CheckHealth, type CheckVerdict, observeCheck } from "./observe.ts";
import type { ProbeOutcome } from "./outcome.ts";
import type { ProbeTarget } from "./targets.ts";

/** Why a cluster is not healthy: the check, and what it met last. */
export type Cause = {
  readonly check: string;
  readonly code: "slow" | "status" | "body" | "tls" | "timeout" | "connection";
  readonly status?: number;
};

export type ClusterHealth = {
  readonly state: HealthState;
  /** Since when the state holds. */
  readonly sinceMs: number;
  /** Absent while it is healthy or unknown, and after a restart until the next probe. */
  readonly because?: Cause;
  /** When it was last found healthy after having been down: its traffic is ramped from then on. */
  readonly recoveredAtMs?: number;
  /** When it went down within the last minutes, oldest first. */
  readonly downsAtMs: readonly number[];
  readonly checks: ReadonlyMap<string, CheckHealth>;
};

export function unknownHealth(nowMs: number): ClusterHealth {
  return { state: "unknown", sinceMs: nowMs, downsAtMs: [], checks: new Map() };
}

/**
 * Of a check that is new, or all of them after a restart: as the cluster is. What was down needs its full number of
 * successes, what was up of failures, and what is not known yet takes back nothing that is.
 */
export function resumedCheck(state: HealthState): CheckHealth {
  const verdicts = { healthy: "passing", degraded: "slow", unhealthy: "failing", unknown: "unknown" } as const;
  return { ...CHECK_UNKNOWN, verdict: verdicts[state] satisfies CheckVerdict };
}

export type Probed = { readonly check: string; readonly outcome: ProbeOutcome };

export function observe(
  health: ClusterHealth,
  { check: name, outcome }: Probed,
  { target, nowMs }: { readonly target: ProbeTarget; readonly nowMs: number },
): ClusterHealth {
  const check = target.checks.find((candidate) => candidate.name === name);
  if (check === undefined) return health; // The target has changed while the probe was on its way.
  const before = health.checks.get(name) ?? resumedCheck(health.state);
  const checks = new Map(
    target.checks.map((known) => [known.name, health.checks.get(known.name) ?? resumedCheck(health.state)]),
  ).set(name, observeCheck(before, outcome, { thresholds: check, nowMs }));
  return settle({ ...health, checks }, { target, nowMs });
}

function settle(
  health: ClusterHealth,
  { target, nowMs }: { readonly target: ProbeTarget; readonly nowMs: number },
): ClusterHealth {
  const { checks, downsAtMs } = health;
  const composed = composeChecks(
    target.checks.map(({ name, role }) => ({ name, role, verdict: checks.get(name)?.verdict ?? "unknown" })),
  );
  const held = health.state === "unhealthy" && nowMs < heldUntilMs(health, target);
  const state = held ? health.state : composed.state;
  const changed = state !== health.state;
  const wentDown = changed && state === "unhealthy";
  const cameBack = health.state === "unhealthy" && changed;
  const because = composed.because === undefined ? undefined : causeOf(composed.because, checks);
  const { because: _, ...rest } = health;
  return {
    ...rest,
    state,
    ...(changed ? { sinceMs: nowMs } : {}),
    ...(cameBack ? { recoveredAtMs: nowMs } : {}),
    ...(wentDown ? { downsAtMs: noteDown(downsAtMs, nowMs) } : {}),
    // While it is held down nothing is wrong any more: what kept it from being healthy stays the reason.
    ...causeFields(state === "healthy" ? undefined : (because ?? health.because)),
  };
}

/** Until when a cluster that is down stays so at least. Failures meanwhile do not begin it anew. */
export function heldUntilMs(
  { sinceMs, downsAtMs }: Pick<ClusterHealth, "sinceMs" | "downsAtMs">,
  { holdDownMs }: Pick<ProbeTarget, "holdDownMs">,
): number {
  return sinceMs + holdMs(holdDownMs, downsAtMs.length);
}

function causeFields(because: Cause | undefined): { readonly because?: Cause } {
  return because === undefined ? {} : { because };
}

function causeOf(check: string, checks: ReadonlyMap<string, CheckHealth>): Cause | undefined {
  const outcome = checks.get(check)?.last?.outcome;
  if (outcome === undefined) return undefined;
  if (outcome.kind !== "failure") return outcome.kind === "slow" ? { check, code: "slow" } : undefined;
  return "status" in outcome
    ? { check, code: outcome.because, status: outcome.status }
    : { check, code: outcome.because };
}

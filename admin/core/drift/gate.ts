/**
 * Whether what clusters run lets a release go on. Errors, and what has differed for longer than the Policy allows, stop
 * it; what is not known proves nothing either way and holds it (DESIGN §9: no data never passes). Other differences are
 * for people to weigh.
 */
import type { DriftPolicy } from "../../../config/policy.ts";
import { driftAgeMsMax } from "./severities.ts";
import { overdue, type TrackedDrift } from "./track.ts";

export type DriftGate =
  | { readonly verdict: "pass" }
  /** `because` has at least one. */
  | { readonly verdict: "fail"; readonly because: readonly TrackedDrift[] }
  /** Whoever has not said what it runs; empty when nobody could be asked. */
  | { readonly verdict: "inconclusive"; readonly because: readonly TrackedDrift[] };

export type DriftGateInput = {
  /** Undefined: nobody could be asked. */
  readonly tracked: readonly TrackedDrift[] | undefined;
  /** What is released; differences of other services are somebody else's. All of them when absent. */
  readonly services?: readonly string[];
  readonly policy: DriftPolicy | undefined;
  readonly nowMs: number;
};

export function driftGate({ tracked, services, policy, nowMs }: DriftGateInput): DriftGate {
  if (tracked === undefined) return { verdict: "inconclusive", because: [] };
  const own = tracked.filter(({ service }) => services?.includes(service) ?? true);
  const known = own.filter(({ kind }) => kind !== "unknown");
  const old = new Set(overdue(known, { ageMsMax: driftAgeMsMax(policy), nowMs }));
  const failing = known.filter((drift) => drift.severity === "error" || old.has(drift));
  if (failing.length > 0) return { verdict: "fail", because: failing };
  const unknown = own.filter(({ kind }) => kind === "unknown");
  return unknown.length > 0 ? { verdict: "inconclusive", because: unknown } : { verdict: "pass" };
}

/**
 * Takes a region or a cluster out of service and puts it back. Every drain has an end. Whether enough is left, and
 * whether what comes back is fit to, are safety rules and judged on the state that is proposed here.
 */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { formatDuration } from "../../../config/duration.ts";
import { DRAIN_DEADLINE_MS_DEFAULT, DRAIN_DEADLINE_MS_MAX, RECOVERY_RAMP_MS_MAX } from "../../../config/limits.ts";
import { ClusterDrain, type Overlay, RegionDrain } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { expiryOf } from "./expiry.ts";
import type { DrainTarget, MutationContext, Proposal, SingleMutation } from "./mutation.ts";
import { findOverlay, withOverlay, withoutOverlay } from "./overlays.ts";
import { mayChange, provenanceOf, why } from "./provenance.ts";
import type { FleetState } from "./state.ts";
import { refuseUnknown } from "./unknown-name.ts";

type Drain = Extract<SingleMutation, { readonly kind: "drain" }>;
type Undrain = Extract<SingleMutation, { readonly kind: "undrain" }>;

/**
 * Draining what is drained already replaces the drain, whoever manages it: that is how it is extended, and taking traffic
 * away needs nobody's leave. What was on its way back is not any more.
 */
export function drain(state: FleetState, request: Drain, context: MutationContext): Result<Proposal, AdminRefusal> {
  const unknown = unknownTarget(state, request.target);
  if (unknown !== undefined) return err(unknown);
  const times = drainTimes(request, context.nowMs);
  if (!times.ok) return times;

  const overlay = overlayOf(request, times.value, context);
  const rest = withoutOverlay(inForce(state.overlays, context.nowMs), keyOf(request.target, "Return"));
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: withOverlay(rest, overlay),
    ...why(request),
    outcome: { kind: "drain", target: request.target, mode: request.mode, ...times.value },
  });
}

/** Not drained is where the caller wants to be, so it is no error: the proposal is the state as it is. */
export function undrain(state: FleetState, request: Undrain, context: MutationContext): Result<Proposal, AdminRefusal> {
  const live = findOverlay(state.overlays, keyOf(request.target, "Drain"));
  // A drain may outlive what it is on, and must be possible to end all the same.
  const unknown = live === undefined ? unknownTarget(state, request.target) : undefined;
  if (unknown !== undefined) return err(unknown);
  const permitted = mayChange(live, request, context);
  if (!permitted.ok) return permitted;
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: live === undefined ? state.overlays : withReturns(state.overlays, [live], { ...why(request), context }),
    ...why(request),
    outcome: { kind: "undrain", target: request.target },
  });
}

type Ending = { readonly reason: string; readonly ticket?: string; readonly context: MutationContext };

/** The drains that end give way to returns, so that traffic comes back ramped and not all at once. */
export function withReturns(
  overlays: readonly Overlay[],
  ended: readonly Overlay[],
  ending: Ending,
): readonly Overlay[] {
  const left = inForce(overlays, ending.context.nowMs).filter((overlay) => !ended.includes(overlay));
  return ended.flatMap((overlay) => returnOf(overlay, ending) ?? []).reduce(withOverlay, left);
}

function returnOf(drain: Overlay, { context, ...reason }: Ending): Overlay | undefined {
  const comeback = { returnedAtMs: context.nowMs, ...provenanceOf(reason, context) };
  if (drain.kind === "regionDrain") return { kind: "regionReturn", region: drain.region, ...comeback };
  if (drain.kind === "clusterDrain") return { kind: "clusterReturn", cluster: drain.cluster, ...comeback };
  return undefined;
}

/** Returns have no effect once the longest ramp is over. They are dropped with the next drain or undrain, quietly. */
function inForce(overlays: readonly Overlay[], nowMs: number): readonly Overlay[] {
  return overlays.filter(
    (overlay) => !("returnedAtMs" in overlay) || nowMs - overlay.returnedAtMs <= RECOVERY_RAMP_MS_MAX,
  );
}

type DrainTimes = { readonly deadlineMs?: number; readonly expiresAtMs: number };

function drainTimes(request: Drain, nowMs: number): Result<DrainTimes, AdminRefusal> {
  const expiresAtMs = expiryOf(request, { what: "A drain", nowMs });
  if (!expiresAtMs.ok) return expiresAtMs;
  const { mode, deadlineMs } = request;
  if (mode === "immediate")
    return deadlineMs === undefined
      ? ok({ expiresAtMs: expiresAtMs.value })
      : refuseDeadline("An immediate drain has no deadline: bound clients leave at once.");
  const lastsMs = expiresAtMs.value - nowMs;
  if (deadlineMs !== undefined && deadlineMs > Math.min(lastsMs, DRAIN_DEADLINE_MS_MAX))
    return refuseDeadline(
      `Bound clients may stay until the drain ends, and at most ${formatDuration(DRAIN_DEADLINE_MS_MAX)}.`,
    );
  const staysMs = Math.min(deadlineMs ?? DRAIN_DEADLINE_MS_DEFAULT, lastsMs);
  return ok({ deadlineMs: nowMs + staysMs, expiresAtMs: expiresAtMs.value });
}

function refuseDeadline(detail: string): Result<never, AdminRefusal> {
  return err({ code: "drainInvalid", detail, errors: [{ pointer: "/deadline", detail, code: "drain.deadline" }] });
}

/** Parsing mints the brands: the target exists, and the request's schema bounded reason and ticket. */
function overlayOf(request: Drain, times: DrainTimes, context: MutationContext): RegionDrain | ClusterDrain {
  const drain = { mode: request.mode, ...times, ...provenanceOf(request, context) };
  return request.target.kind === "region"
    ? RegionDrain.parse({ kind: "regionDrain", region: request.target.name, ...drain })
    : ClusterDrain.parse({ kind: "clusterDrain", cluster: request.target.name, ...drain });
}

function keyOf({ kind, name }: DrainTarget, what: "Drain" | "Return"): string {
  return `${kind}${what}/${name}`;
}

function unknownTarget({ fleet }: FleetState, { kind, name }: DrainTarget): AdminRefusal | undefined {
  const documents = kind === "region" ? fleet.regions : fleet.clusters;
  const names = documents.map(({ metadata }) => metadata.name as string);
  return refuseUnknown(kind === "region" ? "regionUnknown" : "clusterUnknown", {
    what: kind,
    name,
    names,
    pointer: "/name",
  });
}

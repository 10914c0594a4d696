/**
 * Takes a region or a cluster out of service, puts it back, and ends drains whose time has come. Every drain has an end.
 * A drain that would leave a service with nowhere to send a new client is refused; one that empties a residency zone
 * is done and said, since failing over out of the zone is not an option that anybody has.
 */
import type { AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import { compile } from "../../../config/compile.ts";
import { formatDuration } from "../../../config/duration.ts";
import { Revision } from "../../../config/ids.ts";
import {
  DRAIN_DEADLINE_MS_DEFAULT,
  DRAIN_DEADLINE_MS_MAX,
  DRAIN_EXPIRES_MS_DEFAULT,
  DRAIN_EXPIRES_MS_MAX,
  DRAIN_EXPIRES_MS_MIN,
  RECOVERY_RAMP_MS_MAX,
} from "../../../config/limits.ts";
import { ClusterDrain, type Overlay, overlayKey, RegionDrain } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { suggest } from "../../../config/suggest.ts";
import { type AcceptanceLoss, acceptanceLosses } from "./acceptance.ts";
import type { DrainTarget, Mutation, MutationContext, Proposal } from "./mutation.ts";
import { findOverlay, withOverlay, withoutOverlay } from "./overlays.ts";
import type { FleetState } from "./state.ts";

type Drain = Extract<Mutation, { readonly kind: "drain" }>;
type Undrain = Extract<Mutation, { readonly kind: "undrain" }>;

/** Draining what is drained already replaces the drain: that is how it is extended. What was on its way back is not. */
export function drain(
  state: FleetState,
  request: Drain,
  { author, nowMs }: MutationContext,
): Result<Proposal, AdminRefusal> {
  const unknown = unknownTarget(state, request.target);
  if (unknown !== undefined) return err(unknown);
  const times = drainTimes(request, nowMs);
  if (!times.ok) return times;

  const overlay = overlayOf(request, times.value, author, nowMs);
  const overlays = withOverlay(
    withoutOverlay(inForce(state.overlays, nowMs), keyOf(request.target, "Return")),
    overlay,
  );
  const losses = acceptanceLosses(snapshotOf(state, state.overlays), snapshotOf(state, overlays));
  const refusal = refuseLosses(request.target, losses);
  if (refusal !== undefined) return err(refusal);

  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays,
    ...why(request),
    outcome: { kind: "drain", target: request.target, mode: request.mode, ...times.value, warnings: losses },
  });
}

/** Not drained is where the caller wants to be, so it is no error: the proposal is the state as it is. */
export function undrain(
  state: FleetState,
  request: Undrain,
  { author, nowMs }: MutationContext,
): Result<Proposal, AdminRefusal> {
  const live = findOverlay(state.overlays, keyOf(request.target, "Drain"));
  // A drain may outlive what it is on, and must be possible to end all the same.
  const unknown = live === undefined ? unknownTarget(state, request.target) : undefined;
  if (unknown !== undefined) return err(unknown);
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays:
      live === undefined ? state.overlays : withReturns(state.overlays, [live], { ...why(request), author, nowMs }),
    ...why(request),
    outcome: { kind: "undrain", target: request.target },
  });
}

export function expireDrains(state: FleetState, { author, nowMs }: MutationContext): Result<Proposal, never> {
  const reason = "drain expired";
  const ended = state.overlays.filter((overlay) => (expiresAtMs(overlay) ?? Number.POSITIVE_INFINITY) <= nowMs);
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: ended.length === 0 ? state.overlays : withReturns(state.overlays, ended, { reason, author, nowMs }),
    reason,
    outcome: { kind: "expireDrains", ended: ended.map(overlayKey) },
  });
}

type Ending = {
  readonly reason: string;
  readonly ticket?: string;
  readonly author: string;
  readonly nowMs: number;
};

/** The drains that end give way to returns, so that traffic comes back ramped and not all at once. */
function withReturns(overlays: readonly Overlay[], ended: readonly Overlay[], ending: Ending): readonly Overlay[] {
  const left = inForce(overlays, ending.nowMs).filter((overlay) => !ended.includes(overlay));
  return ended.flatMap((overlay) => returnOf(overlay, ending) ?? []).reduce(withOverlay, left);
}

function returnOf(drain: Overlay, { nowMs, author, ...why }: Ending): Overlay | undefined {
  const comeback = { returnedAtMs: nowMs, author, ...why, createdAtMs: nowMs };
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

/** When the next drain ends, for the alarm. */
export function nextExpiryMs(overlays: readonly Overlay[]): number | undefined {
  const times = overlays.flatMap((overlay) => expiresAtMs(overlay) ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

function expiresAtMs(overlay: Overlay): number | undefined {
  return "expiresAtMs" in overlay ? overlay.expiresAtMs : undefined;
}

type DrainTimes = { readonly deadlineMs?: number; readonly expiresAtMs: number };

function drainTimes(
  { mode, deadlineMs, expiresInMs = DRAIN_EXPIRES_MS_DEFAULT }: Drain,
  nowMs: number,
): Result<DrainTimes, AdminRefusal> {
  if (expiresInMs < DRAIN_EXPIRES_MS_MIN || expiresInMs > DRAIN_EXPIRES_MS_MAX)
    return refuseTime(
      "/expiresIn",
      "drain.expiry",
      `A drain lasts at least ${formatDuration(DRAIN_EXPIRES_MS_MIN)} and at most ${formatDuration(DRAIN_EXPIRES_MS_MAX)}.`,
    );
  const expiresAtMs = nowMs + expiresInMs;
  if (mode === "immediate")
    return deadlineMs === undefined
      ? ok({ expiresAtMs })
      : refuseTime("/deadline", "drain.deadline", "An immediate drain has no deadline: bound clients leave at once.");
  if (deadlineMs !== undefined && deadlineMs > Math.min(expiresInMs, DRAIN_DEADLINE_MS_MAX))
    return refuseTime(
      "/deadline",
      "drain.deadline",
      `Bound clients may stay until the drain ends, and at most ${formatDuration(DRAIN_DEADLINE_MS_MAX)}.`,
    );
  return ok({ deadlineMs: nowMs + Math.min(deadlineMs ?? DRAIN_DEADLINE_MS_DEFAULT, expiresInMs), expiresAtMs });
}

function refuseTime(pointer: string, code: string, detail: string): Result<never, AdminRefusal> {
  return err({ code: "drainInvalid", detail, errors: [{ pointer, detail, code }] });
}

/** Parsing mints the brands: the target exists, and the request's schema bounded reason and ticket. */
function overlayOf(request: Drain, times: DrainTimes, author: string, nowMs: number): RegionDrain | ClusterDrain {
  const drain = { mode: request.mode, ...times, author, ...why(request), createdAtMs: nowMs };
  return request.target.kind === "region"
    ? RegionDrain.parse({ kind: "regionDrain", region: request.target.name, ...drain })
    : ClusterDrain.parse({ kind: "clusterDrain", cluster: request.target.name, ...drain });
}

function why({ reason, ticket }: { readonly reason: string; readonly ticket?: string }) {
  return ticket === undefined ? { reason } : { reason, ticket };
}

function keyOf({ kind, name }: DrainTarget, what: "Drain" | "Return"): string {
  return `${kind}${what}/${name}`;
}

function unknownTarget({ fleet }: FleetState, { kind, name }: DrainTarget): AdminRefusal | undefined {
  const documents = kind === "region" ? fleet.regions : fleet.clusters;
  const names = documents.map(({ metadata }) => metadata.name as string);
  if (names.includes(name)) return undefined;
  const near = suggest(name, names);
  const detail = `There is no ${kind} "${name}".`;
  const item: AdminProblemItem = { pointer: "/name", detail, code: `${kind}.unknown` };
  return {
    code: kind === "region" ? "regionUnknown" : "clusterUnknown",
    detail: near === undefined ? detail : `${detail} Did you mean "${near}"?`,
    errors: [near === undefined ? item : { ...item, didYouMean: near }],
  };
}

/** The revision does not matter here: the snapshot is only looked at. */
function snapshotOf({ fleet, environment }: FleetState, overlays: readonly Overlay[]): Snapshot {
  return compile({ fleet, overlays, environment, revision: Revision.parse(0) });
}

function refuseLosses(target: DrainTarget, losses: readonly AcceptanceLoss[]): AdminRefusal | undefined {
  const services = losses.flatMap((loss) => (loss.code === "serviceWithoutRegion" ? [loss.service] : []));
  if (services.length === 0 && !losses.some((loss) => loss.code === "fleetWithoutRegion")) return undefined;
  const whose =
    services.length === 0 ? "the fleet" : `the service${services.length > 1 ? "s" : ""} ${services.join(", ")}`;
  return {
    code: "lastRegion",
    detail: `No region would take new clients of ${whose} while the ${target.kind} "${target.name}" drains.`,
  };
}

/** Switches a flag, or a flag in one region, away from what its document declares, and back. The switch is live state; the document stays as it is. */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { FlagSwitch, flagSwitchKey } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { expiryOf } from "./expiry.ts";
import type { MutationContext, Proposal, SingleMutation } from "./mutation.ts";
import { findOverlay, withOverlay, withoutOverlay } from "./overlays.ts";
import { mayChange, provenanceOf, why } from "./provenance.ts";
import type { FleetState } from "./state.ts";
import { refuseUnknown } from "./unknown-name.ts";

type Switch = Extract<SingleMutation, { readonly kind: "switchFlag" }>;
type Release = Extract<SingleMutation, { readonly kind: "releaseFlag" }>;

export function switchFlag(
  state: FleetState,
  request: Switch,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const unknown = unknownFlag(state, request.flag) ?? unknownRegion(state, request.region);
  if (unknown !== undefined) return err(unknown);
  const live = findOverlay(state.overlays, flagSwitchKey(request));
  const permitted = mayChange(live, request, context);
  if (!permitted.ok) return permitted;
  const expiresAtMs = expiryOf(request, { what: "A switch", nowMs: context.nowMs });
  if (!expiresAtMs.ok) return expiresAtMs;
  // Unlike a drain a switch may stay: a kill switch that ends by itself would bring back what was killed.
  const end = request.expiresInMs === undefined ? {} : { expiresAtMs: expiresAtMs.value };
  const same = live?.kind === "flagSwitch" && live.state === request.state && request.expiresInMs === undefined;
  const overlay = () =>
    FlagSwitch.parse({
      kind: "flagSwitch",
      flag: request.flag,
      ...regionOf(request),
      state: request.state,
      ...end,
      ...provenanceOf(request, context),
    });
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: same ? state.overlays : withOverlay(state.overlays, overlay()),
    ...why(request),
    outcome: {
      kind: "switchFlag",
      flag: request.flag,
      ...regionOf(request),
      state: request.state,
      rules: rulesOf(state, request.flag),
      ...end,
    },
  });
}

/** A flag that is not switched is where the caller wants it, so that is no error. */
export function releaseFlag(
  state: FleetState,
  request: Release,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const key = flagSwitchKey(request);
  const live = findOverlay(state.overlays, key);
  const unknown =
    live === undefined ? (unknownFlag(state, request.flag) ?? unknownRegion(state, request.region)) : undefined;
  if (unknown !== undefined) return err(unknown);
  const permitted = mayChange(live, request, context);
  if (!permitted.ok) return permitted;
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: withoutOverlay(state.overlays, key),
    ...why(request),
    outcome: { kind: "releaseFlag", flag: request.flag, ...regionOf(request) },
  });
}

function regionOf({ region }: { readonly region?: string }): { readonly region?: string } {
  return region === undefined ? {} : { region };
}

function unknownRegion({ fleet }: FleetState, name: string | undefined): AdminRefusal | undefined {
  if (name === undefined) return undefined;
  const names = fleet.regions.map(({ metadata }) => metadata.name);
  return refuseUnknown("regionUnknown", { what: "region", name, names, pointer: "/region" });
}

function rulesOf({ fleet }: FleetState, flag: string): readonly string[] {
  return fleet.routes.flatMap(({ metadata, spec }) =>
    (spec.steering ?? []).filter(({ when }) => when.flag === flag).map(({ name }) => `${metadata.name}/${name}`),
  );
}

function unknownFlag({ fleet }: FleetState, name: string): AdminRefusal | undefined {
  const names = fleet.flags.map(({ metadata }) => metadata.name);
  return refuseUnknown("flagUnknown", { what: "flag", name, names, pointer: "/name" });
}

/**
 * The live state that is about changing things: freezes, which forbid it for a while, and overrides, which let a change
 * pass named safety rules. Both have an end. Neither changes what the edge does.
 */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import type { Fleet } from "../../../config/documents.ts";
import { FREEZE_EXPIRES_MS_MAX } from "../../../config/limits.ts";
import { Freeze, type Overlay, RuleOverride } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { ruleIdsOf } from "../safety/rule-ids.ts";
import { expiryOf } from "./expiry.ts";
import type { MutationContext, Outcome, Proposal, SingleMutation } from "./mutation.ts";
import { findOverlay, withOverlay, withoutOverlay } from "./overlays.ts";
import { provenanceOf, why } from "./provenance.ts";
import type { FleetState } from "./state.ts";
import { refuseUnknown, unknownName } from "./unknown-name.ts";

type Of<K extends SingleMutation["kind"]> = Extract<SingleMutation, { readonly kind: K }>;

/** One of the same name is replaced: that is how a freeze is extended or widened. */
export function freeze(
  state: FleetState,
  request: Of<"freeze">,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const unknown = unknownScope(state.fleet, request);
  if (unknown.length > 0)
    return err({ code: "freezeInvalid", detail: "The freeze names what is not there.", errors: unknown });
  const end = expiryOf(request, { what: "A freeze", nowMs: context.nowMs, maxMs: FREEZE_EXPIRES_MS_MAX });
  if (!end.ok) return end;
  const { name, regions, routes } = request;
  const overlay = Freeze.parse({
    kind: "freeze",
    name,
    ...(regions === undefined ? {} : { regions }),
    ...(routes === undefined ? {} : { routes }),
    expiresAtMs: end.value,
    ...provenanceOf(request, context),
  });
  return ok(withGuard(state, overlay, request, { kind: "freeze", name, expiresAtMs: end.value }));
}

export function override(
  state: FleetState,
  request: Of<"override">,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const known = ruleIdsOf(state.fleet);
  const unknown = request.rules.flatMap((rule, index) =>
    known.includes(rule) ? [] : [unknownName({ what: "rule", name: rule, names: known, pointer: `/rules/${index}` })],
  );
  if (unknown.length > 0)
    return err({ code: "overrideInvalid", detail: "The override names rules that are not there.", errors: unknown });
  const end = expiryOf(request, { what: "An override", nowMs: context.nowMs });
  if (!end.ok) return end;
  const { name, rules } = request;
  const overlay = RuleOverride.parse({
    kind: "ruleOverride",
    name,
    rules,
    expiresAtMs: end.value,
    ...provenanceOf(request, context),
  });
  return ok(withGuard(state, overlay, request, { kind: "override", name, rules, expiresAtMs: end.value }));
}

export function liftFreeze(state: FleetState, request: Of<"liftFreeze">): Result<Proposal, AdminRefusal> {
  return lift(state, { ...request, kind: "liftFreeze" });
}

export function liftOverride(state: FleetState, request: Of<"liftOverride">): Result<Proposal, AdminRefusal> {
  return lift(state, request);
}

function lift(state: FleetState, request: Of<"liftFreeze"> | Of<"liftOverride">): Result<Proposal, AdminRefusal> {
  const kind = request.kind === "liftFreeze" ? "freeze" : "ruleOverride";
  const key = `${kind}/${request.name}`;
  if (findOverlay(state.overlays, key) === undefined) {
    const names = state.overlays.flatMap((overlay) => (overlay.kind === kind ? [overlay.name as string] : []));
    const what = kind === "freeze" ? "freeze" : "override";
    const code = kind === "freeze" ? "freezeUnknown" : "overrideUnknown";
    const refusal = refuseUnknown(code, { what, name: request.name, names, pointer: "/name" });
    if (refusal !== undefined) return err(refusal);
  }
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: withoutOverlay(state.overlays, key),
    ...why(request),
    outcome: { kind: request.kind, name: request.name },
  });
}

function withGuard(
  state: FleetState,
  overlay: Overlay,
  request: { readonly reason: string; readonly ticket?: string },
  outcome: Outcome,
): Proposal {
  const overlays = withOverlay(state.overlays, overlay);
  return { documents: state.documents, fleet: state.fleet, overlays, ...why(request), outcome };
}

function unknownScope({ regions, routes }: Fleet, request: Of<"freeze">) {
  const known = { region: namesOf(regions), route: namesOf(routes) };
  const asked = [
    ...(request.regions ?? []).map((name, index) => ({ what: "region" as const, name, pointer: `/regions/${index}` })),
    ...(request.routes ?? []).map((name, index) => ({ what: "route" as const, name, pointer: `/routes/${index}` })),
  ];
  return asked
    .filter(({ what, name }) => !known[what].includes(name))
    .map(({ what, name, pointer }) => unknownName({ what, name, names: known[what], pointer }));
}

function namesOf(documents: readonly { readonly metadata: { readonly name: string } }[]): readonly string[] {
  return documents.map(({ metadata }) => metadata.name);
}

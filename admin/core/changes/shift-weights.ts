/**
 * Shifts the weights of one rule of one route, as an overlay on the declared ones. Regions that are named get the new
 * weight, the others of the rule keep theirs, 0 means none. A shift back to what is declared ends the overlay.
 */
import type { AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import { DEFAULT_RULE, type RegionWeights, type RouteDocument } from "../../../config/documents/route.ts";
import type { Fleet } from "../../../config/documents.ts";
import { jsonPointer } from "../../../config/findings.ts";
import { sortedRecord } from "../../../config/order.ts";
import { WeightShift } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import type { MutationContext, Proposal, SingleMutation } from "./mutation.ts";
import { findOverlay, withOverlay, withoutOverlay } from "./overlays.ts";
import { mayChange, provenanceOf, why } from "./provenance.ts";
import { weightLines } from "./shares.ts";
import type { FleetState } from "./state.ts";
import { unknownName } from "./unknown-name.ts";

type Shift = Extract<SingleMutation, { readonly kind: "shiftWeights" }>;

export function shiftWeights(
  state: FleetState,
  shift: Shift,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const declared = declaredWeights(state.fleet, shift);
  if (!declared.ok) return declared;
  const unknown = unknownRegions(state.fleet, shift.weights);
  if (unknown.length > 0) return refuse("The weights name regions that the fleet does not have.", unknown);

  const key = `weightShift/${shift.route}/${shift.rule}`;
  const live = findOverlay(state.overlays, key);
  const permitted = mayChange(live, shift, context);
  if (!permitted.ok) return permitted;
  const before: Readonly<Record<string, number>> = live?.kind === "weightShift" ? live.weights : declared.value;
  const after = sortedRecord({ ...before, ...shift.weights });
  if (Object.values(after).every((weight) => weight === 0)) {
    const detail = "The weights would sum to 0: nobody could be served. Drain a region to empty it.";
    return refuse(detail, [{ pointer: "/weights", detail, code: "weights.sumZero" }]);
  }

  const nextOverlays = () => {
    if (sameWeights(after, declared.value)) return withoutOverlay(state.overlays, key);
    if (sameWeights(after, before)) return state.overlays;
    return withOverlay(state.overlays, overlayOf(shift, after, context));
  };
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays: nextOverlays(),
    ...why(shift),
    outcome: {
      kind: "shiftWeights",
      route: shift.route,
      rule: shift.rule,
      before: weightLines(before),
      after: weightLines(after),
    },
  });
}

/** Parsing mints the brands: route and rule exist, regions exist, and the request's schema bounded the weights. */
function overlayOf(shift: Shift, weights: Readonly<Record<string, number>>, context: MutationContext): WeightShift {
  const { route, rule } = shift;
  return WeightShift.parse({ kind: "weightShift", route, rule, weights, ...provenanceOf(shift, context) });
}

function sameWeights(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const regions = Object.keys(a);
  return regions.length === Object.keys(b).length && regions.every((region) => a[region] === b[region]);
}

function declaredWeights(fleet: Fleet, { route: name, rule }: Shift): Result<RegionWeights, AdminRefusal> {
  const route = fleet.routes.find(({ metadata }) => metadata.name === name);
  if (route === undefined) {
    const names = fleet.routes.map(({ metadata }) => metadata.name);
    return refuse("The fleet has no such route.", [unknownName({ what: "route", name, names, pointer: "/route" })]);
  }
  if (rule === DEFAULT_RULE) return defaultWeights(route);
  const rules = route.spec.steering ?? [];
  const found = rules.find((candidate) => candidate.name === rule);
  if (found !== undefined) return ok(found.weights);
  const names = [...rules.map((candidate) => candidate.name), DEFAULT_RULE];
  return refuse(`The route "${name}" has no such rule.`, [
    unknownName({ what: "rule", name: rule, names, pointer: "/rule" }),
  ]);
}

function defaultWeights({ metadata, spec }: RouteDocument): Result<RegionWeights, AdminRefusal> {
  if ("weights" in spec.default) return ok(spec.default.weights);
  const detail = `The default of the route "${metadata.name}" goes by proximity, so it has no weights to shift. Shift a steering rule, or declare a default with weights.`;
  return refuse(detail, [{ pointer: "/rule", detail, code: "weights.proximity" }]);
}

function unknownRegions(fleet: Fleet, weights: Readonly<Record<string, number>>): readonly AdminProblemItem[] {
  const names = fleet.regions.map(({ metadata }) => metadata.name as string);
  return Object.keys(weights)
    .filter((region) => !names.includes(region))
    .map((region) => unknownName({ what: "region", name: region, names, pointer: jsonPointer(["weights", region]) }));
}

function refuse(detail: string, errors: readonly AdminProblemItem[]): Result<never, AdminRefusal> {
  return err({ code: "weightsInvalid", detail, errors });
}

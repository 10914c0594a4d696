/**
 * What a change is on, for rules that protect named things (freezes, gates): the documents that differ, the live state
 * that differs, and what follows from either, such as the region of a cluster or the routes of a service. Freezes,
 * overrides and the traces of ended drains change nothing that is served, so they touch nothing.
 */

import { documentId } from "../../../config/diff.ts";
import type { RouteDocument } from "../../../config/documents/route.ts";
import type { Fleet } from "../../../config/documents.ts";
import { unreachable } from "../../../config/invariant.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";
import type { FleetState } from "../changes/state.ts";
import type { ControlChange } from "./control-change.ts";
import { sameJson } from "./same-json.ts";

export type Touched = {
  /** Anything at all that people declared, or that is live routing state. */
  readonly any: boolean;
  /** `region/eu-west`, `cluster/eu-west-blue`, `flag/beta`, `route/web`, `service/web`, `secret/db`. */
  readonly things: ReadonlySet<string>;
};

type Thing = `${"region" | "cluster" | "flag" | "route" | "service" | "secret"}/${string}`;

function thing(kind: "region" | "cluster" | "flag" | "route" | "service" | "secret", name: string): Thing {
  return `${kind}/${name}`;
}

export function touchedBy(before: FleetState, after: FleetState, controls: readonly ControlChange[]): Touched {
  const fleets = [...new Set([before.fleet, after.fleet])];
  const overlays = changedOverlays(before.overlays, after.overlays);
  const direct = new Set([...changedDocuments(before.fleet, after.fleet), ...overlays, ...shiftedRegions(controls)]);
  const moved = rebuiltServices(before.fleet, after.fleet);
  const turned = new Set(controls.map(({ control }) => control));
  return {
    any: overlays.length > 0 || !sameDocuments(before, after),
    things: new Set([
      ...direct,
      ...fleets.flatMap((fleet) => [
        ...following(direct, fleet),
        ...regionsOf(moved, fleet),
        ...clustersTurned(turned, fleet),
      ]),
    ]),
  };
}

/** Everything that differs by its document. */
function changedDocuments(before: Fleet, after: Fleet): readonly Thing[] {
  if (before === after) return [];
  return [
    ...changedNames(before.regions, after.regions).map((name) => thing("region", name)),
    ...changedNames(before.services, after.services).map((name) => thing("service", name)),
    ...changedNames(before.clusters, after.clusters).map((name) => thing("cluster", name)),
    ...changedNames(before.flags, after.flags).map((name) => thing("flag", name)),
    ...flagsOfEvaluators(before, after).map((name) => thing("flag", name)),
    ...changedNames(before.routes, after.routes).map((name) => thing("route", name)),
  ];
}

/** What an evaluator says, every flag says that refers to it. */
function flagsOfEvaluators(before: Fleet, after: Fleet): readonly string[] {
  const references = changedNames(before.evaluators, after.evaluators).map(
    (name) => `{"$ref":${JSON.stringify(name)}}`,
  );
  if (references.length === 0) return [];
  return [...before.flags, ...after.flags].flatMap(({ metadata, spec }) => {
    const text = JSON.stringify(spec.targeting ?? {});
    return references.some((reference) => text.includes(reference)) ? [metadata.name] : [];
  });
}

/** A route that matches, steers or fails over in another way may move any traffic of its service. */
function rebuiltServices(before: Fleet, after: Fleet): ReadonlySet<string> {
  if (before === after) return new Set();
  const rebuilt = new Set(changedNames(before.routes.map(withoutWeights), after.routes.map(withoutWeights)));
  const routes = [...before.routes, ...after.routes].filter(({ metadata }) => rebuilt.has(metadata.name));
  return new Set(routes.map(({ spec }) => spec.service));
}

type Named = { readonly metadata: { readonly name: string } };

/** Added, removed or different. */
function changedNames(before: readonly Named[], after: readonly Named[]): readonly string[] {
  const old = new Map(before.map((document) => [document.metadata.name, document]));
  const next = new Map(after.map((document) => [document.metadata.name, document]));
  return [...new Set([...old.keys(), ...next.keys()])].filter((name) => !sameJson(old.get(name), next.get(name)));
}

/** What a route says apart from how much goes where: whose share that changes is known from the controls. */
function withoutWeights({ metadata, spec }: RouteDocument): Named & { readonly rest: unknown } {
  const steering = (spec.steering ?? []).map(({ name, when }) => ({ name, when }));
  const otherwise = "weights" in spec.default ? "weights" : spec.default;
  return { metadata: { name: metadata.name }, rest: { ...spec, steering, default: otherwise } };
}

function changedOverlays(before: readonly Overlay[], after: readonly Overlay[]): readonly Thing[] {
  const old = othersByKey(before, after);
  const next = othersByKey(after, before);
  return [...new Set([...old.keys(), ...next.keys()])]
    .filter((key) => !sameJson(inEffect(old.get(key)), inEffect(next.get(key))))
    .flatMap((key) => next.get(key) ?? old.get(key) ?? [])
    .flatMap((overlay) => subjectOf(overlay) ?? []);
}

/** Without those that are the very same objects in the same place of `than`, as all but a few of many mostly are. */
function othersByKey(overlays: readonly Overlay[], than: readonly Overlay[]): ReadonlyMap<string, Overlay> {
  const others = overlays.filter((overlay, at) => overlay !== than[at]);
  return new Map(others.map((overlay) => [overlayKey(overlay), overlay]));
}

/** That a drain is held says something about it and changes nothing. */
function inEffect(overlay: Overlay | undefined): unknown {
  if (overlay === undefined || !("held" in overlay)) return overlay;
  const { held: _, ...rest } = overlay;
  return rest;
}

function subjectOf(overlay: Overlay): Thing | undefined {
  switch (overlay.kind) {
    case "regionDrain":
      return thing("region", overlay.region);
    case "clusterDrain":
      return thing("cluster", overlay.cluster);
    case "weightShift":
      return thing("route", overlay.route);
    case "flagSwitch":
      return thing("flag", overlay.flag);
    case "secretRotation":
      return overlay.service === undefined ? thing("secret", overlay.secret) : thing("service", overlay.service);
    case "regionReturn":
    case "clusterReturn":
    case "freeze":
    case "ruleOverride":
      return undefined;
    default:
      return unreachable(overlay);
  }
}

function shiftedRegions(controls: readonly ControlChange[]): readonly Thing[] {
  return controls.flatMap(({ deltasBps }) => Object.keys(deltasBps).map((name) => thing("region", name)));
}

/** A region that is turned turns its clusters: they take new clients, or do not. */
function clustersTurned(controls: ReadonlySet<string>, { clusters }: Fleet): readonly Thing[] {
  const regions = namesOf(controls, "region");
  if (regions.size === 0) return [];
  return clusters.filter(({ spec }) => regions.has(spec.region)).map(({ metadata }) => thing("cluster", metadata.name));
}

/** What is touched because something else is. One walk over the fleet, however much that is. */
function following(direct: ReadonlySet<Thing>, fleet: Fleet): readonly Thing[] {
  return [
    ...followingClusters(direct, fleet),
    ...fleet.routes.flatMap((route) => flagged(route, direct)),
    ...followingServices(direct, fleet),
  ];
}

/** A service whose sides, or whose clusters, go by a flag that is touched: its routes, and the regions that it runs in. */
function followingServices(direct: ReadonlySet<Thing>, { services, routes, clusters }: Fleet): readonly Thing[] {
  const flags = namesOf(direct, "flag");
  if (flags.size === 0) return [];
  const moved = new Set<string>(
    services.flatMap(({ metadata, spec: { canaryFlag, flags: handed = [] } }) =>
      [...handed, ...(canaryFlag === undefined ? [] : [canaryFlag.flag])].some((flag) => flags.has(flag))
        ? [metadata.name]
        : [],
    ),
  );
  return [
    ...routes.filter(({ spec }) => moved.has(spec.service)).map(({ metadata }) => thing("route", metadata.name)),
    ...clusters.filter(({ spec }) => moved.has(spec.service)).map(({ spec }) => thing("region", spec.region)),
  ];
}

/** Weights are shifted far more often than clusters are touched, and a fleet has many of them to look at. */
function followingClusters(direct: ReadonlySet<Thing>, fleet: Fleet): readonly Thing[] {
  const clusters = namesOf(direct, "cluster");
  const services = namesOf(direct, "service");
  const secrets = namesOf(direct, "secret");
  if (clusters.size === 0 && services.size === 0 && secrets.size === 0) return [];
  const changed = fleet.clusters.filter(
    ({ metadata, spec }) =>
      clusters.has(metadata.name) ||
      services.has(spec.service) ||
      (spec.reports?.secrets ?? []).some(({ name }) => secrets.has(name)),
  );
  const moved = new Set<string>([...services, ...changed.map(({ spec }) => spec.service)]);
  const routes = fleet.routes.filter(({ spec }) => moved.has(spec.service));
  return [
    ...changed.map(({ spec }) => thing("region", spec.region)),
    ...routes.map(({ metadata }) => thing("route", metadata.name)),
  ];
}

/** `eu-west` of `region/eu-west`. */
function namesOf(
  things: ReadonlySet<string>,
  kind: "region" | "cluster" | "flag" | "service" | "secret",
): ReadonlySet<string> {
  const prefix = `${kind}/`;
  return new Set([...things].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length)));
}

function regionsOf(services: ReadonlySet<string>, { clusters }: Fleet): readonly Thing[] {
  if (services.size === 0) return [];
  return clusters.filter(({ spec }) => services.has(spec.service)).map(({ spec }) => thing("region", spec.region));
}

/** The route, and the regions that its rules send to, as far as they go by a flag that is touched. */
function flagged({ metadata, spec }: RouteDocument, direct: ReadonlySet<Thing>): readonly Thing[] {
  const rules = (spec.steering ?? []).filter(
    ({ when }) => when.flag !== undefined && direct.has(thing("flag", when.flag)),
  );
  if (rules.length === 0) return [];
  const regions = rules.flatMap(({ weights }) => Object.keys(weights));
  return [thing("route", metadata.name), ...regions.map((name) => thing("region", name))];
}

/** Written in another order they are the same documents. */
function sameDocuments({ documents: before }: FleetState, { documents: after }: FleetState): boolean {
  if (before === after) return true;
  const old = new Map(before.map((document) => [documentId(document), document]));
  return before.length === after.length && after.every((document) => sameJson(old.get(documentId(document)), document));
}

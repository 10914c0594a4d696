/**
 * What a change or an event is about: regions, services, clusters. An empty list is all of them, so that a scope never says
 * too little: what is not known any more is about everything. Names are looked up in the fleet as it is now; a cluster that has
 * been moved since counts where it is.
 */
import type { Change } from "../../../config/diff.ts";
import type { Fleet } from "../../../config/documents.ts";
import { unreachable } from "../../../config/invariant.ts";
import { sortedBy } from "../../../config/order.ts";
import type { Outcome } from "../changes/mutation.ts";

export type Scope = {
  readonly regions: readonly string[];
  readonly services: readonly string[];
  readonly clusters: readonly string[];
};

export type Place = { readonly region: string; readonly service: string };

/** Where clusters are, and whose a route is. */
export type Places = {
  readonly clusters: ReadonlyMap<string, Place>;
  readonly routes: ReadonlyMap<string, string>;
};

export const WHOLE: Scope = { regions: [], services: [], clusters: [] };

export function placesOf({ clusters, routes }: Pick<Fleet, "clusters" | "routes">): Places {
  return {
    clusters: new Map(
      clusters.map(({ metadata, spec }) => [metadata.name, { region: spec.region, service: spec.service }]),
    ),
    routes: new Map(routes.map(({ metadata, spec }) => [metadata.name, spec.service])),
  };
}

/** Of both: in each respect the names of either, and everything when one is about everything. */
export function unionScopes(scopes: readonly Scope[]): Scope {
  const [first, ...others] = scopes;
  if (first === undefined) return WHOLE;
  return others.reduce(
    (all, scope) => ({
      regions: unionNames(all.regions, scope.regions),
      services: unionNames(all.services, scope.services),
      clusters: unionNames(all.clusters, scope.clusters),
    }),
    first,
  );
}

function unionNames(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.length === 0 || b.length === 0 ? [] : sortedBy(new Set([...a, ...b]), (name) => name);
}

export type ScopeFilter = { readonly region?: string; readonly service?: string; readonly cluster?: string };

export function isWithin(scope: Scope, { region, service, cluster }: ScopeFilter, places: Places): boolean {
  const place = cluster === undefined ? undefined : places.clusters.get(cluster);
  return (
    names(scope.regions, region) &&
    names(scope.services, service) &&
    names(scope.clusters, cluster) &&
    // What is about a region is about its clusters.
    names(scope.regions, place?.region) &&
    names(scope.services, place?.service)
  );
}

function names(list: readonly string[], wanted: string | undefined): boolean {
  return wanted === undefined || list.length === 0 || list.includes(wanted);
}

/** Whether something may be about both. */
export function overlap(a: Scope, b: Scope): boolean {
  const meet = (x: readonly string[], y: readonly string[]) =>
    x.length === 0 || y.length === 0 || x.some((name) => y.includes(name));
  return meet(a.regions, b.regions) && meet(a.services, b.services) && meet(a.clusters, b.clusters);
}

export function scopeOfCluster(cluster: string, places: Places): Scope {
  const place = places.clusters.get(cluster);
  return {
    regions: place === undefined ? [] : [place.region],
    services: place === undefined ? [] : [place.service],
    clusters: [cluster],
  };
}

/** Undefined for an outcome that is no longer kept. */
export function scopeOfOutcome(outcome: Outcome | undefined, places: Places): Scope {
  if (outcome === undefined) return WHOLE;
  switch (outcome.kind) {
    case "apply":
    case "restore":
      return unionScopes(outcome.changes.map((change) => scopeOfChange(change, places)));
    case "shiftWeights": {
      const before = new Map(outcome.before.map(({ region, shareBps }) => [region, shareBps]));
      const moved = outcome.after.filter(({ region, shareBps }) => before.get(region) !== shareBps);
      const gone = outcome.before.filter(({ region }) => !outcome.after.some((line) => line.region === region));
      return { ...ofRoute(outcome.route, places), regions: [...moved, ...gone].map(({ region }) => region) };
    }
    case "drain":
    case "undrain":
      return outcome.target.kind === "region"
        ? { ...WHOLE, regions: [outcome.target.name] }
        : scopeOfCluster(outcome.target.name, places);
    case "switchFlag":
      return unionScopes(outcome.rules.map((rule) => ofRoute(rule.split("/")[0] ?? "", places)));
    case "rotateSecret":
    case "revokeSecret":
    case "compromiseSecret":
      return outcome.service === undefined ? WHOLE : { ...WHOLE, services: [outcome.service] };
    case "batch":
      return unionScopes(outcome.outcomes.map((one) => scopeOfOutcome(one, places)));
    case "expire":
      return unionScopes([...outcome.ended, ...Object.keys(outcome.held)].map((key) => scopeOfOverlay(key, places)));
    case "releaseFlag":
    case "freeze":
    case "liftFreeze":
    case "override":
    case "liftOverride":
    case "withdraw":
      return WHOLE;
    default:
      return unreachable(outcome);
  }
}

/** By the key of an overlay: `regionDrain/eu-west`, `weightShift/web/europe`. */
export function scopeOfOverlay(key: string, places: Places): Scope {
  const [kind = "", name = ""] = key.split("/");
  switch (kind) {
    case "regionDrain":
    case "regionReturn":
      return { ...WHOLE, regions: [name] };
    case "clusterDrain":
    case "clusterReturn":
      return scopeOfCluster(name, places);
    case "weightShift":
      return ofRoute(name, places);
    default:
      return WHOLE;
  }
}

function ofRoute(route: string, { routes }: Places): Scope {
  const service = routes.get(route);
  return service === undefined ? WHOLE : { ...WHOLE, services: [service] };
}

function scopeOfChange(change: Change, places: Places): Scope {
  const [kind = "", name = ""] = change.document.split("/");
  switch (kind) {
    case "Region":
      return { ...WHOLE, regions: [name] };
    case "Service":
      return { ...WHOLE, services: [name] };
    case "Cluster":
      return unionOfPlaces(name, change, places);
    case "Route":
      return ofRoute(name, places);
    default:
      return WHOLE;
  }
}

/** A cluster that was removed, or has come, is where its document says. */
function unionOfPlaces(name: string, change: Change, places: Places): Scope {
  const known = scopeOfCluster(name, places);
  if (change.path.length > 0 || known.regions.length > 0) return known;
  const spec: unknown = Reflect.get(Object("before" in change ? change.before : change.after), "spec");
  const [region, service] = ["region", "service"].map((key): unknown => Reflect.get(Object(spec), key));
  return {
    regions: typeof region === "string" ? [region] : [],
    services: typeof service === "string" ? [service] : [],
    clusters: [name],
  };
}

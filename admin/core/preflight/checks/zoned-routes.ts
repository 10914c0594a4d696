/** The routes of services that state a residency, with who takes which of their paths, and where each path leads. */
import { DEFAULT_RULE, type RouteDocument } from "../../../../config/documents/route.ts";
import type { FindingPath } from "../../../../config/findings.ts";
import type { LoadedRoute, LoadedSnapshot } from "../../../../worker/routing/loaded-snapshot.ts";
import type { Examined } from "../examined.ts";
import { type NamedPlace, placesOf, takenBy, type Zone, zonesOf } from "./zones.ts";

export type ZonedRoute = {
  readonly document: RouteDocument;
  readonly route: LoadedRoute;
  readonly zones: readonly Zone[];
  /** By steering rule, and last by the default. */
  readonly taken: readonly (readonly NamedPlace[])[];
};

/** `loaded` is the proposed snapshot. */
export function zonedRoutes({ fleet, services }: Examined, loaded: LoadedSnapshot): readonly ZonedRoute[] {
  const places = placesOf(fleet);
  const zones = new Map<string, readonly Zone[]>(
    fleet.services
      .filter(({ metadata, spec }) => spec.residency !== undefined && services.has(metadata.name))
      .map((service) => [service.metadata.name, zonesOf(service, fleet, places)]),
  );
  const documents = new Map<string, RouteDocument>(fleet.routes.map((document) => [document.metadata.name, document]));
  // Routes that are steered alike share their rules, and there may be thousands of them.
  const takenBySteering = new Map<LoadedRoute["steering"], readonly (readonly NamedPlace[])[]>();
  return loaded.routes.flatMap((route): ZonedRoute[] => {
    const document = documents.get(route.name);
    const own = zones.get(route.service.name);
    if (document === undefined || own === undefined) return [];
    const taken = takenBySteering.get(route.steering) ?? takenBy(route.steering, places);
    takenBySteering.set(route.steering, taken);
    return [{ document, route, zones: own, taken }];
  });
}

/** Those of a rule's clients that are in the zone. */
export function clientsIn(zone: Zone, taken: readonly NamedPlace[] | undefined): readonly NamedPlace[] {
  return (taken ?? []).filter((named) => zone.places.has(named));
}

export type Way = {
  readonly name: string;
  /** Where it sends clients; empty: to any region. */
  readonly regions: readonly string[];
  /** In the route's document. */
  readonly path: FindingPath;
};

/** The rules that count now, and last the default. */
export function waysOf({ document, route }: ZonedRoute): readonly Way[] {
  const written = document.spec.steering ?? [];
  const rules = route.steering.map(({ name, weights }) => ({
    name,
    regions: weighted(weights),
    path: ["spec", "steering", written.findIndex((rule) => rule.name === name), "weights"],
  }));
  return [...rules, { name: DEFAULT_RULE, ...wayOfDefault(route) }];
}

function wayOfDefault({ default: otherwise }: LoadedRoute): Omit<Way, "name"> {
  if (otherwise.by === "weights") return { regions: weighted(otherwise.weights), path: ["spec", "default", "weights"] };
  return { regions: otherwise.regions, path: ["spec", "default", otherwise.by, "regions"] };
}

function weighted(weights: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(weights).flatMap(([region, weight]) => (weight > 0 ? [region] : []));
}

export function routeOf({ document }: ZonedRoute) {
  return { kind: "Route", name: document.metadata.name } as const;
}

export function ruleOf(name: string): string {
  return name === DEFAULT_RULE ? "the default" : `the rule ${name}`;
}

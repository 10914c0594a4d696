/**
 * Who the clients of a residency rule are, as far as that can be told beforehand: every country that there is, every
 * subdivision that somebody names, clients of unknown place, and Tor. And which of them a steering rule is for.
 */

import { COUNTRIES } from "../../../../config/countries.ts";
import type { ServiceDocument } from "../../../../config/documents/service.ts";
import type { Fleet } from "../../../../config/documents.ts";
import { groupBy } from "../../../../config/group.ts";
import type { PlaceSelector } from "../../../../config/place.ts";
import type { Place } from "../../../../worker/routing/facts.ts";
import type { LoadedRoute } from "../../../../worker/routing/loaded-snapshot.ts";
import { matchesPlace, readPlace, selectorCompiler } from "../../../../worker/routing/place.ts";
import { listed } from "../../safety/words.ts";

/** `code` is ISO 3166, or `XX` and `T1` as the platform has them. */
export type NamedPlace = { readonly code: string; readonly place: Place };

/** The clients of one residency rule: those that no rule before it takes. */
export type Zone = {
  /** From 0. */
  readonly index: number;
  readonly jurisdictions: readonly string[];
  /** Regions that may serve them, by what the documents say and by nothing else. */
  readonly permitted: ReadonlySet<string>;
  /** At least one. */
  readonly places: ReadonlySet<NamedPlace>;
};

/** Every place that some selector of the fleet can tell from others. */
export function placesOf({ services, routes }: Pick<Fleet, "services" | "routes">): readonly NamedPlace[] {
  const selectors: readonly PlaceSelector[] = [
    ...services.flatMap(({ spec }) => (spec.residency ?? []).map(({ clients }) => clients)),
    ...routes.flatMap(({ spec }) => (spec.steering ?? []).map(({ when }) => when)),
  ];
  const subdivisions = new Set<string>(selectors.flatMap((selector) => selector.subdivisions ?? []));
  const countries = [...COUNTRIES.keys(), "XX", "T1"].map((code) => ({ code, place: readPlace({ country: code }) }));
  const parts = [...subdivisions].sort().map((code) => {
    const [country, regionCode] = code.split("-");
    return { code, place: readPlace({ country, regionCode }) };
  });
  return [...countries, ...parts];
}

/** The zones of a service that have clients. Clients whom no rule takes are refused on purpose, and in none. */
export function zonesOf(
  { spec }: ServiceDocument,
  { regions }: Pick<Fleet, "regions">,
  places: readonly NamedPlace[],
): readonly Zone[] {
  const compile = selectorCompiler();
  const rules = (spec.residency ?? []).map(({ clients }) => compile(clients));
  const byRule = groupBy(places, ({ place }) => rules.findIndex((rule) => matchesPlace(rule, place)));
  return (spec.residency ?? []).flatMap(({ jurisdictions }, index): Zone[] => {
    const own = byRule.get(index);
    if (own === undefined) return [];
    const permitted = regions.filter((region) =>
      jurisdictions.some((name) => region.spec.jurisdictions.includes(name)),
    );
    const names = new Set<string>(permitted.map(({ metadata }) => metadata.name));
    return [{ index, jurisdictions, permitted: names, places: new Set(own) }];
  });
}

/**
 * By steering rule, and last by the default: the places whose clients it is for. A rule that asks for a network or a
 * header besides takes some of them, so that the rules behind it see them as well.
 */
export function takenBy(steering: LoadedRoute["steering"], places: readonly NamedPlace[]): readonly NamedPlace[][] {
  const taken: NamedPlace[][] = [...steering.map(() => []), []];
  for (const named of places) {
    const end = steering.findIndex(
      (rule) => isFor(rule, named) && rule.asns === undefined && rule.headers === undefined,
    );
    const last = end < 0 ? steering.length : end;
    for (const [number, rule] of steering.slice(0, last).entries()) if (isFor(rule, named)) taken[number]?.push(named);
    taken[last]?.push(named);
  }
  return taken;
}

function isFor({ place }: LoadedRoute["steering"][number], named: NamedPlace): boolean {
  return place === undefined || matchesPlace(place, named.place);
}

/** `clients from DE, FR and 25 more (residency rule 1: eu)`. */
export function clientsOf(zone: Zone, places: Iterable<NamedPlace>): string {
  return `clients from ${listed([...places].map(({ code }) => code))} (residency rule ${zone.index + 1}: ${zone.jurisdictions.join(", ")})`;
}

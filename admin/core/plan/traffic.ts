/** Adds up what the routes do to the clients of all countries: the exact shares behind a projection, each 0 to 1. */
import { invariant } from "../../../config/invariant.ts";
import { type ClusterPart, clusterParts, flaggedPart } from "../../../worker/routing/distribution.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import type { LevelMode } from "../../../worker/routing/level.ts";
import type { LoadedRoute, LoadedService } from "../../../worker/routing/loaded-snapshot.ts";
import { healthOf } from "../../../worker/routing/region-health.ts";
import type { Demand } from "./projection.ts";
import type { Spread } from "./spread.ts";

export type ProjectedService = {
  readonly loaded: LoadedService;
  /** How a region's clients split over clusters, by region and mode: filled in when it is first asked for. */
  readonly clusterParts: Map<string, readonly ClusterPart[]>;
};

export type ProjectedRoute = {
  readonly route: LoadedRoute;
  readonly service: ProjectedService;
  /** That of its spread; kept beside it, because another route of the same key may have to take its place. */
  readonly key: string;
  readonly spread: Spread;
};

/** In the order of the regions asked for; with `unserved` they sum to 1. */
export type RegionTraffic = { readonly regions: Float64Array; unserved: number };

export type Traffic = {
  /** Of all clients. */
  readonly total: RegionTraffic;
  /** Of each country's own clients, in the order of the countries. */
  readonly countries: readonly RegionTraffic[];
  /** The part of all clients that is spread like this. */
  readonly spreads: ReadonlyMap<Spread, number>;
};

export type TrafficInput = {
  readonly routes: readonly ProjectedRoute[];
  /** Their parts of all clients, in the same order; what they lack of 1 is for routes that are not there. */
  readonly routeParts: readonly number[];
  /** Each country's part of all clients; they sum to 1. */
  readonly countryParts: readonly number[];
  readonly regions: ReadonlyMap<string, number>;
  readonly health: HealthView;
};

export function trafficOf(input: TrafficInput): Traffic {
  const spreads = partsBySpread(input);
  const countries = input.countryParts.map(() => noTraffic(input.regions.size));
  let elsewhere = 1;
  for (const [spread, part] of spreads) {
    addSpread(countries, spread, part, input.regions);
    elsewhere -= part;
  }
  // What is left of 1 after many subtractions is not quite 0.
  if (elsewhere > 1e-9) for (const country of countries) country.unserved += elsewhere;
  const total = noTraffic(input.regions.size);
  for (const [index, part] of input.countryParts.entries()) {
    const country = countries[index];
    if (country === undefined) continue;
    for (const [at, share] of country.regions.entries()) addTo(total.regions, at, part * share);
    total.unserved += part * country.unserved;
  }
  return { total, countries, spreads };
}

function noTraffic(regions: number): RegionTraffic {
  return { regions: new Float64Array(regions), unserved: 0 };
}

/** `at` is the place of a region that is one of those asked for. */
export function addTo(shares: Float64Array, at: number | undefined, share: number): void {
  invariant(at !== undefined && at < shares.length, "traffic goes to regions of the snapshot");
  shares[at] = (shares[at] ?? 0) + share;
}

function partsBySpread({ routes, routeParts }: TrafficInput): ReadonlyMap<Spread, number> {
  const parts = new Map<Spread, number>();
  for (const [index, { spread }] of routes.entries())
    parts.set(spread, (parts.get(spread) ?? 0) + (routeParts[index] ?? 0));
  return parts;
}

function addSpread(
  countries: readonly RegionTraffic[],
  spread: Spread,
  part: number,
  regions: ReadonlyMap<string, number>,
): void {
  for (const { countries: members, spots } of spread.groups) {
    for (const member of members) {
      const country = countries[member];
      if (country === undefined) continue;
      country.unserved += part * spots.refused;
      for (const { region, share } of spots.spots) addTo(country.regions, regions.get(region.name), part * share);
    }
  }
}

/** The share that each cluster has of all clients, by name. */
export function clusterTraffic(input: Omit<TrafficInput, "regions">): ReadonlyMap<string, number> {
  const { routes, routeParts, countryParts, health } = input;
  const shares = new Map<string, number>();
  const known = new Map<Spread, readonly SpotTotal[]>();
  for (const [index, { service, spread }] of routes.entries()) {
    const totals = known.get(spread) ?? spotTotals(spread, countryParts);
    known.set(spread, totals);
    for (const { region, mode, key, share } of totals) {
      const whole = share * (routeParts[index] ?? 0);
      const parts = service.clusterParts.get(key) ?? splitOf(service, { region, mode, key }, health);
      for (const part of parts)
        shares.set(part.cluster.name, (shares.get(part.cluster.name) ?? 0) + whole * part.share);
    }
  }
  return shares;
}

type SpotKind = { readonly region: string; readonly mode: LevelMode; readonly key: string };
type SpotTotal = SpotKind & { readonly share: number };

/** The clients of all countries together. */
function spotTotals(spread: Spread, countryParts: readonly number[]): readonly SpotTotal[] {
  const totals = new Map<string, SpotTotal>();
  for (const { countries, spots } of spread.groups) {
    const whole = countries.reduce((sum, country) => sum + (countryParts[country] ?? 0), 0);
    for (const { region, mode, share } of spots.spots) {
      const key = `${region.name}/${mode}`;
      totals.set(key, { region: region.name, mode, key, share: (totals.get(key)?.share ?? 0) + whole * share });
    }
  }
  return [...totals.values()];
}

function splitOf(
  service: ProjectedService,
  { region, mode, key }: SpotKind,
  health: HealthView,
): readonly ClusterPart[] {
  const loaded = service.loaded.regions.find(({ name }) => name === region);
  const parts =
    loaded === undefined
      ? []
      : clusterParts(healthOf(loaded, service.loaded, health), mode, flaggedPart(service.loaded, region));
  service.clusterParts.set(key, parts);
  return parts;
}

/** The parts of the routes: by the demand, or the same for all. A route that the demand does not name gets nothing. */
export function routePartsOf(names: readonly string[], { routes }: Demand): readonly number[] {
  const total = Object.values(routes ?? {}).reduce((sum, weight) => sum + weight, 0);
  if (routes === undefined || total === 0) return names.map(() => 1 / names.length);
  return names.map((name) => (routes[name] ?? 0) / total);
}

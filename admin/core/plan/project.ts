/**
 * How traffic would spread by a snapshot: for each country of the demand and each route, where a new client goes by the
 * arithmetic that the edge decides with. What was worked out for one snapshot is used again for the next as far as the
 * two are the same, so that every commit can afford it.
 *
 * A projection is of the settled state: nothing ramps, nothing is ejected. Rules with headers or networks apply to
 * nobody in it (`clients.ts`), and mirrored copies are not counted.
 */
import type { Fleet } from "../../../config/documents.ts";
import type { HealthState } from "../../../config/health.ts";
import { invariant } from "../../../config/invariant.ts";
import { sortedBy } from "../../../config/order.ts";
import type { Snapshot, SnapshotRoute } from "../../../config/snapshot.ts";
import { HEALTH_UNKNOWN, type HealthView } from "../../../worker/routing/health-view.ts";
import { type LoadedRoute, type LoadedSnapshot, loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { placeOf } from "./clients.ts";
import { projectionOf } from "./figures.ts";
import type { Demand, Projection } from "./projection.ts";
import { isSameInput, NOTHING, type Reusable, reusableOf } from "./reuse.ts";
import { flagsByName, routeKey, type Spread, serviceKey, spreadOf } from "./spread.ts";
import {
  clusterTraffic,
  type ProjectedRoute,
  type ProjectedService,
  routePartsOf,
  type Traffic,
  trafficOf,
} from "./traffic.ts";

export type ProjectInput = {
  readonly snapshot: Snapshot;
  /** The same snapshot, where somebody has loaded it already. */
  readonly loaded?: LoadedSnapshot;
  readonly demand: Demand;
  /** As `settledHealth` makes it. */
  readonly health: HealthView;
  /** Requests/s by region; every region of the snapshot is in it. */
  readonly capacities: ReadonlyMap<string, number>;
};

/** A projection and what it was made of: the ground for the next one, and for asking what happens when regions fail. */
export type ProjectionState = {
  readonly projection: Projection;
  readonly input: Omit<ProjectInput, "loaded">;
  /** In the order of their codes, with each one's part of all clients; the parts sum to 1. */
  readonly countries: readonly string[];
  readonly countryParts: readonly number[];
  /** In the order of their names, with each one's part of all clients. */
  readonly routes: readonly ProjectedRoute[];
  readonly routeParts: readonly number[];
  /** By key. */
  readonly spreads: ReadonlyMap<string, Spread>;
  /** Places of the regions in the traffic. */
  readonly regions: ReadonlyMap<string, number>;
  readonly traffic: Traffic;
};

/** What probes say, and nothing that passes by itself. `undefined`: nobody knows, so everything counts as usable. */
export function settledHealth(states: ReadonlyMap<string, HealthState> | undefined): HealthView {
  return states === undefined ? HEALTH_UNKNOWN : { ...HEALTH_UNKNOWN, states };
}

export function capacitiesOf({ regions }: Pick<Fleet, "regions">): ReadonlyMap<string, number> {
  return new Map(regions.map(({ metadata, spec }) => [metadata.name, spec.capacity.requestsPerSecond]));
}

export function project(input: ProjectInput): ProjectionState {
  return projectWith(input, NOTHING);
}

/** What `project` answers, at the cost of what differs from `previous`: snapshot, demand, health and capacities may. */
export function projectAgain(previous: ProjectionState, input: ProjectInput): ProjectionState {
  if (isSameInput(previous.input, input)) return previous;
  const sameCountries = countriesOf(input.demand).join() === previous.countries.join();
  return sameCountries ? projectWith(input, reusableOf(previous, input)) : project(input);
}

function projectWith({ loaded, ...input }: ProjectInput, reusable: Reusable): ProjectionState {
  const countries = countriesOf(input.demand);
  const weights = countries.map((country) => input.demand.countries[country] ?? 0);
  const weightsTotal = weights.reduce((sum, weight) => sum + weight, 0);
  const countryParts = weights.map((weight) => weight / weightsTotal);
  const { routes, spreads } = projectRoutes(
    { ...input, ...(loaded === undefined ? {} : { loaded }) },
    countries,
    reusable,
  );
  const routeParts = routePartsOf(
    routes.map(({ route }) => route.name),
    input.demand,
  );
  const regions = new Map(input.snapshot.regions.map(({ name }, index) => [name, index]));
  const parts = { routes, routeParts, countryParts, health: input.health };
  const traffic = trafficOf({ ...parts, regions });
  const projection = projectionOf(input, countries, traffic, () => clusterTraffic(parts));
  return { projection, input, countries, countryParts, routes, routeParts, spreads, regions, traffic };
}

function countriesOf({ countries }: Demand): readonly string[] {
  const named = Object.keys(countries).filter((country) => (countries[country] ?? 0) > 0);
  invariant(named.length > 0, "a demand comes from somewhere");
  return sortedBy(named, (country) => country);
}

function projectRoutes(
  input: ProjectInput,
  countries: readonly string[],
  reusable: Reusable,
): Pick<ProjectionState, "routes" | "spreads"> {
  const { snapshot, health } = input;
  const places = countries.map(placeOf);
  const made = new Map(loadRest(input, reusable).routes.map((route) => [route.name, route]));
  const services = serviceTable(snapshot, [...made.values()], health);
  // A spread speaks of the clusters of its own route, so it is only good as long as that route is.
  const current = new Set([...reusable.routes.values()].map(({ route }) => route));
  const usable = [...reusable.spreads].filter(([, { route }]) => current.has(route));
  const known = new Map<string, Spread>(usable);
  const spreads = new Map<string, Spread>();
  const flags = flagsByName(snapshot);
  const routes = snapshot.routes.flatMap((plain): ProjectedRoute[] => {
    const found = reusable.routes.get(plain.name) ?? newRoute(plain, { made, services, flags });
    if (found === undefined) return [];
    const { route, service, key } = found;
    const spread = spreads.get(key) ?? known.get(key) ?? spreadOf(route, places, health);
    spreads.set(key, spread);
    return [{ route, service, key, spread }];
  });
  return { routes, spreads };
}

function newRoute(
  plain: SnapshotRoute,
  {
    made,
    services,
    flags,
  }: {
    readonly made: ReadonlyMap<string, LoadedRoute>;
    readonly services: ReadonlyMap<string, ServiceEntry>;
    readonly flags: ReturnType<typeof flagsByName>;
  },
): Omit<ProjectedRoute, "spread"> | undefined {
  const route = made.get(plain.name);
  const entry = services.get(plain.service);
  return route === undefined || entry === undefined
    ? undefined
    : { route, service: entry.service, key: routeKey(plain, flags) + entry.key };
}

/** The snapshot loaded as far as nothing is kept of it. */
function loadRest({ snapshot, loaded }: ProjectInput, { routes: kept }: Reusable): LoadedSnapshot {
  if (kept.size === 0) return loaded ?? loadSnapshot(snapshot);
  const routes = snapshot.routes.filter(({ name }) => !kept.has(name));
  const names = new Set<string>(routes.map(({ service }) => service));
  return loadSnapshot({
    ...snapshot,
    routes,
    services: snapshot.services.filter(({ name }) => names.has(name)),
    clusters: snapshot.clusters.filter(({ service }) => names.has(service)),
  });
}

type ServiceEntry = { readonly service: ProjectedService; readonly key: string };

function serviceTable(
  snapshot: Snapshot,
  routes: readonly LoadedRoute[],
  health: HealthView,
): ReadonlyMap<string, ServiceEntry> {
  const regions = new Map<string, Snapshot["regions"][number]>(snapshot.regions.map((region) => [region.name, region]));
  const loaded = new Map(routes.map(({ service }) => [service.name, service]));
  return new Map(
    snapshot.services.flatMap((plain): [string, ServiceEntry][] => {
      const service = loaded.get(plain.name);
      if (service === undefined) return [];
      const key = serviceKey(plain, service, regions, health);
      return [[plain.name, { service: { loaded: service, clusterParts: new Map() }, key }]];
    }),
  );
}

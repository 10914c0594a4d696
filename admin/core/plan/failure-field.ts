/**
 * What happens to all clients when regions fail: worked out from a projection, by moving only those to whom something
 * happens. A failed region has all of its clusters down, so that levels, failover orders and residency act as ever. Whom
 * routing in panic would still send where nothing is up is served by what else may serve them, as the edge's further
 * attempts do, or by nobody.
 */
import { firstCarriesAll, type Spots, spotsOf } from "../../../worker/routing/distribution.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import type { LoadedRoute } from "../../../worker/routing/loaded-snapshot.ts";
import { healthOf, type Member, type RegionHealth } from "../../../worker/routing/region-health.ts";
import type { Level } from "../../../worker/routing/steering.ts";
import type { ProjectionState } from "./project.ts";
import type { ClientGroup, Spread } from "./spread.ts";
import { addTo, type RegionTraffic } from "./traffic.ts";

/** What every scenario is worked out on. */
export type Field = {
  readonly state: ProjectionState;
  /** As things are; like that of the projection, but for clients who are sent where nothing is up. */
  readonly traffic: RegionTraffic;
  /** By region: to whom something may happen when it fails. */
  readonly touched: ReadonlyMap<string, readonly FieldGroup[]>;
  /** By region: the clusters of the services that spreads speak of. */
  readonly clusters: ReadonlyMap<string, readonly string[]>;
};

export type FieldGroup = ClientGroup & {
  readonly spread: Spread;
  /** Of all clients. */
  readonly part: number;
};

export type Failure = {
  readonly regions: readonly string[];
  readonly traffic: RegionTraffic;
  /** Clients some of whom are served now and are not then. */
  readonly stranded: readonly FieldGroup[];
  /** How much work it was: regions of the levels that were looked at. */
  readonly regionsWeighed: number;
};

export function fieldOf(state: ProjectionState): Field {
  const touched = new Map<string, FieldGroup[]>();
  const clusters = new Map<string, string[]>();
  const { health } = state.input;
  const traffic = copyOf(state.traffic.total);
  for (const [spread, part] of state.traffic.spreads) {
    for (const { name, stable, canary } of spread.route.service.regions) {
      for (const cluster of [...stable, ...canary]) addEntry(clusters, name, cluster.name);
    }
    for (const group of spread.groups) {
      const ofCountries = group.countries.reduce((sum, country) => sum + (state.countryParts[country] ?? 0), 0);
      const spots = servedSpots(spread.route, group.spots, health);
      const entry = { ...group, spots, spread, part: part * ofCountries };
      if (spots !== group.spots) move(state, traffic, { from: group.spots, to: spots, part: entry.part });
      for (const region of touching(entry, health)) addEntry(touched, region, entry);
    }
  }
  return { state, traffic, touched, clusters };
}

/** As long as the first level carries everything, nothing happens to clients unless a region of it fails. */
function touching({ spread, portions }: FieldGroup, health: HealthView): ReadonlySet<string> {
  const calm = portions.every((portion) => firstCarriesAll(spread.route, portion, health));
  const regions = new Set<string>();
  for (const { levels } of portions) addRegions(regions, calm ? levels.slice(0, 1) : levels);
  return regions;
}

/** The regions that somebody could be sent to. */
export function regionsInUse({ state }: Field): ReadonlySet<string> {
  const regions = new Set<string>();
  for (const { groups } of state.traffic.spreads.keys()) {
    for (const { portions } of groups) for (const { levels } of portions) addRegions(regions, levels);
  }
  return regions;
}

function addRegions(regions: Set<string>, levels: readonly Level[]): void {
  for (const level of levels) for (const { region } of level) regions.add(region.name);
}

export function fail({ state, traffic: now, touched, clusters }: Field, regions: readonly string[]): Failure {
  const down = regions.flatMap((region) => clusters.get(region) ?? []);
  const { health: view } = state.input;
  const health = { ...view, ejected: new Set([...view.ejected, ...down]) };
  const traffic = copyOf(now);
  const stranded: FieldGroup[] = [];
  let regionsWeighed = 0;
  for (const group of new Set(regions.flatMap((region) => touched.get(region) ?? []))) {
    const { route } = group.spread;
    const spots = servedSpots(route, spotsOf(route, group.portions, health), health);
    move(state, traffic, { from: group.spots, to: spots, part: group.part });
    if (spots.refused > group.spots.refused + 1e-9) stranded.push(group);
    // Mostly the level behind the first carries what is lost.
    for (const { levels } of group.portions) regionsWeighed += (levels[0]?.length ?? 0) + (levels[1]?.length ?? 0);
  }
  return { regions, traffic, stranded, regionsWeighed };
}

/** Whoever would be sent where nothing is up goes where others of the same kind go. */
function servedSpots({ service }: LoadedRoute, spots: Spots, health: HealthView): Spots {
  const up = spots.spots.filter(({ region }) => isUp(healthOf(region, service, health)));
  if (up.length === spots.spots.length) return spots;
  const served = up.reduce((sum, { share }) => sum + share, 0);
  if (served === 0) return { spots: [], refused: 1 };
  const { refused } = spots;
  return { spots: up.map((spot) => ({ ...spot, share: (spot.share * (1 - refused)) / served })), refused };
}

/** A canary without a share takes nobody, whatever else is down. */
function isUp({ stable, canary, canaryShareBps }: RegionHealth): boolean {
  const isAvailable = ({ condition }: Member) => condition !== "down";
  return stable.some(isAvailable) || (canaryShareBps > 0 && canary.some(isAvailable));
}

type Move = { readonly from: Spots; readonly to: Spots; readonly part: number };

function move(state: ProjectionState, traffic: RegionTraffic, { from, to, part }: Move): void {
  addSpots(state, traffic, from, -part);
  addSpots(state, traffic, to, part);
}

function addSpots({ regions }: ProjectionState, traffic: RegionTraffic, { spots, refused }: Spots, part: number): void {
  traffic.unserved += part * refused;
  for (const { region, share } of spots) addTo(traffic.regions, regions.get(region.name), part * share);
}

function copyOf({ regions, unserved }: RegionTraffic): RegionTraffic {
  return { regions: Float64Array.from(regions), unserved };
}

function addEntry<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

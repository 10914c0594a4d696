/**
 * How one route spreads the clients of each country over regions. Most routes of a fleet are steered alike and most
 * services are equally well, so one spread holds for many of them; and most countries come out alike.
 */
import type {
  Snapshot,
  SnapshotFlag,
  SnapshotRegion,
  SnapshotRoute,
  SnapshotService,
} from "../../../config/snapshot.ts";
import { type Portion, portionsOf, type Spots, spotsOf } from "../../../worker/routing/distribution.ts";
import type { Place } from "../../../worker/routing/facts.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import type { LoadedRoute, LoadedService } from "../../../worker/routing/loaded-snapshot.ts";
import { healthOf } from "../../../worker/routing/region-health.ts";
import { requestOf } from "./clients.ts";

export type Spread = {
  /** One of the routes that it holds for. Names of regions mean the same for all of them, clusters do not. */
  readonly route: LoadedRoute;
  readonly groups: readonly ClientGroup[];
};

/** Countries whose clients are steered alike. */
export type ClientGroup = {
  /** Places in the list of countries. */
  readonly countries: readonly number[];
  /** Empty: nobody takes them, whatever the health is. */
  readonly portions: readonly Portion[];
  readonly spots: Spots;
};

const REFUSED: Spots = { spots: [], refused: 1 };

export function spreadOf(route: LoadedRoute, places: readonly Place[], health: HealthView): Spread {
  const groups = new Map<string, { readonly countries: number[]; readonly portions: readonly Portion[] }>();
  for (const [index, place] of places.entries()) {
    const steered = portionsOf(route, requestOf(route, place), health);
    const portions = typeof steered === "string" ? [] : steered;
    const spelling = spell(portions);
    const group = groups.get(spelling);
    if (group === undefined) groups.set(spelling, { countries: [index], portions });
    else group.countries.push(index);
  }
  return {
    route,
    groups: [...groups.values()].map(({ countries, portions }) => ({
      countries,
      portions,
      spots: portions.length === 0 ? REFUSED : spotsOf(route, portions, health),
    })),
  };
}

/** The same text for the same levels in the same order. */
function spell(portions: readonly Portion[]): string {
  let text = "";
  for (const { part, levels } of portions) {
    text += `${part}:`;
    for (const level of levels) {
      for (const { region, weight } of level) text += `${region.name} ${weight},`;
      text += "|";
    }
  }
  return text;
}

/**
 * What a spread depends on, as far as it is the route's. With that of its service: equal keys, equal spreads. `flags`
 * are all of the snapshot, by name.
 */
export function routeKey(
  { steering, default: fallback, failover, headers }: SnapshotRoute,
  flags: ReadonlyMap<string, SnapshotFlag>,
): string {
  const asked = steering.flatMap(({ flag }) => (flag === undefined ? [] : [flags.get(flag) ?? null]));
  return JSON.stringify([steering, fallback, failover, headers ?? null, asked]);
}

export function flagsByName({ flags = [] }: Pick<Snapshot, "flags">): ReadonlyMap<string, SnapshotFlag> {
  return new Map(flags.map((flag) => [flag.name, flag]));
}

/** What a spread depends on, as far as it is the service's. `regions` by name. */
export function serviceKey(
  { name, residency }: SnapshotService,
  loaded: LoadedService,
  regions: ReadonlyMap<string, SnapshotRegion>,
  health: HealthView,
): string {
  const present = loaded.regions.map((region) => {
    const { latitude, longitude, jurisdictions, availability } = regions.get(region.name) ?? {};
    const well = healthOf(region, loaded, health);
    return [
      [region.name, latitude, longitude, jurisdictions, availability?.adminState],
      // Whether it is there at all: without a stable cluster and without a canary's share it is not.
      region.stable.length > 0 || well.canaryShareBps > 0,
      [well.healthyBps, well.degradedBps, well.availableBps, well.headroomBps],
    ];
  });
  // Latency is measured by service.
  return JSON.stringify([residency ?? null, present, health.latencyRanks.size > 0 ? name : null]);
}

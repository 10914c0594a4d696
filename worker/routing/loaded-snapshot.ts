/**
 * A snapshot made ready for decisions, once per revision: names become references, lists become sets and maps, and
 * everything a request needs is one step away. Says nothing about health or time.
 */
import type { HeaderMatch, Side } from "../../config/documents.ts";
import type {
  Availability,
  Snapshot,
  SnapshotAffinity,
  SnapshotCluster,
  SnapshotDefault,
  SnapshotFailover,
  SnapshotLoadPolicy,
  SnapshotRegion,
  SnapshotRoute,
  SnapshotRule,
  SnapshotService,
} from "../../config/snapshot.ts";
import { type UnitVector, unitVector } from "./distance.ts";
import { murmur3 } from "./hash.ts";
import type { HealthView } from "./health-view.ts";
import { buildRouteIndex, type RouteIndex } from "./match.ts";
import { type CompiledSelector, compileSelector, namesPlace } from "./place.ts";
import type { RegionHealth } from "./region-health.ts";
import type { Level, WeightedRegion } from "./steering.ts";

export type LoadedCluster = {
  readonly name: string;
  readonly nameHash: number;
  readonly region: string;
  readonly side: Side;
  readonly endpoint: string;
  readonly weight: number;
  readonly availability: Availability;
  /** Cluster and region both take new clients, and the cluster has a weight. */
  readonly accepting: boolean;
};

/** A region as one service sees it. */
export type LoadedRegion = {
  readonly name: string;
  readonly nameHash: number;
  readonly vector: UnitVector;
  readonly availability: Availability;
  readonly jurisdictions: ReadonlySet<string>;
  readonly canaryShareBps: number;
  /** Accepting clusters by side, in the order of their names. */
  readonly stable: readonly LoadedCluster[];
  readonly canary: readonly LoadedCluster[];
  /** The level that holds this region and no other, made once because every failover order is made of them. */
  readonly alone: Level;
};

export type LoadedResidencyRule = {
  readonly clients: CompiledSelector;
  readonly jurisdictions: readonly string[];
  /** Names of this service's regions that may serve, and those that may not, in order. */
  readonly permitted: ReadonlySet<string>;
  readonly removed: readonly string[];
};

export type LoadedService = {
  readonly name: string;
  readonly saltHash: number;
  readonly affinity: SnapshotAffinity;
  readonly residency: readonly LoadedResidencyRule[] | undefined;
  /** Regions in which the service has clusters, in the order of their names. */
  readonly regions: readonly LoadedRegion[];
  readonly clusters: ReadonlyMap<string, LoadedCluster>;
  readonly attemptsMax: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly load: SnapshotLoadPolicy;
  readonly recovery: SnapshotService["recovery"];
  /** What the newest health view comes to, kept by `region-health.ts`: one entry, replaced with the view. */
  healthMemo: { readonly view: HealthView; readonly regions: ReadonlyMap<string, RegionHealth> } | undefined;
};

export type LoadedRule = {
  readonly name: string;
  /** Undefined when the rule leaves the place open. */
  readonly place: CompiledSelector | undefined;
  readonly asns: ReadonlySet<number> | undefined;
  readonly headers: readonly HeaderMatch[] | undefined;
  readonly weights: Readonly<Record<string, number>>;
};

export type LoadedRoute = {
  readonly name: string;
  readonly service: LoadedService;
  readonly hosts: SnapshotRoute["hosts"];
  readonly paths: SnapshotRoute["paths"];
  readonly methods?: readonly string[];
  readonly headers?: readonly HeaderMatch[];
  readonly steering: readonly LoadedRule[];
  readonly default: SnapshotDefault;
  readonly failover: SnapshotFailover;
};

export type LoadedSnapshot = {
  readonly revision: number;
  readonly environment: string;
  readonly beacons: Snapshot["beacons"];
  readonly index: RouteIndex<LoadedRoute>;
  readonly services: readonly LoadedService[];
};

/** `snapshot` has passed `parseSnapshot`, so every reference in it leads somewhere. */
export function loadSnapshot(snapshot: Snapshot): LoadedSnapshot {
  const regions = new Map<string, SnapshotRegion>(snapshot.regions.map((region) => [region.name, region]));
  const clustersByService = groupBy(snapshot.clusters, (cluster) => cluster.service);
  const services = new Map(
    snapshot.services.map((service) => [
      service.name,
      loadService(service, clustersByService.get(service.name) ?? [], regions),
    ]),
  );
  const routes = snapshot.routes.flatMap((route): LoadedRoute[] => {
    const service = services.get(route.service);
    return service === undefined ? [] : [loadRoute(route, service)];
  });
  const { revision, environment, beacons } = snapshot;
  return { revision, environment, beacons, index: buildRouteIndex(routes), services: [...services.values()] };
}

function loadService(
  service: SnapshotService,
  clusters: readonly SnapshotCluster[],
  allRegions: ReadonlyMap<string, SnapshotRegion>,
): LoadedService {
  const byRegion = groupBy(clusters, (cluster) => cluster.region);
  const regions = [...byRegion.keys()].sort().flatMap((name): LoadedRegion[] => {
    const region = allRegions.get(name);
    return region === undefined ? [] : [loadRegion(region, service, byRegion.get(name) ?? [])];
  });
  return {
    name: service.name,
    saltHash: murmur3(`split:${service.name}`),
    affinity: service.affinity,
    residency: service.residency?.map(({ clients, jurisdictions }) => {
      const permitted = regions.filter((region) => jurisdictions.some((name) => region.jurisdictions.has(name)));
      const names = new Set(permitted.map((region) => region.name));
      return {
        clients: compileSelector(clients),
        jurisdictions,
        permitted: names,
        removed: regions.filter((region) => !names.has(region.name)).map((region) => region.name),
      };
    }),
    regions,
    clusters: new Map(
      clusters.map((cluster) => [cluster.name, loadCluster(cluster, allRegions.get(cluster.region)?.availability)]),
    ),
    attemptsMax: service.attemptsMax,
    firstByteMs: service.firstByteMs,
    totalMs: service.totalMs,
    load: service.load,
    recovery: service.recovery,
    healthMemo: undefined,
  };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function loadRegion(
  region: SnapshotRegion,
  service: SnapshotService,
  clusters: readonly SnapshotCluster[],
): LoadedRegion {
  const accepting = clusters
    .map((cluster) => loadCluster(cluster, region.availability))
    .filter((cluster) => cluster.accepting)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const loaded = {
    name: region.name,
    nameHash: murmur3(region.name),
    vector: unitVector(region),
    availability: region.availability,
    jurisdictions: new Set(region.jurisdictions),
    canaryShareBps: service.canaryShareBps[region.name] ?? 0,
    stable: accepting.filter((cluster) => cluster.side === "stable"),
    canary: accepting.filter((cluster) => cluster.side === "canary"),
    alone: [] as WeightedRegion[], // filled in on the next line: the level names its region, the region its level
  };
  loaded.alone.push({ region: loaded, nameHash: loaded.nameHash, weight: 1 });
  return loaded;
}

function loadCluster(cluster: SnapshotCluster, region: Availability | undefined): LoadedCluster {
  const { name, side, endpoint, weight, availability } = cluster;
  return {
    name,
    nameHash: murmur3(name),
    region: cluster.region,
    side,
    endpoint,
    weight,
    availability,
    accepting: weight > 0 && availability.adminState === "enabled" && region?.adminState === "enabled",
  };
}

function loadRoute(route: SnapshotRoute, service: LoadedService): LoadedRoute {
  return {
    name: route.name,
    service,
    hosts: route.hosts,
    paths: route.paths,
    ...(route.methods === undefined ? {} : { methods: route.methods }),
    ...(route.headers === undefined ? {} : { headers: route.headers }),
    steering: route.steering.map(loadRule),
    default: route.default,
    failover: route.failover,
  };
}

function loadRule({ name, when, weights }: SnapshotRule): LoadedRule {
  return {
    name,
    place: namesPlace(when) ? compileSelector(when) : undefined,
    asns: when.asns === undefined ? undefined : new Set(when.asns),
    headers: when.headers,
    weights,
  };
}

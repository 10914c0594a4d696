/**
 * A snapshot made ready for decisions, once per revision: names become references, lists become sets and maps, and
 * everything a request needs is one step away. Says nothing about health or time.
 */

import { groupBy } from "../../config/group.ts";
import { murmur3 } from "../../config/murmur3.ts";
import type { PlaceSelector } from "../../config/place.ts";
import type { HeaderMatch, Mirror, Side } from "../../config/shared-shapes.ts";
import type {
  Availability,
  Snapshot,
  SnapshotAffinity,
  SnapshotCluster,
  SnapshotDefault,
  SnapshotFailover,
  SnapshotFlag,
  SnapshotLoadPolicy,
  SnapshotRegion,
  SnapshotRoute,
  SnapshotRule,
  SnapshotService,
} from "../../config/snapshot.ts";
import { type LoadedFlag, loadFlag } from "../flags/loaded-flag.ts";
import type { Attempt, RegionRemoval } from "./decision.ts";
import { type UnitVector, unitVector } from "./distance.ts";
import { membersOf } from "./edge-flags.ts";
import { admit } from "./eligibility.ts";
import { buildRouteIndex, type RouteIndex } from "./match.ts";
import { type CompiledSelector, namesPlace, selectorCompiler } from "./place.ts";
import type { RegionHealth } from "./region-health.ts";
import { type HeldTo, type LagLimits, lagLimiter } from "./replica-lag.ts";
import { itself, shareByText } from "./share.ts";
import type { Level, Plan, WeightedRegion } from "./steering.ts";

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
  /** Made once: each request that goes here would need one. */
  readonly attempt: Attempt;
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
  /** What health views come to, kept by `region-health.ts`: that of the view asked for last, and a few before. */
  readonly healthMemo: { newest: RegionHealth | undefined; older: RegionHealth[] | undefined };
};

/** Who may serve a group of clients, as far as residency and operators say; health and time play no part. */
export type Admission = {
  readonly index: number;
  /** Regions that may serve by residency. */
  readonly permitted: ReadonlySet<string>;
  /** Those of them that take new clients, in the order of their names, and why the others do not. */
  readonly eligible: readonly LoadedRegion[];
  readonly closed: readonly { readonly region: string; readonly because: RegionRemoval }[];
};

export type LoadedResidencyRule = {
  readonly clients: CompiledSelector;
  readonly jurisdictions: readonly string[];
  readonly removed: readonly string[];
  readonly admission: Admission;
};

export type LoadedService = {
  readonly name: string;
  readonly saltHash: number;
  readonly affinity: SnapshotAffinity;
  /** Undefined when the service states none: then `openAdmission` holds for everybody. */
  readonly residency: readonly LoadedResidencyRule[] | undefined;
  readonly canaryFlag: { readonly flag: LoadedFlag; readonly variant: string } | undefined;
  /** Those that clusters are handed, with what is written for each variant; empty for most services. */
  readonly flags: readonly { readonly flag: LoadedFlag; readonly members: ReadonlyMap<string, string> }[];
  readonly openAdmission: Admission;
  /** Regions in which the service has clusters, in the order of their names. */
  readonly regions: readonly LoadedRegion[];
  readonly clusters: ReadonlyMap<string, LoadedCluster>;
  /** Names by the id that affinity cookies carry; empty unless the service binds by cookie. */
  readonly clustersById: ReadonlyMap<string, string>;
  readonly attemptsMax: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly load: SnapshotLoadPolicy;
  /** Some route of the service goes by measured latency, so measuring is worth it. */
  readonly ranksByLatency: boolean;
  readonly recovery: SnapshotService["recovery"];
  /** Only in a service that `replica-lag.ts` has made of another for requests that tolerate so much and no more. */
  readonly heldTo: HeldTo | undefined;
};

export type LoadedRule = {
  readonly name: string;
  /** Undefined when the rule leaves the place open. */
  readonly place: CompiledSelector | undefined;
  readonly asns: ReadonlySet<number> | undefined;
  readonly headers: readonly HeaderMatch[] | undefined;
  /** Undefined unless the flag differs from client to client. */
  readonly flag: LoadedFlag | undefined;
  readonly weights: Readonly<Record<string, number>>;
};

/** Where copies of safe requests go. */
export type LoadedMirror = { readonly attempt: Attempt; readonly shareBps: number };

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
  readonly mirror: LoadedMirror | undefined;
  /** Undefined when its requests tolerate any lag. Routes of a service with the same limit share it. */
  readonly lagLimits: LagLimits | undefined;
  /** Whether any of its rules has to ask. */
  readonly asksFlags: boolean;
  /** What rules come to for an admission, kept by `steering.ts`: bounded by rules times residency rules. */
  readonly plans: (Plan | undefined)[];
};

export type LoadedSnapshot = {
  readonly revision: number;
  readonly environment: string;
  readonly beacons: Snapshot["beacons"];
  readonly index: RouteIndex<LoadedRoute>;
  /** In the order of their names: what goes through all of them, as plans do. */
  readonly routes: readonly LoadedRoute[];
  readonly services: ReadonlyMap<string, LoadedService>;
};

/** `snapshot` has passed `parseSnapshot`, so every reference in it leads somewhere. */
export function loadSnapshot(snapshot: Snapshot): LoadedSnapshot {
  const selector = selectorCompiler();
  const flags = new Map((snapshot.flags ?? []).map((flag) => [flag.name, loadFlag(flag)]));
  const shared: Shared = {
    regions: new Map(snapshot.regions.map((region) => [region.name, { ...region, vector: unitVector(region) }])),
    clusters: new Map(snapshot.clusters.map((cluster) => [cluster.name, cluster])),
    rankedByLatency: new Set(
      snapshot.routes.filter((route) => route.default.by === "latency").map((route) => route.service),
    ),
    selector,
    affinity: shareByText(itself),
    load: shareByText(itself),
    failover: shareByText(itself),
    steering: shareByText((rules) => rules.map((rule) => loadRule(rule, selector, flags))),
    flags,
    plainFlags: new Map((snapshot.flags ?? []).map((flag) => [flag.name, flag])),
    lagLimits: lagLimiter(snapshot.services),
  };
  const clustersByService = groupBy(snapshot.clusters, (cluster) => cluster.service);
  const services: ReadonlyMap<string, LoadedService> = new Map(
    snapshot.services.map((service) => [
      service.name,
      loadService(service, clustersByService.get(service.name) ?? [], shared),
    ]),
  );
  const routes = snapshot.routes.flatMap((route): LoadedRoute[] => {
    const service = services.get(route.service);
    return service === undefined ? [] : [loadRoute(route, service, shared)];
  });
  const { revision, environment, beacons } = snapshot;
  return { revision, environment, beacons, index: buildRouteIndex(routes), routes, services };
}

/** What services and routes have in common, made once: the less there is of it, the more of it stays in the cache. */
type Shared = {
  readonly regions: ReadonlyMap<string, SnapshotRegion & { readonly vector: UnitVector }>;
  readonly clusters: ReadonlyMap<string, SnapshotCluster>;
  readonly rankedByLatency: ReadonlySet<string>;
  readonly selector: (selector: PlaceSelector) => CompiledSelector;
  readonly steering: (rules: readonly SnapshotRule[]) => readonly LoadedRule[];
  readonly flags: ReadonlyMap<string, LoadedFlag>;
  readonly plainFlags: ReadonlyMap<string, SnapshotFlag>;
  readonly affinity: (affinity: SnapshotAffinity) => SnapshotAffinity;
  readonly lagLimits: (route: SnapshotRoute) => LagLimits | undefined;
  readonly load: (load: SnapshotLoadPolicy) => SnapshotLoadPolicy;
  readonly failover: (failover: SnapshotFailover) => SnapshotFailover;
};

function loadService(service: SnapshotService, clusters: readonly SnapshotCluster[], shared: Shared): LoadedService {
  const loaded = clusters
    .map((cluster) => loadCluster(cluster, shared.regions.get(cluster.region)?.availability))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const byRegion = groupBy(loaded, (cluster) => cluster.region);
  const present = [...byRegion.keys()].sort().flatMap((name) => shared.regions.get(name) ?? []);
  const regions = present.map((region) => loadRegion(region, service, byRegion.get(region.name) ?? []));
  return {
    name: service.name,
    saltHash: murmur3(`split:${service.name}`),
    affinity: shared.affinity(service.affinity),
    residency: service.residency?.map(({ clients, jurisdictions }, index) => {
      const permitted = regions.filter((region) => jurisdictions.some((name) => region.jurisdictions.has(name)));
      return {
        clients: shared.selector(clients),
        jurisdictions,
        removed: regions.filter((region) => !permitted.includes(region)).map((region) => region.name),
        admission: admit(permitted, index),
      };
    }),
    openAdmission: admit(regions, 0),
    canaryFlag: loadCanaryFlag(service, shared),
    flags: (service.flags ?? []).flatMap((name) => {
      const [flag, plain] = [shared.flags.get(name), shared.plainFlags.get(name)];
      return flag === undefined || plain === undefined ? [] : [{ flag, members: membersOf(name, plain.variants) }];
    }),
    regions,
    clusters: new Map(loaded.map((cluster) => [cluster.name, cluster])),
    clustersById:
      service.affinity.by === "cookie" ? new Map(loaded.map((cluster) => [clusterId(cluster), cluster.name])) : NO_IDS,
    attemptsMax: service.attemptsMax,
    firstByteMs: service.firstByteMs,
    totalMs: service.totalMs,
    load: shared.load(service.load),
    ranksByLatency: shared.rankedByLatency.has(service.name),
    recovery: service.recovery,
    heldTo: undefined,
  };
}

function loadCanaryFlag({ canaryFlag }: SnapshotService, { flags }: Shared): LoadedService["canaryFlag"] {
  const flag = canaryFlag === undefined ? undefined : flags.get(canaryFlag.flag);
  return canaryFlag === undefined || flag === undefined ? undefined : { flag, variant: canaryFlag.variant };
}

const NO_IDS: ReadonlyMap<string, string> = new Map();

/** Eight hex digits that stand for a cluster where its name is nobody's business. */
export function clusterId({ nameHash }: { readonly nameHash: number }): string {
  return nameHash.toString(16).padStart(8, "0");
}

function loadRegion(
  region: SnapshotRegion & { readonly vector: UnitVector },
  service: SnapshotService,
  clusters: readonly LoadedCluster[],
): LoadedRegion {
  const accepting = clusters.filter((cluster) => cluster.accepting);
  return newRegion({
    name: region.name,
    nameHash: murmur3(region.name),
    vector: region.vector,
    availability: region.availability,
    jurisdictions: new Set(region.jurisdictions),
    canaryShareBps: service.canaryShareBps[region.name] ?? 0,
    stable: accepting.filter((cluster) => cluster.side === "stable"),
    canary: accepting.filter((cluster) => cluster.side === "canary"),
  });
}

/** A region of which nothing has been worked out yet. */
export function newRegion(parts: Omit<LoadedRegion, "alone" | "healthMemo">): LoadedRegion {
  const loaded = {
    ...parts,
    healthMemo: { newest: undefined, older: undefined },
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
    attempt: { cluster: name, region: cluster.region, side, endpoint },
  };
}

function loadRoute(route: SnapshotRoute, service: LoadedService, shared: Shared): LoadedRoute {
  const steering = shared.steering(route.steering);
  return {
    name: route.name,
    service,
    // Every request asks for these two; side by side they are in one line of the processor's cache.
    lagLimits: shared.lagLimits(route),
    hosts: route.hosts,
    paths: route.paths,
    ...(route.methods === undefined ? {} : { methods: route.methods }),
    ...(route.headers === undefined ? {} : { headers: route.headers }),
    steering,
    asksFlags: steering.some(({ flag }) => flag !== undefined),
    default: route.default,
    failover: shared.failover(route.failover),
    mirror: route.mirror === undefined ? undefined : loadMirror(route.mirror, shared),
    plans: [],
  };
}

/** A cluster that is switched off gets no copies either. */
function loadMirror({ cluster, shareBps }: Mirror, { clusters }: Shared): LoadedMirror | undefined {
  const target = clusters.get(cluster);
  if (target === undefined || target.availability.adminState === "disabled") return undefined;
  const { name, region, side, endpoint } = target;
  return { attempt: { cluster: name, region, side, endpoint }, shareBps };
}

function loadRule(
  { name, when, flag, weights }: SnapshotRule,
  selector: Shared["selector"],
  flags: Shared["flags"],
): LoadedRule {
  return {
    name,
    place: namesPlace(when) ? selector(when) : undefined,
    asns: when.asns === undefined ? undefined : new Set(when.asns),
    headers: when.headers,
    flag: flag === undefined ? undefined : flags.get(flag),
    weights,
  };
}

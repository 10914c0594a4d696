/**
 * A checked fleet and the live overlays on it become the snapshot that the edge reads. Everything is resolved here:
 * defaults, durations, drains, shifted weights. Pure and deterministic: the order of documents and overlays does not
 * matter, everything with a name is sorted by it, and only the steering rules keep the order that they were written in.
 *
 * Left to others: whether the fleet is sound (`read-fleet.ts`), and whether an overlay is still in force (its keeper
 * drops the expired ones). An overlay on something that is no longer in the fleet has no effect.
 */
import { compileFlags, flagsAtEdge, type GateState, gateStates } from "./compile-flags.ts";
import type { ClusterDocument } from "./documents/cluster.ts";
import type { RegionDocument } from "./documents/region.ts";
import { DEFAULT_RULE, type RegionWeights, type RouteDocument, ranking } from "./documents/route.ts";
import type { Affinity, LoadPolicy, ReplicaLag, ServiceDocument } from "./documents/service.ts";
import type { Fleet } from "./documents.ts";
import { parseDuration } from "./duration.ts";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";
import { type RegionName, type Revision, ShareBps } from "./ids.ts";
import { invariant } from "./invariant.ts";
import {
  AFFINITY_MAX_AGE_MS_DEFAULT,
  ATTEMPTS_DEFAULT,
  FIRST_BYTE_MS_DEFAULT,
  RECOVERY_FLOOR_PERCENT_DEFAULT,
  RECOVERY_RAMP_MS_DEFAULT,
  TOTAL_MS_DEFAULT,
} from "./limits.ts";
import { availabilityOf, indexOverlays, type LiveOverlays } from "./live-overlays.ts";
import { compareText, sortedBy, sortedRecord } from "./order.ts";
import type { Overlay } from "./overlays.ts";
import {
  SNAPSHOT_SCHEMA_VERSION,
  type Snapshot,
  type SnapshotAffinity,
  type SnapshotCluster,
  type SnapshotDefault,
  type SnapshotFailover,
  type SnapshotFlag,
  type SnapshotLoadPolicy,
  type SnapshotRegion,
  type SnapshotReplicaLag,
  type SnapshotRoute,
  type SnapshotService,
} from "./snapshot.ts";

export type CompileInput = {
  readonly fleet: Fleet;
  readonly overlays: readonly Overlay[];
  readonly environment: string;
  readonly revision: Revision;
};

/**
 * Parts that no overlay touches are the same objects from call to call while the fleet is the same object, and so are
 * lists of which none is touched, so that a change of one rule costs one rule, here and in whoever compares two snapshots.
 */
export function compile({ fleet, overlays, environment, revision }: CompileInput): Snapshot {
  const declared = declaredParts(fleet);
  const live = indexOverlays(overlays);
  const { gates, flags } = flagParts(fleet, live);
  return {
    schemaVersion: SNAPSHOT_SCHEMA_VERSION,
    environment,
    revision,
    beacons: declared.beacons,
    regions: withAvailabilities(declared.regions, live.regions),
    services: declared.services,
    clusters: withAvailabilities(declared.clusters, live.clusters),
    routes: declared.routes.map((route) => route(live, gates)),
    // Left out while no rule and no service goes by any, so that edges of before read the snapshot.
    ...(flags.length === 0 ? {} : { flags }),
  };
}

/** What comes of the documents alone. A route still wants to know the weights and the flags of the moment. */
type DeclaredParts = Pick<Snapshot, "beacons" | "regions" | "services" | "clusters"> & {
  readonly routes: readonly ((live: LiveOverlays, gates: FlagParts["gates"]) => SnapshotRoute)[];
};

type FlagParts = { readonly gates: ReadonlyMap<string, GateState>; readonly flags: SnapshotFlag[] };

const flagsByFleet = new WeakMap<Fleet, { readonly switches: string; readonly parts: FlagParts }>();

function flagParts(fleet: Fleet, { switches }: LiveOverlays): FlagParts {
  const spelling = JSON.stringify([...switches].sort(([a], [b]) => compareText(a, b)));
  const known = flagsByFleet.get(fleet);
  if (known?.switches === spelling) return known.parts;
  const gates = gateStates(fleet.flags, switches);
  const needed = flagsAtEdge(fleet, gates);
  const parts = { gates, flags: compileFlags(fleet, switches).filter(({ name }) => needed.has(name)) };
  flagsByFleet.set(fleet, { switches: spelling, parts });
  return parts;
}

const partsByFleet = new WeakMap<Fleet, DeclaredParts>();

function declaredParts(fleet: Fleet): DeclaredParts {
  const known = partsByFleet.get(fleet);
  if (known !== undefined) return known;
  const regions = sortedBy(fleet.regions, nameOf);
  const regionNames = regions.map((region) => region.metadata.name);
  const parts = {
    beacons: [...new Set(regions.map((region) => region.spec.vantage))].sort(compareText),
    regions: regions.map(compileRegion),
    services: sortedBy(fleet.services, nameOf).map((service) => compileService(service, fleet.clusters)),
    clusters: sortedBy(fleet.clusters, nameOf).map(compileCluster),
    routes: sortedBy(fleet.routes, nameOf).map((route) => routeCompiler(route, regionNames)),
  };
  partsByFleet.set(fleet, parts);
  return parts;
}

function withAvailabilities<T extends SnapshotRegion | SnapshotCluster>(
  parts: T[],
  overlays: LiveOverlays["regions"],
): T[] {
  return overlays.size === 0 ? parts : parts.map((part) => withAvailability(part, overlays.get(part.name)));
}

/** `availability` of `part` is the declared one. */
function withAvailability<T extends SnapshotRegion | SnapshotCluster>(
  part: T,
  overlays: Parameters<typeof availabilityOf>[1],
): T {
  if (overlays === undefined) return part;
  return { ...part, availability: availabilityOf(part.availability.adminState, overlays) };
}

/** Keeps the last result, for as long as the weights and flags that went into it are the same. */
function routeCompiler(route: RouteDocument, regionNames: readonly RegionName[]): DeclaredParts["routes"][number] {
  const rules = [DEFAULT_RULE, ...(route.spec.steering ?? []).map(({ name }) => name)].map(
    (rule) => `${route.metadata.name}/${rule}`,
  );
  const gates = [...new Set((route.spec.steering ?? []).flatMap(({ when }) => when.flag ?? []))];
  let last: { readonly inputs: readonly unknown[]; readonly route: SnapshotRoute } | undefined;
  return (live, states) => {
    const inputs = [...rules.map((rule) => live.shifts.get(rule)), ...gates.map((flag) => states.get(flag))];
    if (last === undefined || inputs.some((input, at) => input !== last?.inputs[at]))
      last = { inputs, route: compileRoute(route, { regionNames, live, gates: states }) };
    return last.route;
  };
}

function nameOf(document: { readonly metadata: { readonly name: string } }): string {
  return document.metadata.name;
}

function compileRegion({ metadata, spec }: RegionDocument): SnapshotRegion {
  return {
    name: metadata.name,
    latitude: spec.location.latitude,
    longitude: spec.location.longitude,
    jurisdictions: [...spec.jurisdictions].sort(compareText),
    availability: availabilityOf(spec.adminState),
  };
}

function compileService({ metadata, spec }: ServiceDocument, clusters: readonly ClusterDocument[]): SnapshotService {
  const totalMs = milliseconds(spec.timeouts?.total) ?? TOTAL_MS_DEFAULT;
  return {
    name: metadata.name,
    ...(spec.residency === undefined ? {} : { residency: spec.residency }),
    affinity: compileAffinity(spec.affinity),
    canaryShareBps: canaryShares({ metadata, spec }, clusters),
    ...(spec.canaryFlag === undefined ? {} : { canaryFlag: spec.canaryFlag }),
    ...(spec.flags === undefined ? {} : { flags: [...spec.flags].sort(compareText) }),
    attemptsMax: spec.retries?.attemptsMax ?? ATTEMPTS_DEFAULT,
    // A service that only shortens its total must not be left with a first-byte time that is longer.
    firstByteMs: milliseconds(spec.timeouts?.firstByte) ?? Math.min(FIRST_BYTE_MS_DEFAULT, totalMs),
    totalMs,
    recovery: {
      rampMs: milliseconds(spec.recovery?.ramp) ?? RECOVERY_RAMP_MS_DEFAULT,
      floorBps: 100 * (spec.recovery?.floorPercent ?? RECOVERY_FLOOR_PERCENT_DEFAULT),
    },
    load: compileLoad(spec.load),
    ...compileReplicaLag(spec.replicaLag),
  };
}

function compileAffinity(affinity: Affinity | undefined): SnapshotAffinity {
  if (affinity === undefined) return { by: "clientAddress" };
  if (affinity.by !== "cookie") return affinity;
  const maxAgeMs = milliseconds(affinity.maxAge) ?? AFFINITY_MAX_AGE_MS_DEFAULT;
  return { by: "cookie", maxAgeSeconds: Math.floor(maxAgeMs / 1_000) };
}

function compileLoad(load: LoadPolicy | undefined): SnapshotLoadPolicy {
  const shed = load?.shed;
  return {
    lean: load?.lean ?? false,
    ...(shed === undefined ? {} : { shed: { lowBps: basisPoints(shed.low), highBps: basisPoints(shed.high) } }),
  };
}

/** Nothing at all where any lag is tolerated: the edge looks no further then. */
function compileReplicaLag(tolerated: ReplicaLag | undefined): { replicaLag?: SnapshotReplicaLag } {
  const readsMs = milliseconds(tolerated?.reads);
  const writesMs = milliseconds(tolerated?.writes);
  if (readsMs === undefined && writesMs === undefined) return {};
  return {
    replicaLag: { ...(readsMs === undefined ? {} : { readsMs }), ...(writesMs === undefined ? {} : { writesMs }) },
  };
}

function basisPoints(percent: number): ShareBps {
  return ShareBps.parse(percent * 100);
}

/** One figure for all regions is written out for each region in which the service has clusters. */
function canaryShares(
  { metadata, spec }: Pick<ServiceDocument, "metadata" | "spec">,
  clusters: readonly ClusterDocument[],
): Record<RegionName, ShareBps> {
  const share = spec.canaryShareBps;
  if (share === undefined) return {};
  if (typeof share !== "number") return sortedRecord(share);
  const regions = clusters.filter(({ spec }) => spec.service === metadata.name).map(({ spec }) => spec.region);
  return sortedRecord(Object.fromEntries(regions.map((region) => [region, share])));
}

function milliseconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const ms = parseDuration(duration);
  invariant(ms !== undefined, "a duration that its schema let through");
  return ms;
}

function compileCluster({ metadata, spec }: ClusterDocument): SnapshotCluster {
  const endpoint = parseEndpoint(spec.endpoint);
  invariant(endpoint.ok, "an endpoint that the checks let through");
  return {
    name: metadata.name,
    service: spec.service,
    region: spec.region,
    endpoint: formatEndpoint(endpoint.value),
    side: spec.side ?? "stable",
    weight: spec.weight,
    availability: availabilityOf(spec.adminState),
  };
}

type RouteInput = {
  readonly regionNames: readonly RegionName[];
  readonly live: LiveOverlays;
  readonly gates: FlagParts["gates"];
};

function compileRoute({ metadata, spec }: RouteDocument, { regionNames, live, gates }: RouteInput): SnapshotRoute {
  const { shifts } = live;
  const weightsOf = (rule: string, declared: RegionWeights): RegionWeights =>
    sortedRecord(usableShift(shifts.get(`${metadata.name}/${rule}`), regionNames) ?? declared);
  const { hosts, paths, methods, headers } = spec.match;
  return {
    name: metadata.name,
    service: spec.service,
    hosts,
    // Any path, said in a way that the edge's index knows.
    paths: paths ?? [{ prefix: "/" }],
    ...(methods === undefined ? {} : { methods }),
    ...(headers === undefined ? {} : { headers }),
    steering: (spec.steering ?? []).flatMap(({ name, when: { flag, ...when }, weights }) => {
      const gate = flag === undefined ? "on" : (gates.get(flag) ?? "off");
      if (gate === "off") return [];
      const asked = flag === undefined || gate === "on" ? {} : { flag };
      return [{ name, when, ...asked, weights: weightsOf(name, weights) }];
    }),
    default: compileDefault(spec, regionNames, weightsOf),
    failover: compileFailover(spec),
    ...(spec.mirror === undefined ? {} : { mirror: spec.mirror }),
    ...compileReplicaLag(spec.replicaLag),
  };
}

/**
 * A shift may outlive a region that it names: what is left of it counts as long as it still sends traffic somewhere,
 * else the declared weights do.
 */
function usableShift(
  weights: RegionWeights | undefined,
  regionNames: readonly RegionName[],
): RegionWeights | undefined {
  if (weights === undefined) return undefined;
  const left = regionNames.flatMap((region) => {
    const weight = weights[region];
    return weight === undefined ? [] : [[region, weight] as const];
  });
  return left.some(([, weight]) => weight > 0) ? Object.fromEntries(left) : undefined;
}

function compileDefault(
  spec: RouteDocument["spec"],
  regionNames: readonly RegionName[],
  weightsOf: (rule: string, declared: RegionWeights) => RegionWeights,
): SnapshotDefault {
  if ("weights" in spec.default) return { by: "weights", weights: weightsOf(DEFAULT_RULE, spec.default.weights) };
  const ranked = ranking(spec.default);
  invariant(ranked !== undefined, "a default without weights ranks regions");
  return { by: ranked.by, regions: [...(ranked.regions ?? regionNames)].sort(compareText) };
}

/** Envoy's defaults: 140% overprovisioning, panic below 50%, and a level in panic spreads over all that it has. */
function compileFailover({ failover }: RouteDocument["spec"]): SnapshotFailover {
  return {
    order: failover?.order ?? "proximity",
    overprovisioningFactor: failover?.overprovisioningFactor ?? 140,
    panicThreshold: failover?.panicThreshold ?? 50,
    onPanic: failover?.onPanic ?? "spread",
  };
}

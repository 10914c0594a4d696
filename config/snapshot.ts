/**
 * What the edge reads: one immutable document that holds routes, clusters and shares together, so that no request sees
 * half of a change. Everything is resolved: overlays are applied, defaults filled in, durations in milliseconds.
 * The schema is strict, because the edge checks a snapshot once per revision and keeps the last good one otherwise.
 */
import * as z from "zod/mini";
import { CanaryFlag, FlagLogic, FlagState, FlagValue, RegionFlag, VariantName } from "./flag.ts";
import {
  ClusterName,
  Jurisdiction,
  Name,
  RegionName,
  Revision,
  RouteName,
  ServiceName,
  ShareBps,
  Weight,
} from "./ids.ts";
import {
  AdminState,
  HeaderMatch,
  HeaderName,
  Mirror,
  PathMatch,
  ResidencyRule,
  Side,
  SteeringConditions,
} from "./shared-shapes.ts";
import { Vantage } from "./vantage.ts";

/**
 * Rises when an old edge would misread a new snapshot; such an edge keeps what it has. A field that is left out unless
 * somebody uses it, as `replicaLag`, does not raise it: an edge that does not know it refuses that snapshot anyway, since
 * the schema is strict. Raising it would make old edges refuse every snapshot, and new ones what still lies in KV.
 */
export const SNAPSHOT_SCHEMA_VERSION = 1;

/** `enabled` takes everyone, `draining` bound clients until `deadlineMs`, `disabled` nobody. */
export const Availability = z.strictObject({
  adminState: AdminState,
  /** Milliseconds since the epoch; only with `draining`. Absent: bound clients may stay. */
  deadlineMs: z.exactOptional(z.int()),
  /** Milliseconds since the epoch; only with `enabled`: when a drain ended, so that traffic comes back ramped. */
  returnedAtMs: z.exactOptional(z.int()),
});
export type Availability = z.infer<typeof Availability>;

export const SnapshotRegion = z.strictObject({
  name: RegionName,
  latitude: z.number().check(z.minimum(-90), z.maximum(90)),
  longitude: z.number().check(z.minimum(-180), z.maximum(180)),
  jurisdictions: z.array(Jurisdiction),
  availability: Availability,
});
export type SnapshotRegion = z.infer<typeof SnapshotRegion>;

/** An affinity as documents say it, with the cookie's life in seconds. */
export const SnapshotAffinity = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("none") }),
  z.strictObject({ by: z.literal("clientAddress") }),
  z.strictObject({ by: z.literal("header"), header: HeaderName }),
  z.strictObject({ by: z.literal("cookie"), maxAgeSeconds: z.int().check(z.minimum(1)) }),
]);
export type SnapshotAffinity = z.infer<typeof SnapshotAffinity>;

export const SnapshotRecovery = z.strictObject({
  rampMs: z.int().check(z.minimum(0)),
  floorBps: z.int().check(z.minimum(1), z.maximum(10_000)),
});

export const SnapshotLoadPolicy = z.strictObject({
  lean: z.boolean(),
  shed: z.exactOptional(z.strictObject({ lowBps: ShareBps, highBps: ShareBps })),
});
export type SnapshotLoadPolicy = z.infer<typeof SnapshotLoadPolicy>;

/** The largest lag of a cluster's data that requests tolerate, in milliseconds. What is absent tolerates any. */
export const SnapshotReplicaLag = z.strictObject({
  /** GET, HEAD and OPTIONS. */
  readsMs: z.exactOptional(z.int().check(z.minimum(0))),
  /** Everything else. */
  writesMs: z.exactOptional(z.int().check(z.minimum(0))),
});
export type SnapshotReplicaLag = z.infer<typeof SnapshotReplicaLag>;

export const SnapshotService = z.strictObject({
  name: ServiceName,
  /** Absent: every region may serve every client. Present: the first match decides, no match means nobody. */
  residency: z.exactOptional(z.array(ResidencyRule)),
  affinity: SnapshotAffinity,
  /** The canary side's part by region; a region that is not named has none. */
  canaryShareBps: z.record(RegionName, ShareBps),
  /** Clients to whom this flag gives the variant are the canary's, whatever the share. */
  canaryFlag: z.exactOptional(CanaryFlag),
  /** Flags that clusters are handed the values of. */
  flags: z.exactOptional(z.array(Name)),
  attemptsMax: z.int().check(z.minimum(1)),
  firstByteMs: z.int().check(z.minimum(1)),
  totalMs: z.int().check(z.minimum(1)),
  recovery: SnapshotRecovery,
  load: SnapshotLoadPolicy,
  replicaLag: z.exactOptional(SnapshotReplicaLag),
});
export type SnapshotService = z.infer<typeof SnapshotService>;

export const SnapshotCluster = z.strictObject({
  name: ClusterName,
  service: ServiceName,
  region: RegionName,
  /** Canonical origin: scheme, host and port, no path. */
  endpoint: z.string(),
  side: Side,
  weight: Weight,
  availability: Availability,
});
export type SnapshotCluster = z.infer<typeof SnapshotCluster>;

export const SnapshotRule = z.strictObject({
  name: Name,
  when: SteeringConditions,
  /** Only for whom this flag is true. Rules whose flag is the same for everybody have none, or are not here. */
  flag: z.exactOptional(Name),
  weights: z.record(RegionName, Weight),
});
export type SnapshotRule = z.infer<typeof SnapshotRule>;

export const SnapshotFailover = z.strictObject({
  order: z.union([z.enum(["proximity", "none"]), z.array(RegionName)]),
  overprovisioningFactor: z.int().check(z.minimum(100)),
  panicThreshold: z.int().check(z.minimum(0), z.maximum(100)),
  onPanic: z.enum(["spread", "reject"]),
});
export type SnapshotFailover = z.infer<typeof SnapshotFailover>;

export const SnapshotDefault = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("weights"), weights: z.record(RegionName, Weight) }),
  z.strictObject({ by: z.literal("proximity"), regions: z.array(RegionName) }),
  z.strictObject({ by: z.literal("latency"), regions: z.array(RegionName) }),
]);
export type SnapshotDefault = z.infer<typeof SnapshotDefault>;

export const SnapshotRoute = z.strictObject({
  name: RouteName,
  service: ServiceName,
  hosts: z.array(z.string()),
  paths: z.array(PathMatch),
  methods: z.exactOptional(z.array(z.string())),
  headers: z.exactOptional(z.array(HeaderMatch)),
  steering: z.array(SnapshotRule),
  default: SnapshotDefault,
  failover: SnapshotFailover,
  mirror: z.exactOptional(Mirror),
  /** What it states goes before what its service does, reads and writes apart. */
  replicaLag: z.exactOptional(SnapshotReplicaLag),
});
export type SnapshotRoute = z.infer<typeof SnapshotRoute>;

/**
 * A flag that the edge asks, with switches applied and evaluators in their places. Targeting that a newer release wrote
 * does not spoil the snapshot: its flag answers PARSE_ERROR, and everything else is served.
 */
export const SnapshotFlag = z.strictObject({
  name: Name,
  state: FlagState,
  variants: z.record(VariantName, FlagValue),
  defaultVariant: z.exactOptional(VariantName),
  targeting: z.exactOptional(FlagLogic),
  /** What differs there. */
  regions: z.exactOptional(z.record(RegionName, RegionFlag)),
});
export type SnapshotFlag = z.infer<typeof SnapshotFlag>;

export const Snapshot = z.strictObject({
  schemaVersion: z.literal(SNAPSHOT_SCHEMA_VERSION),
  environment: Name,
  revision: Revision,
  /** The vantages that have a beacon, sorted; an edge asks the nearest. */
  beacons: z.array(Vantage),
  regions: z.array(SnapshotRegion),
  services: z.array(SnapshotService),
  clusters: z.array(SnapshotCluster),
  routes: z.array(SnapshotRoute),
  /** Those that some rule or service goes by. */
  flags: z.exactOptional(z.array(SnapshotFlag)),
});
export type Snapshot = z.infer<typeof Snapshot>;

/**
 * What people write: a Kubernetes-like envelope and one spec for each kind. Only shape is said here; what must hold
 * between documents is in `checks.ts`. Unknown keys are refused everywhere, and nothing is filled in: what is read
 * back is what was written. `config/schema/` is generated from this file.
 */
import * as z from "zod/mini";
import { Duration } from "./duration.ts";
import { CanaryFlag } from "./flag.ts";
import { EvaluatorSpec, FlagSpec } from "./flag-spec.ts";
import { ClusterName, Jurisdiction, Name, RegionName, RouteName, ServiceName, ShareBps, Weight } from "./ids.ts";
import { ImageText } from "./image.ts";
import {
  ATTEMPTS_MAX,
  FLAGS_PER_SERVICE_MAX,
  HEADER_MATCHES_MAX,
  HOSTS_PER_ROUTE_MAX,
  PATH_LENGTH_MAX,
  PATHS_PER_ROUTE_MAX,
  REGIONS_MAX,
  RESIDENCY_RULES_MAX,
  STEERING_RULES_MAX,
} from "./limits.ts";
import { Objectives } from "./objectives.ts";
import { PolicySpec } from "./policy.ts";
import { haveOwnNames, SecretVersion } from "./secret-version.ts";
import {
  AdminState,
  HeaderMatch,
  HeaderName,
  Mirror,
  PathMatch,
  ResidencyRule,
  Side,
  SteeringConditions,
  VISIBLE,
  VisibleText,
} from "./shared-shapes.ts";
import { Vantage } from "./vantage.ts";
import { VersionRangeText } from "./version-range.ts";
import { WebhookSpec } from "./webhook.ts";

export const API_VERSION = "fairlead.dev/v1";

export const Labels = z.record(Name, VisibleText(200));

const metadata = <T extends z.ZodMiniType>(name: T) =>
  z.strictObject({
    name,
    /** Who looks after it, and gets its alerts: the name or the owner of a Webhook. */
    owner: z.exactOptional(VisibleText(100)),
    /** Who writes this document (a pipeline, a team); others are told before they overwrite it. */
    managedBy: z.exactOptional(Name),
    labels: z.exactOptional(Labels),
  });

const envelope = <K extends string, N extends z.ZodMiniType, S extends z.ZodMiniType>(kind: K, name: N, spec: S) =>
  z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal(kind), metadata: metadata(name), spec });

export const Capacity = z.strictObject({
  requestsPerSecond: z.int().check(z.minimum(1), z.maximum(100_000_000)),
});

// --- Region

export const RegionSpec = z.strictObject({
  location: z.strictObject({
    latitude: z.number().check(z.minimum(-90), z.maximum(90)),
    longitude: z.number().check(z.minimum(-180), z.maximum(180)),
  }),
  /** What this region satisfies; a service's residency names what a client requires. */
  jurisdictions: z.array(Jurisdiction).check(z.maxLength(20)),
  vantage: Vantage,
  capacity: Capacity,
  adminState: z.exactOptional(AdminState),
});
export const RegionDocument = envelope("Region", RegionName, RegionSpec);
export type RegionDocument = z.infer<typeof RegionDocument>;

// --- Health checks, on a service for all of its clusters or on one cluster

const StatusCode = z.int().check(z.minimum(100), z.maximum(599));

export const HealthCheck = z.strictObject({
  /** Sent with every probe, beside our own; names in lower case. */
  headers: z.exactOptional(
    z.record(z.string().check(z.regex(/^[a-z0-9-]{1,100}$/, "must be a lower-case header name")), VisibleText(500)),
  ),
  /** Must occur in the first 16 KiB of the answer. */
  body: z.exactOptional(z.strictObject({ contains: VisibleText(200) })),
  /** A success that takes longer counts as degraded. */
  degradedAfter: z.exactOptional(Duration),
  path: z.string().check(z.startsWith("/"), z.maxLength(PATH_LENGTH_MAX), VISIBLE),
  method: z.exactOptional(z.enum(["GET", "HEAD"])),
  interval: z.exactOptional(Duration),
  timeout: z.exactOptional(Duration),
  /** Consecutive successes before an unhealthy cluster counts as healthy. */
  rise: z.exactOptional(z.int().check(z.minimum(1), z.maximum(10))),
  /** Consecutive failures before a healthy cluster counts as unhealthy. */
  fall: z.exactOptional(z.int().check(z.minimum(1), z.maximum(10))),
  statuses: z.exactOptional(z.array(StatusCode).check(z.minLength(1), z.maxLength(50))),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

// --- Service

/** What keeps a client on its region and cluster. Without any, each request is its own draw. */
export const Affinity = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("none") }),
  z.strictObject({ by: z.literal("clientAddress") }),
  z.strictObject({ by: z.literal("header"), header: HeaderName }),
  /** A signed cookie that binds a browser to its cluster; until it has one, the client's address counts. */
  z.strictObject({ by: z.literal("cookie"), maxAge: z.exactOptional(Duration) }),
]);
export type Affinity = z.infer<typeof Affinity>;

/** How a cluster, and with it its region, comes back after it was away: not at once, and not all of it. */
export const Recovery = z.strictObject({
  /** How long it stays out at least, however soon probes succeed again. */
  holdDown: z.exactOptional(Duration),
  /** From its return to its full weight. */
  ramp: z.exactOptional(Duration),
  /** Percent of its weight at the very start of the ramp. */
  floorPercent: z.exactOptional(z.int().check(z.minimum(1), z.maximum(100))),
});
export type Recovery = z.infer<typeof Recovery>;

const Percent = z.int().check(z.minimum(0), z.maximum(100));

/** What to do with the utilization that clusters report (`endpoint-load-metrics`). Nothing, unless said here. */
export const LoadPolicy = z.strictObject({
  /** Weights lean towards clusters and regions with headroom. */
  lean: z.exactOptional(z.boolean()),
  /** Percent of utilization: below `low` nobody leaves a region, from `high` on everybody who can. */
  shed: z.exactOptional(z.strictObject({ low: Percent, high: Percent })),
});
export type LoadPolicy = z.infer<typeof LoadPolicy>;

/** `reads` are GET, HEAD and OPTIONS, `writes` everything else. What is left out tolerates any lag. */
export const ReplicaLag = z.strictObject({ reads: z.exactOptional(Duration), writes: z.exactOptional(Duration) });
export type ReplicaLag = z.infer<typeof ReplicaLag>;

export const ServiceSpec = z.strictObject({
  tier: z.exactOptional(z.enum(["critical", "standard", "besteffort"])),
  residency: z.exactOptional(z.array(ResidencyRule).check(z.minLength(1), z.maxLength(RESIDENCY_RULES_MAX))),
  affinity: z.exactOptional(Affinity),
  /** The canary side's part of each region's traffic: one figure for all regions, or one for each named region. */
  canaryShareBps: z.exactOptional(z.union([ShareBps, z.record(RegionName, ShareBps)])),
  /** Whom this flag gives the variant is served by the canary side, whatever the share; the share is of all others. */
  canaryFlag: z.exactOptional(CanaryFlag),
  /** Flags whose values clusters of this service are handed with every request (`Fairlead-Flags`). */
  flags: z.exactOptional(z.array(Name).check(z.minLength(1), z.maxLength(FLAGS_PER_SERVICE_MAX))),
  retries: z.exactOptional(z.strictObject({ attemptsMax: z.int().check(z.minimum(1), z.maximum(ATTEMPTS_MAX)) })),
  timeouts: z.exactOptional(z.strictObject({ firstByte: z.exactOptional(Duration), total: z.exactOptional(Duration) })),
  healthCheck: z.exactOptional(HealthCheck),
  recovery: z.exactOptional(Recovery),
  load: z.exactOptional(LoadPolicy),
  /** The largest lag of a region's data that requests tolerate; a region that reports more is not eligible for them. */
  replicaLag: z.exactOptional(ReplicaLag),
  /** What clients are promised; alerts and budgets go by it. */
  objectives: z.exactOptional(Objectives),
});
export const ServiceDocument = envelope("Service", ServiceName, ServiceSpec);
export type ServiceDocument = z.infer<typeof ServiceDocument>;

// --- Cluster

const Sha256Digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits"));

const SecretReferences = z
  .array(z.strictObject({ name: Name, version: SecretVersion }))
  .check(z.maxLength(100), z.refine(haveOwnNames, { error: "must name each secret once" }));

/** What the cluster must report that it runs; secrets by name and version id, never by value. */
export const ClusterReports = z.strictObject({
  version: z.exactOptional(VisibleText(100)),
  imageDigest: z.exactOptional(Sha256Digest),
  configDigest: z.exactOptional(Sha256Digest),
  secrets: z.exactOptional(SecretReferences),
  keyIds: z.exactOptional(z.array(VisibleText(100)).check(z.maxLength(100))),
  compliance: z.exactOptional(z.array(Name).check(z.maxLength(50))),
  /** As in `linux/amd64`. */
  platform: z.exactOptional(VisibleText(100)),
});
export type ClusterReports = z.infer<typeof ClusterReports>;

/** What the declared version can work with: versions of the data's schema and of the configuration, and of other services. */
export const ClusterRequires = z.strictObject({
  schema: z.exactOptional(VersionRangeText),
  config: z.exactOptional(VersionRangeText),
  peers: z.exactOptional(z.record(ServiceName, VersionRangeText)),
});
export type ClusterRequires = z.infer<typeof ClusterRequires>;

/** What the cluster goes back to when the declared version is no good; preflight proves the way back as the way there. */
export const RollbackTarget = z.strictObject({
  version: VisibleText(100),
  imageDigest: Sha256Digest,
  configDigest: z.exactOptional(Sha256Digest),
  secrets: z.exactOptional(SecretReferences),
  requires: z.exactOptional(ClusterRequires),
});
export type RollbackTarget = z.infer<typeof RollbackTarget>;

export const ClusterSpec = z.strictObject({
  region: RegionName,
  service: ServiceName,
  /** Scheme, host and port; the path of the request is appended. Checked further in `checks.ts`. */
  endpoint: z.string().check(z.maxLength(300)),
  /** Relative to the other clusters of its side in its region. */
  weight: Weight,
  /** Which side of a split it serves; `stable` when absent. */
  side: z.exactOptional(Side),
  capacity: z.exactOptional(Capacity),
  adminState: z.exactOptional(AdminState),
  healthCheck: z.exactOptional(HealthCheck),
  reports: z.exactOptional(ClusterReports),
  /** What is deployed there. Without a digest it may be anything tomorrow, and preflight refuses it. */
  image: z.exactOptional(ImageText),
  requires: z.exactOptional(ClusterRequires),
  rollback: z.exactOptional(RollbackTarget),
  /** The raw Ed25519 public key, base64, that the cluster signs its pushed status with. */
  statusKey: z.exactOptional(z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, "must be 32 bytes in base64"))),
});
export const ClusterDocument = envelope("Cluster", ClusterName, ClusterSpec);
export type ClusterDocument = z.infer<typeof ClusterDocument>;

// --- ClusterTemplate and Environment

const ParameterValue = z.union([z.string().check(z.maxLength(1_000)), z.int(), z.boolean()]);
export type ParameterValue = z.infer<typeof ParameterValue>;
const ParameterName = z.string().check(z.regex(/^[a-z][a-zA-Z0-9]{0,39}$/, "must be camelCase, at most 40 characters"));

export const Parameter = z.strictObject({
  type: z.enum(["string", "integer", "boolean"]),
  default: z.exactOptional(ParameterValue),
});
export type Parameter = z.infer<typeof Parameter>;

/**
 * One description for every region's cluster. Any string inside `cluster` may hold `${parameter}`; a string that is
 * nothing else takes the parameter's type. What comes out is parsed as a Cluster like any other.
 */
export const ClusterTemplateSpec = z.strictObject({
  parameters: z.record(ParameterName, Parameter),
  cluster: z.strictObject({
    metadata: z.strictObject({
      name: z.string(),
      owner: z.exactOptional(z.string()),
      labels: z.exactOptional(z.record(z.string(), z.string())),
    }),
    spec: z.record(z.string(), z.unknown()),
  }),
});
export const ClusterTemplateDocument = envelope("ClusterTemplate", Name, ClusterTemplateSpec);
export type ClusterTemplateDocument = z.infer<typeof ClusterTemplateDocument>;

/** The values of one environment: shared ones, and one set for each cluster that a template makes. */
export const EnvironmentSpec = z.strictObject({
  values: z.exactOptional(z.record(ParameterName, ParameterValue)),
  clusters: z
    .array(z.strictObject({ template: Name, values: z.record(ParameterName, ParameterValue) }))
    .check(z.maxLength(5_000)),
});
export const EnvironmentDocument = envelope("Environment", Name, EnvironmentSpec);
export type EnvironmentDocument = z.infer<typeof EnvironmentDocument>;

// --- Route

export const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] as const;

/** `shop.example.com`, `*.example.com` (one label or more in front), an address, or `*` for every host. */
export const HostPattern = z
  .string()
  .check(
    z.maxLength(253),
    z.regex(
      /^(\*|(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])$/,
      "must be a lower-case host, *.host or *",
    ),
  );

export const RouteMatch = z.strictObject({
  hosts: z.array(HostPattern).check(z.minLength(1), z.maxLength(HOSTS_PER_ROUTE_MAX)),
  /** Any path when absent. */
  paths: z.exactOptional(z.array(PathMatch).check(z.minLength(1), z.maxLength(PATHS_PER_ROUTE_MAX))),
  /** Any method when absent. */
  methods: z.exactOptional(z.array(z.enum(METHODS)).check(z.minLength(1))),
  headers: z.exactOptional(z.array(HeaderMatch).check(z.minLength(1), z.maxLength(HEADER_MATCHES_MAX))),
});
export type RouteMatch = z.infer<typeof RouteMatch>;

/** As people write them: the edge only sees a flag that has to be asked for each client; the others are settled before. */
export const SteeringWhen = z.extend(SteeringConditions, {
  /** The rule counts only for whom this flag is true. */
  flag: z.exactOptional(Name),
});
export type SteeringWhen = z.infer<typeof SteeringWhen>;

/** Weight 0: never. A region that is not named: no share of its own, but a failover target. */
export const RegionWeights = z.record(RegionName, Weight);
export type RegionWeights = z.infer<typeof RegionWeights>;

export const SteeringRule = z.strictObject({ name: Name, when: SteeringWhen, weights: RegionWeights });
export type SteeringRule = z.infer<typeof SteeringRule>;

const RankedRegions = z.strictObject({
  regions: z.exactOptional(z.array(RegionName).check(z.minLength(1), z.maxLength(REGIONS_MAX))),
});

/**
 * By weights; by great-circle distance to the regions named (all of them when none is named); or by the time to first
 * byte that edges measure for clients of one country, and by distance until enough is measured.
 */
export const RouteDefault = z.union([
  z.strictObject({ weights: RegionWeights }),
  z.strictObject({ proximity: RankedRegions }),
  z.strictObject({ latency: RankedRegions }),
]);
export type RouteDefault = z.infer<typeof RouteDefault>;

export const Failover = z.strictObject({
  /** `proximity` (the default): every other eligible region, nearest first. `none`: no other region. Or a list. */
  order: z.exactOptional(
    z.union([z.enum(["proximity", "none"]), z.array(RegionName).check(z.minLength(1), z.maxLength(REGIONS_MAX))]),
  ),
  /** Percent; Envoy's default 140 lets a level keep all of its traffic down to 72% health. */
  overprovisioningFactor: z.exactOptional(z.int().check(z.minimum(100), z.maximum(1_000))),
  /** Percent; below it, and only when all levels together cannot carry the load, health is not believed. 0: never. */
  panicThreshold: z.exactOptional(z.int().check(z.minimum(0), z.maximum(100))),
  /** What a level in panic does: spread over all of its clusters, or reject. */
  onPanic: z.exactOptional(z.enum(["spread", "reject"])),
});
export type Failover = z.infer<typeof Failover>;

/** How a default that ranks regions does it, or undefined for weights. */
export function ranking(
  routeDefault: RouteDefault,
): { readonly by: "proximity" | "latency"; readonly regions: readonly RegionName[] | undefined } | undefined {
  if ("weights" in routeDefault) return undefined;
  if ("latency" in routeDefault) return { by: "latency", regions: routeDefault.latency.regions };
  return { by: "proximity", regions: routeDefault.proximity.regions };
}

export const RouteSpec = z.strictObject({
  service: ServiceName,
  match: RouteMatch,
  steering: z.exactOptional(z.array(SteeringRule).check(z.maxLength(STEERING_RULES_MAX))),
  default: RouteDefault,
  failover: z.exactOptional(Failover),
  mirror: z.exactOptional(Mirror),
  /** In the place of what its service tolerates; what is left out here is as the service has it. */
  replicaLag: z.exactOptional(ReplicaLag),
});
export const RouteDocument = envelope("Route", RouteName, RouteSpec);
export type RouteDocument = z.infer<typeof RouteDocument>;

// --- Monitor

/** One of several probes that together say how a cluster is. */
export const MonitorCheck = z.strictObject({
  name: Name,
  /** `mustPass` alone decides when it fails; of those that are `voting` more than half must pass; `observe` only shows. */
  role: z.enum(["mustPass", "voting", "observe"]),
  check: HealthCheck,
});
export type MonitorCheck = z.infer<typeof MonitorCheck>;

/** In the place of the single health check of a service, for every cluster of it. */
export const MonitorSpec = z.strictObject({
  service: ServiceName,
  checks: z.array(MonitorCheck).check(z.minLength(1), z.maxLength(10)),
});
export const MonitorDocument = envelope("Monitor", Name, MonitorSpec);
export type MonitorDocument = z.infer<typeof MonitorDocument>;

// --- Flag and Policy

export const FlagDocument = envelope("Flag", Name, FlagSpec);
export type FlagDocument = z.infer<typeof FlagDocument>;

export const EvaluatorDocument = envelope("Evaluator", Name, EvaluatorSpec);
export type EvaluatorDocument = z.infer<typeof EvaluatorDocument>;

export const PolicyDocument = envelope("Policy", Name, PolicySpec);
export type PolicyDocument = z.infer<typeof PolicyDocument>;

// --- Webhook

export const WebhookDocument = envelope("Webhook", Name, WebhookSpec);
export type WebhookDocument = z.infer<typeof WebhookDocument>;

/** The name of a route's default where a rule's name is asked for (`PATCH /v1/weights`, reasons). */
export const DEFAULT_RULE = "default";

/** Every kind that can be written. */
export const DOCUMENT_SCHEMAS = {
  Region: RegionDocument,
  Service: ServiceDocument,
  Cluster: ClusterDocument,
  ClusterTemplate: ClusterTemplateDocument,
  Environment: EnvironmentDocument,
  Route: RouteDocument,
  Flag: FlagDocument,
  Evaluator: EvaluatorDocument,
  Policy: PolicyDocument,
  Monitor: MonitorDocument,
  Webhook: WebhookDocument,
} as const;
export type DocumentKind = keyof typeof DOCUMENT_SCHEMAS;

/** Kinds that other systems have and that are something else here: writing one is answered with where it belongs. */
export const RESERVED_KINDS = {
  Alert: "what alerts is the `objectives` of a Service, and where alerts are sent is a Webhook",
} as const;

export type Document =
  | RegionDocument
  | ServiceDocument
  | ClusterDocument
  | ClusterTemplateDocument
  | EnvironmentDocument
  | RouteDocument
  | FlagDocument
  | EvaluatorDocument
  | PolicyDocument
  | MonitorDocument
  | WebhookDocument;

/** A fleet after templates have been resolved: what is checked, hashed, approved and compiled. Sorted by name. */
export type Fleet = {
  readonly regions: readonly RegionDocument[];
  readonly services: readonly ServiceDocument[];
  readonly clusters: readonly ClusterDocument[];
  readonly routes: readonly RouteDocument[];
  readonly flags: readonly FlagDocument[];
  readonly evaluators: readonly EvaluatorDocument[];
  readonly monitors: readonly MonitorDocument[];
  readonly webhooks: readonly WebhookDocument[];
  /** The environment's one Policy; absent: every default. */
  readonly policy?: PolicyDocument;
};

/** Kind Route: which requests it takes, and how regions are chosen for them. */
import * as z from "zod/mini";
import { Name, RegionName, RouteName, ServiceName, Weight } from "../ids.ts";
import {
  HEADER_MATCHES_MAX,
  HOSTS_PER_ROUTE_MAX,
  PATHS_PER_ROUTE_MAX,
  REGIONS_MAX,
  STEERING_RULES_MAX,
} from "../limits.ts";
import { HeaderMatch, Mirror, PathMatch, SteeringConditions } from "../shared-shapes.ts";
import { envelope } from "./envelope.ts";
import { ReplicaLag } from "./service.ts";

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

/** The name of a route's default where a rule's name is asked for (`PATCH /v1/weights`, reasons). */
export const DEFAULT_RULE = "default";

/**
 * What an environment's Policy may say: the safety rules that every change is held to, which changes need a second
 * person, and how a new revision is let out. A field that is left out has its default (`admin/core/safety/defaults.ts`);
 * `off` switches a built-in rule off, and nothing else does. At most one Policy belongs to a fleet.
 */
import * as z from "zod/mini";
import { Duration } from "./duration.ts";
import { ClusterName, Name, RegionName, RouteName } from "./ids.ts";
import {
  APPROVAL_RULES_MAX,
  APPROVALS_MAX,
  CLUSTERS_MAX,
  FLAGS_MAX,
  REGIONS_MAX,
  ROUTES_MAX,
  SAFETY_RULES_MAX,
  SHARE_BPS_TOTAL,
} from "./limits.ts";
import { Vantage } from "./vantage.ts";

const Off = z.literal("off");
const orOff = <T extends z.ZodMiniType>(schema: T) => z.exactOptional(z.union([schema, Off]));

const NOT_EMPTY = "must not be empty: leave the field out instead";

/** An empty list is never "all of them" (a filter that selects nothing is a slip), so it is refused. */
const names = <T extends z.ZodMiniType>(name: T, max: number) =>
  z.array(name).check(z.minLength(1, "must not be empty: name what is meant, one by one"), z.maxLength(max));

const regions = z.strictObject({ regions: names(RegionName, REGIONS_MAX) });
const clusters = z.strictObject({ clusters: names(ClusterName, CLUSTERS_MAX) });
const flags = z.strictObject({ flags: names(Name, FLAGS_MAX) });
const routes = z.strictObject({ routes: names(RouteName, ROUTES_MAX) });

/**
 * Switches that a rule speaks of: a region is on while it takes new clients, a cluster likewise (so it is off while its
 * region is), a flag while it is on. Exactly one list.
 */
export const SafetyControls = z.union([regions, clusters, flags]);
export type SafetyControls = z.infer<typeof SafetyControls>;

/** What a gate locks: controls, or routes with all that they say. One union of four, so that messages tell them apart. */
export const GateTargets = z.union([regions, clusters, flags, routes]);
export type GateTargets = z.infer<typeof GateTargets>;

/** The rule types of AWS Route 53 ARC: `ATLEAST` takes `atLeast`; `inverted` negates the outcome. */
const requirement = {
  require: z.enum(["ATLEAST", "AND", "OR"]),
  atLeast: z.exactOptional(z.int().check(z.minimum(0), z.maximum(CLUSTERS_MAX))),
  inverted: z.exactOptional(z.literal(true)),
};

/**
 * Must hold for the state after the whole change. `wait`: after a change of one of these controls none of them changes
 * again for so long; 5 seconds when left out, as with AWS.
 */
export const AssertionRule = z.strictObject({
  name: Name,
  controls: SafetyControls,
  ...requirement,
  wait: orOff(Duration),
});
export type AssertionRule = z.infer<typeof AssertionRule>;
/** How many of the controls have to be on; `requirement.ts` says when that is so. */
export type Requirement = Pick<AssertionRule, "require" | "atLeast" | "inverted">;

/** While the gate does not hold, nothing of `targets` may be changed. */
export const GatingRule = z.strictObject({
  name: Name,
  gate: SafetyControls,
  ...requirement,
  targets: GateTargets,
});
export type GatingRule = z.infer<typeof GatingRule>;

const Percent = (max: number) => z.int().check(z.minimum(0), z.maximum(max));
const Bps = z.int().check(z.minimum(0), z.maximum(SHARE_BPS_TOTAL));

export const SafetyPolicy = z.strictObject({
  assertions: z.exactOptional(z.array(AssertionRule).check(z.minLength(1, NOT_EMPTY), z.maxLength(SAFETY_RULES_MAX))),
  gates: z.exactOptional(z.array(GatingRule).check(z.minLength(1, NOT_EMPTY), z.maxLength(SAFETY_RULES_MAX))),
  /** Regions that take new clients after the change, of every service that has any. */
  acceptingRegionsMin: orOff(z.int().check(z.minimum(1), z.maximum(REGIONS_MAX))),
  /** Clusters that take new clients and are not known to be down, for every residency rule of every service. */
  healthyClustersMin: orOff(z.int().check(z.minimum(1), z.maximum(CLUSTERS_MAX))),
  /** Projected requests/s of a region as a part of its capacity. */
  utilizationMaxPercent: orOff(Percent(1_000)),
  /** By how much the share of one region in one rule may rise in one change. */
  stepMaxBps: orOff(Bps),
  /** How much of one rule's traffic may be moved within an hour, added up. */
  shiftPerHourMaxBps: orOff(z.int().check(z.minimum(0), z.maximum(100 * SHARE_BPS_TOTAL))),
  /** Regions on their way (draining, or coming back), and the part of all traffic that is theirs: one of both must hold. */
  midChange: orOff(
    z.strictObject({ regionsMax: z.int().check(z.minimum(0), z.maximum(REGIONS_MAX)), trafficMaxBps: Bps }),
  ),
  /** Between two changes of the same thing. */
  waitSame: orOff(Duration),
  /** Between two changes of the same thing in opposite directions. */
  waitOpposite: orOff(Duration),
  /**
   * More than this many percent of the error budget of what a change is on must be left: 0 refuses changes once it is
   * spent. Nothing is asked unless it is stated.
   */
  errorBudgetMinPercent: orOff(Percent(100)),
  /** Percent of the documents of one kind, or of the live overlays, that one person may remove in one change. */
  removalMaxPercent: orOff(Percent(100)),
});
export type SafetyPolicy = z.infer<typeof SafetyPolicy>;

/** What people may ask the control plane to do, as roles, approvals and the audit log name it. */
export const ACTIONS = [
  "fleet.apply",
  "weights.shift",
  "region.drain",
  "region.undrain",
  "cluster.drain",
  "cluster.undrain",
  "flag.switch",
  "flag.release",
  "freeze.set",
  "freeze.lift",
  "override.set",
  "override.lift",
  "secret.rotate",
  "secret.revoke",
  "secret.compromised",
  "revision.restore",
  "batch.commit",
] as const;
export const Action = z.enum(ACTIONS);
export type Action = z.infer<typeof Action>;

export const ApprovalRule = z.strictObject({
  actions: z.array(Action).check(z.minLength(1, NOT_EMPTY), z.maxLength(ACTIONS.length)),
  /** Different people beside the author. */
  approvals: z.int().check(z.minimum(1), z.maximum(APPROVALS_MAX)),
});
export type ApprovalRule = z.infer<typeof ApprovalRule>;

/** A new revision is served by one vantage alone for `hold`, and everywhere after that when nothing went wrong there. */
export const PublishingPolicy = z.strictObject({ canaryVantage: Vantage, hold: Duration });
export type PublishingPolicy = z.infer<typeof PublishingPolicy>;

/** How much traffic to reckon with until edges have reported some. */
export const DemandPolicy = z.strictObject({ requestsPerSecond: z.int().check(z.minimum(1), z.maximum(100_000_000)) });

/** What clusters report that may differ from what is declared, or between the clusters of a service. */
export const DRIFT_FIELDS = ["version", "imageDigest", "configDigest", "secrets", "keyIds", "compliance"] as const;
export const DriftField = z.enum(DRIFT_FIELDS);
export type DriftField = z.infer<typeof DriftField>;

export const DriftPolicy = z.strictObject({
  /** How grave a difference is; `error` stops preflight, `ignore` is not reported. */
  severities: z.exactOptional(z.partialRecord(DriftField, z.enum(["error", "warning", "ignore"]))),
  /** From when on a difference opens an incident. */
  maxAge: z.exactOptional(Duration),
});
export type DriftPolicy = z.infer<typeof DriftPolicy>;

/** Secrets older than this should have been rotated; a warning comes at four fifths of it. */
export const SecretsPolicy = z.strictObject({ maxAge: Duration });

export const AlertsPolicy = z.strictObject({
  /** Of the incident that an alert opens when it pages; 3 (on record, holds nothing back) when left out. */
  incidentSeverity: z.exactOptional(z.union([z.literal(1), z.literal(2), z.literal(3), Off])),
});
export type AlertsPolicy = z.infer<typeof AlertsPolicy>;

export const PolicySpec = z.strictObject({
  safety: z.exactOptional(SafetyPolicy),
  approvals: z.exactOptional(z.array(ApprovalRule).check(z.minLength(1, NOT_EMPTY), z.maxLength(APPROVAL_RULES_MAX))),
  publishing: z.exactOptional(PublishingPolicy),
  demand: z.exactOptional(DemandPolicy),
  drift: z.exactOptional(DriftPolicy),
  secrets: z.exactOptional(SecretsPolicy),
  alerts: z.exactOptional(AlertsPolicy),
});
export type PolicySpec = z.infer<typeof PolicySpec>;

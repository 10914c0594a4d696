/**
 * The live state on top of the declared documents, each piece with who, why and when. Some of it is routing, which
 * `compile` applies: weight shifts, drains and what ended drains leave behind, flag switches. Some of it is about
 * changing things: freezes and overrides of safety rules, which only the control plane reads. And some is about clusters:
 * rotations of secrets, which they follow. The fleet object keeps it all; the edge only ever sees the outcome.
 */
import * as z from "zod/mini";
import { FlagState } from "./flag.ts";
import { ClusterName, Name, RegionName, RouteName, ServiceName, Weight } from "./ids.ts";
import { REASON_LENGTH_MAX, TICKET_LENGTH_MAX } from "./limits.ts";
import { SecretVersion } from "./secret-version.ts";

const PrintableText = (lengthMax: number) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(lengthMax), z.regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not hold control characters"));

export const Reason = PrintableText(REASON_LENGTH_MAX);
export const Ticket = PrintableText(TICKET_LENGTH_MAX);

const provenance = {
  author: z.string(),
  reason: Reason,
  ticket: z.exactOptional(Ticket),
  /** On whose behalf: who changes it for somebody else has to say so. Absent in overlays from before there was one. */
  managedBy: z.exactOptional(Name),
  createdAtMs: z.int(),
};

/** Why something whose time is over is still in force: what came back would not have been safe. */
const held = z.exactOptional(z.strictObject({ sinceMs: z.int(), because: z.string() }));

/** `graceful` lets clients that are bound there stay until the deadline; `immediate` does not. */
export const DrainMode = z.enum(["graceful", "immediate"]);
export type DrainMode = z.infer<typeof DrainMode>;

const drain = {
  mode: DrainMode,
  /** When bound clients have to leave too; only with `graceful`. */
  deadlineMs: z.exactOptional(z.int()),
  /** When the drain ends by itself, if what comes back is safe then; else it is held. */
  expiresAtMs: z.int(),
  held,
  ...provenance,
};

export const RegionDrain = z.strictObject({ kind: z.literal("regionDrain"), region: RegionName, ...drain });
export const ClusterDrain = z.strictObject({ kind: z.literal("clusterDrain"), cluster: ClusterName, ...drain });

const comeback = {
  /** When the drain ended, by hand or by itself. */
  returnedAtMs: z.int(),
  ...provenance,
};

/**
 * What an ended drain leaves behind, so that traffic comes back ramped instead of all at once. Without effect once the
 * longest ramp is over; its keeper drops it then.
 */
export const RegionReturn = z.strictObject({ kind: z.literal("regionReturn"), region: RegionName, ...comeback });
export const ClusterReturn = z.strictObject({ kind: z.literal("clusterReturn"), cluster: ClusterName, ...comeback });

/** Replaces the weights of one rule of one route (`default` for the default). */
export const WeightShift = z.strictObject({
  kind: z.literal("weightShift"),
  route: RouteName,
  rule: Name,
  weights: z.record(RegionName, Weight),
  ...provenance,
});

/** In the place of the state that a flag's document declares. Without an end it stays until somebody ends it. */
export const FlagSwitch = z.strictObject({
  kind: z.literal("flagSwitch"),
  flag: Name,
  /** Only there; everywhere when absent. */
  region: z.exactOptional(RegionName),
  state: FlagState,
  expiresAtMs: z.exactOptional(z.int()),
  ...provenance,
});

/** Nothing may be changed meanwhile, except what makes things safer. Without regions and routes: in the whole fleet. */
export const Freeze = z.strictObject({
  kind: z.literal("freeze"),
  name: Name,
  regions: z.exactOptional(z.array(RegionName)),
  routes: z.exactOptional(z.array(RouteName)),
  expiresAtMs: z.int(),
  ...provenance,
});

/** Break-glass: the named safety rules are evaluated and told, but do not refuse, until this ends. */
export const RuleOverride = z.strictObject({
  kind: z.literal("ruleOverride"),
  name: Name,
  /** As in the verdicts of a plan: `stepMax`, `assertion/two-regions`. */
  rules: z.array(z.string()),
  expiresAtMs: z.int(),
  ...provenance,
});

/** How far a secret has got on its way to a new version; what clusters report says the rest. */
export const RotationStage = z.enum(["introduced", "active", "revoked"]);
export type RotationStage = z.infer<typeof RotationStage>;

/**
 * A secret on its way from one version to the next, by names and version ids alone. `introduced`: clusters are given
 * `to` and go on using `from`. `active`: they use `to` and can still read `from`. `revoked`: `from` is worth nothing any more.
 */
export const SecretRotation = z.strictObject({
  kind: z.literal("secretRotation"),
  secret: Name,
  /** Only the clusters of this service; every cluster that has the secret when absent. */
  service: z.exactOptional(ServiceName),
  from: SecretVersion,
  /** Absent while a version is compromised and nobody has said which one takes its place. */
  to: z.exactOptional(SecretVersion),
  stage: RotationStage,
  /** Somebody else may know the value of `from`: there is no time to lose. */
  compromised: z.exactOptional(z.literal(true)),
  ...provenance,
});

export const Overlay = z.discriminatedUnion("kind", [
  RegionDrain,
  ClusterDrain,
  RegionReturn,
  ClusterReturn,
  WeightShift,
  FlagSwitch,
  Freeze,
  RuleOverride,
  SecretRotation,
]);
export type Overlay = z.infer<typeof Overlay>;
export type RegionDrain = z.infer<typeof RegionDrain>;
export type ClusterDrain = z.infer<typeof ClusterDrain>;
export type RegionReturn = z.infer<typeof RegionReturn>;
export type ClusterReturn = z.infer<typeof ClusterReturn>;
export type WeightShift = z.infer<typeof WeightShift>;
export type FlagSwitch = z.infer<typeof FlagSwitch>;
export type Freeze = z.infer<typeof Freeze>;
export type RuleOverride = z.infer<typeof RuleOverride>;
export type SecretRotation = z.infer<typeof SecretRotation>;

export function flagSwitchKey({ flag, region }: { readonly flag: string; readonly region?: string }): string {
  return `flagSwitch/${flag}${region === undefined ? "" : `/${region}`}`;
}

/** What an overlay is on; there is at most one overlay for each key. */
export function overlayKey(overlay: Overlay): string {
  switch (overlay.kind) {
    case "regionDrain":
      return `regionDrain/${overlay.region}`;
    case "clusterDrain":
      return `clusterDrain/${overlay.cluster}`;
    case "regionReturn":
      return `regionReturn/${overlay.region}`;
    case "clusterReturn":
      return `clusterReturn/${overlay.cluster}`;
    case "weightShift":
      return `weightShift/${overlay.route}/${overlay.rule}`;
    case "flagSwitch":
      return flagSwitchKey(overlay);
    case "freeze":
      return `freeze/${overlay.name}`;
    case "ruleOverride":
      return `ruleOverride/${overlay.name}`;
    case "secretRotation":
      return `secretRotation/${overlay.secret}${overlay.service === undefined ? "" : `/${overlay.service}`}`;
  }
}

/**
 * The live state on top of the declared documents: weight shifts, drains and what ended drains leave behind, each with
 * who, why and when. `compile` applies them; the fleet object keeps them; the edge only ever sees the outcome.
 */
import * as z from "zod/mini";
import { ClusterName, Name, RegionName, RouteName, Weight } from "./ids.ts";
import { REASON_LENGTH_MAX, TICKET_LENGTH_MAX } from "./limits.ts";

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
  createdAtMs: z.int(),
};

/** `graceful` lets clients that are bound there stay until the deadline; `immediate` does not. */
export const DrainMode = z.enum(["graceful", "immediate"]);
export type DrainMode = z.infer<typeof DrainMode>;

const drain = {
  mode: DrainMode,
  /** When bound clients have to leave too; only with `graceful`. */
  deadlineMs: z.exactOptional(z.int()),
  /** When the drain ends by itself. */
  expiresAtMs: z.int(),
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

export const Overlay = z.discriminatedUnion("kind", [
  RegionDrain,
  ClusterDrain,
  RegionReturn,
  ClusterReturn,
  WeightShift,
]);
export type Overlay = z.infer<typeof Overlay>;
export type RegionDrain = z.infer<typeof RegionDrain>;
export type ClusterDrain = z.infer<typeof ClusterDrain>;
export type RegionReturn = z.infer<typeof RegionReturn>;
export type ClusterReturn = z.infer<typeof ClusterReturn>;
export type WeightShift = z.infer<typeof WeightShift>;

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
  }
}

/**
 * Names and shares as types that only their schema can make. A name is a DNS label, so it is safe in a URL path, a
 * metric label, a header value and an object key: `__proto__` and most of its friends cannot be spelled in it, and
 * `constructor`, which could, is refused.
 */
import * as z from "zod/mini";
import { NAME_LENGTH_MAX, SHARE_BPS_TOTAL, WEIGHT_MAX } from "./limits.ts";

export const NAME_PATTERN = /^(?!constructor$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lower-case letters, digits and inner hyphens, 1 to 63 characters. */
export const Name = z
  .string()
  .check(
    z.maxLength(NAME_LENGTH_MAX),
    z.regex(NAME_PATTERN, "must be lower-case letters, digits and inner hyphens (a DNS label)"),
  );

export const RegionName = Name.brand<"RegionName">();
export type RegionName = z.infer<typeof RegionName>;
export const ServiceName = Name.brand<"ServiceName">();
export type ServiceName = z.infer<typeof ServiceName>;
export const ClusterName = Name.brand<"ClusterName">();
export type ClusterName = z.infer<typeof ClusterName>;
export const RouteName = Name.brand<"RouteName">();
export type RouteName = z.infer<typeof RouteName>;

/** A jurisdiction is a label the fleet's owners choose (`eu`, `in`, `us-gov`); regions satisfy, services require. */
export const Jurisdiction = Name.brand<"Jurisdiction">();
export type Jurisdiction = z.infer<typeof Jurisdiction>;

/** Relative share among peers; any total. 0 means none and differs from absent (DESIGN §2). */
export const Weight = z.int().check(z.minimum(0), z.maximum(WEIGHT_MAX)).brand<"Weight">();
export type Weight = z.infer<typeof Weight>;

/** Exact share of a split in basis points; the shares of one split sum to 10,000. */
export const ShareBps = z.int().check(z.minimum(0), z.maximum(SHARE_BPS_TOTAL)).brand<"ShareBps">();
export type ShareBps = z.infer<typeof ShareBps>;

/** Revisions count from 1; the snapshot compiled into a deploy without any is revision 0. */
export const Revision = z.int().check(z.minimum(0)).brand<"Revision">();
export type Revision = z.infer<typeof Revision>;

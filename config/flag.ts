/**
 * What documents and snapshots say of flags in the same words, which are flagd's
 * (https://flagd.dev/reference/flag-definitions/); `regions` is ours. Apart from `flag-spec.ts`, because the edge reads
 * snapshots only. What a flag gives whom is in `worker/flags/`.
 */
import * as z from "zod/mini";
import { Name, ShareBps } from "./ids.ts";

export const FlagState = z.enum(["ENABLED", "DISABLED"]);
export type FlagState = z.infer<typeof FlagState>;

/** Beyond a DNS label, because applications name theirs in camel case; still safe in a header and a metric label. */
export const VariantName = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
      "must be letters, digits and inner dots, underscores and hyphens, at most 63",
    ),
  );

/** All variants of one flag have values of one of these types; objects hold any JSON. */
export const FlagValue = z.union([z.boolean(), z.string(), z.number(), z.record(z.string(), z.unknown())]);
export type FlagValue = z.infer<typeof FlagValue>;

/** An expression of JSON Logic: an object with one operator. The empty one is no targeting, as in flagd. */
export const FlagLogic = z.record(z.string(), z.unknown());
export type FlagLogic = z.infer<typeof FlagLogic>;

/** An exact share of the region's targeting keys has this variant, all others the default one: in the place of targeting. */
export const FlagRollout = z.strictObject({ variant: VariantName, shareBps: ShareBps });
export type FlagRollout = z.infer<typeof FlagRollout>;

export const RegionFlag = z.strictObject({ state: z.exactOptional(FlagState), rollout: z.exactOptional(FlagRollout) });
export type RegionFlag = z.infer<typeof RegionFlag>;

/** Chooses the side of a service: clients for whom the flag has the variant are served by the canary side. */
export const CanaryFlag = z.strictObject({ flag: Name, variant: VariantName });
export type CanaryFlag = z.infer<typeof CanaryFlag>;

/** Whether the flag gives different clients different values, so that it has to be asked for each. */
export function isTargeted({
  targeting,
  regions,
}: {
  readonly targeting?: FlagLogic;
  readonly regions?: Readonly<Record<string, RegionFlag>>;
}): boolean {
  return Object.keys(targeting ?? {}).length > 0 || Object.keys(regions ?? {}).length > 0;
}

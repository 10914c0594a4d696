/**
 * A flag in the words of flagd (https://flagd.dev/reference/flag-definitions/): `state`, `variants`, `defaultVariant`,
 * `targeting`, and beside them `regions`, which is ours: what a region does otherwise. Only shape is said here; what
 * targeting may hold is in `checks/flag-logic.ts`, what a flag gives whom in `worker/flags/`.
 */
import * as z from "zod/mini";
import { Name, RegionName, ShareBps } from "./ids.ts";
import { FLAG_METADATA_MAX, FLAG_VARIANTS_MAX } from "./limits.ts";

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

const FlagMetadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const FlagSpec = z.strictObject({
  state: FlagState,
  variants: z.record(VariantName, FlagValue).check(
    z.refine((variants) => Object.keys(variants).length <= FLAG_VARIANTS_MAX, {
      error: `must have at most ${FLAG_VARIANTS_MAX} entries`,
    }),
  ),
  /** Absent or null: whoever gets no variant by targeting goes by the default that the code states. */
  defaultVariant: z.exactOptional(z.nullable(VariantName)),
  targeting: z.exactOptional(FlagLogic),
  regions: z.exactOptional(z.record(RegionName, RegionFlag)),
  /** Handed to SDKs beside the value. */
  metadata: z.exactOptional(
    FlagMetadata.check(
      z.refine((metadata) => Object.keys(metadata).length <= FLAG_METADATA_MAX, {
        error: `must have at most ${FLAG_METADATA_MAX} entries`,
      }),
    ),
  ),
  /** From that day on the flag is listed as stale; `never` for one that is meant to stay, such as a kill switch. */
  staleAfter: z.exactOptional(
    z
      .string()
      .check(
        z.regex(/^(never|\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$/, 'must be a date as 2027-01-31, or "never"'),
      ),
  ),
});
export type FlagSpec = z.infer<typeof FlagSpec>;

/** What several flags have in common: they name it with `{"$ref": "its-name"}` wherever an expression may stand. */
export const EvaluatorSpec = z.strictObject({ logic: FlagLogic });
export type EvaluatorSpec = z.infer<typeof EvaluatorSpec>;

/** Chooses the side of a service: clients for whom the flag has the variant are served by the canary side. */
export const CanaryFlag = z.strictObject({ flag: Name, variant: VariantName });
export type CanaryFlag = z.infer<typeof CanaryFlag>;

/** Whether the flag gives different clients different values, so that it has to be asked for each. */
export function isTargeted({ targeting, regions }: Pick<FlagSpec, "targeting" | "regions">): boolean {
  return Object.keys(targeting ?? {}).length > 0 || Object.keys(regions ?? {}).length > 0;
}

export function isBooleanFlag({ variants }: Pick<FlagSpec, "variants">): boolean {
  return Object.values(variants).every((value) => typeof value === "boolean");
}

/**
 * Whether the flag is on, by its document or by the state that somebody switched it to: enabled, and true by default.
 * One with targeting is on while it is enabled, because somebody may have it.
 */
export function isFlagOn(spec: FlagSpec, switchedTo?: FlagState): boolean {
  if ((switchedTo ?? spec.state) !== "ENABLED") return false;
  const { variants, defaultVariant } = spec;
  if (isTargeted(spec)) return true;
  return (
    typeof defaultVariant === "string" && Object.hasOwn(variants, defaultVariant) && variants[defaultVariant] === true
  );
}

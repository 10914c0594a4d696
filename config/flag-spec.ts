/**
 * A flag and an evaluator as people write them: `state`, `variants`, `defaultVariant` and `targeting` as flagd has them,
 * and what a region does otherwise. Only shape is said here; what targeting may hold is in `checks/flag-logic.ts`.
 */
import * as z from "zod/mini";
import { FlagLogic, FlagState, FlagValue, isTargeted, RegionFlag, VariantName } from "./flag.ts";
import { RegionName } from "./ids.ts";
import { FLAG_METADATA_MAX, FLAG_VARIANTS_MAX } from "./limits.ts";

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

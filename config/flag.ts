/**
 * A flag in the words of flagd (https://flagd.dev/reference/flag-definitions/): `state`, `variants`, `defaultVariant`.
 * This release reads boolean flags without targeting. A flag is on while it is ENABLED and its default variant is true;
 * a steering rule that names it in `when.flag` counts only then. What is on is settled when the snapshot is compiled.
 */
import * as z from "zod/mini";
import { Name } from "./ids.ts";

export const FlagState = z.enum(["ENABLED", "DISABLED"]);
export type FlagState = z.infer<typeof FlagState>;

export const FlagSpec = z.strictObject({
  state: FlagState,
  variants: z.record(Name, z.boolean()),
  defaultVariant: Name,
});
export type FlagSpec = z.infer<typeof FlagSpec>;

/** Whether the flag is on by its document, or by the state that somebody switched it to. */
export function isFlagOn({ state, variants, defaultVariant }: FlagSpec, switchedTo?: FlagState): boolean {
  return (
    (switchedTo ?? state) === "ENABLED" && Object.hasOwn(variants, defaultVariant) && variants[defaultVariant] === true
  );
}

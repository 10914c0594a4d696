/** What asking a flag comes to, in OpenFeature's words (https://openfeature.dev/specification/types). */
import type { FlagValue } from "../../config/flag.ts";

export type FlagErrorCode =
  | "FLAG_NOT_FOUND"
  | "PARSE_ERROR"
  | "TYPE_MISMATCH"
  | "TARGETING_KEY_MISSING"
  | "INVALID_CONTEXT"
  | "GENERAL";

/** flagd calls a share by `fractional` TARGETING_MATCH; SPLIT is the share that a region gives. */
export type ValueReason = "STATIC" | "DEFAULT" | "TARGETING_MATCH" | "SPLIT";

export type FlagResult =
  | { readonly kind: "value"; readonly variant: string; readonly value: FlagValue; readonly reason: ValueReason }
  /** The default that the code states holds. */
  | { readonly kind: "codeDefault"; readonly reason: "DISABLED" | "DEFAULT" }
  | { readonly kind: "error"; readonly errorCode: FlagErrorCode; readonly errorDetails: string };

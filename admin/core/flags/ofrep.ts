/**
 * What OFREP answers (https://github.com/open-feature/protocol), made of what flags give. A flag without a value is no
 * error: it is answered without `value`, and the SDK's own default holds (that protocol's decision 6).
 */
import type { FlagValue } from "../../../config/flag.ts";
import type { FlagErrorCode, FlagResult } from "../../../worker/flags/flag-result.ts";
import { askFlag, type LoadedFlag } from "../../../worker/flags/loaded-flag.ts";
import type { FlagContext } from "../../../worker/flags/scope.ts";

export type FlagMetadata = Readonly<Record<string, string | number | boolean>>;

export type ServedFlag = { readonly flag: LoadedFlag; readonly metadata?: FlagMetadata };

export type Evaluation = {
  readonly key: string;
  readonly reason: string;
  readonly variant?: string;
  readonly value?: FlagValue;
  readonly metadata?: FlagMetadata;
};

export type EvaluationFailure = {
  readonly key: string;
  readonly errorCode: FlagErrorCode;
  readonly errorDetails: string;
};

export type Asked = { readonly context: FlagContext; readonly nowMs: number };

export function evaluateOne(
  flags: ReadonlyMap<string, ServedFlag>,
  key: string,
  asked: Asked,
): Evaluation | EvaluationFailure {
  const served = flags.get(key);
  if (served === undefined) return { key, errorCode: "FLAG_NOT_FOUND", errorDetails: "There is no such flag." };
  return evaluationOf(key, askFlag(served.flag, asked), served.metadata);
}

/** In the order of their names, so that equal answers are equal texts. */
export function evaluateAll(
  flags: ReadonlyMap<string, ServedFlag>,
  asked: Asked,
): readonly (Evaluation | EvaluationFailure)[] {
  return [...flags].map(([key, { flag, metadata }]) => evaluationOf(key, askFlag(flag, asked), metadata));
}

function evaluationOf(
  key: string,
  result: FlagResult,
  metadata: FlagMetadata | undefined,
): Evaluation | EvaluationFailure {
  const beside = metadata === undefined ? {} : { metadata };
  switch (result.kind) {
    case "error":
      return { key, errorCode: result.errorCode, errorDetails: result.errorDetails };
    case "codeDefault":
      return { key, reason: result.reason, ...beside };
    default:
      return { key, value: result.value, reason: result.reason, variant: result.variant, ...beside };
  }
}

/** Why a context cannot be used, or undefined. Absent is an empty one. */
export function contextFlaw(context: unknown): string | undefined {
  if (context === undefined) return undefined;
  if (typeof context !== "object" || context === null || Array.isArray(context)) return "The context is an object.";
  const { targetingKey }: { readonly targetingKey?: unknown } = context;
  if (targetingKey === undefined || typeof targetingKey === "string") return undefined;
  return "The targetingKey of the context is text.";
}

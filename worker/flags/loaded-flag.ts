/**
 * A flag made ready to be asked, once per revision, and what it gives whom. Who asks for it, with which context, and
 * what hangs on the answer is said elsewhere.
 */
import { type FlagState, isTargeted } from "../../config/flag.ts";
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import type { SnapshotFlag } from "../../config/snapshot.ts";
import { bucketOf } from "./bucket.ts";
import { compileExpression } from "./expression.ts";
import type { FlagErrorCode, FlagResult, ValueReason } from "./flag-result.ts";
import { type Expression, FAILED, type FlagContext, type Scope, targetingKeyOf } from "./scope.ts";
import { textOf } from "./text.ts";

/** Every answer that a flag can give is made once, so that asking allocates none. */
type Answers = ReadonlyMap<string, FlagResult>;

type Rollout = { readonly shareBps: number; readonly variant: FlagResult };

export type LoadedFlag = {
  readonly name: string;
  readonly state: FlagState;
  /** Undefined without targeting; `unparsable` is one that another release has written. */
  readonly targeting: Expression | "unparsable" | undefined;
  readonly regions: ReadonlyMap<string, { readonly state: FlagState; readonly rollout: Rollout | undefined }>;
  readonly matches: Answers;
  /** What the default variant gives, by why it is given. */
  readonly defaults: Readonly<Record<ValueReason, FlagResult>>;
  /** The same answer for everybody, everywhere. */
  readonly settled: FlagResult | undefined;
  /** What it gives hangs on the region, by its `regions` or by its targeting. */
  readonly goesByRegion: boolean;
};

export type Asked = { readonly context: FlagContext; readonly nowMs: number };

export function loadFlag(flag: SnapshotFlag): LoadedFlag {
  const { name, state, variants, defaultVariant, targeting, regions = {} } = flag;
  const answer = (variant: string, reason: ValueReason): FlagResult => {
    const value = Object.hasOwn(variants, variant) ? variants[variant] : undefined;
    return value === undefined
      ? failure("GENERAL", `the flag ${name} has no variant ${variant}`)
      : { kind: "value", variant, value, reason };
  };
  const byDefault = (reason: ValueReason): FlagResult =>
    defaultVariant === undefined ? { kind: "codeDefault", reason: "DEFAULT" } : answer(defaultVariant, reason);
  const defaults = {
    STATIC: byDefault("STATIC"),
    DEFAULT: byDefault("DEFAULT"),
    TARGETING_MATCH: byDefault("TARGETING_MATCH"),
    SPLIT: byDefault("SPLIT"),
  };
  return {
    name,
    state,
    targeting: loadTargeting(targeting),
    regions: new Map(
      Object.entries(regions).map(([region, { state: own, rollout }]) => [
        region,
        {
          state: own ?? state,
          rollout: rollout && { shareBps: rollout.shareBps, variant: answer(rollout.variant, "SPLIT") },
        },
      ]),
    ),
    matches: new Map(Object.keys(variants).map((variant) => [variant, answer(variant, "TARGETING_MATCH")])),
    defaults,
    settled: isTargeted(flag) ? undefined : state === "DISABLED" ? DISABLED : defaults.STATIC,
    goesByRegion: Object.keys(regions).length > 0 || JSON.stringify(targeting ?? {}).includes('"region"'),
  };
}

function loadTargeting(targeting: SnapshotFlag["targeting"]): LoadedFlag["targeting"] {
  if (targeting === undefined || Object.keys(targeting).length === 0) return undefined;
  return compileExpression(targeting) ?? "unparsable";
}

const DISABLED: FlagResult = { kind: "codeDefault", reason: "DISABLED" };

/** Never throws and never waits. `context.region` is the region whose overrides count. */
export function askFlag(flag: LoadedFlag, asked: Asked): FlagResult {
  if (flag.settled !== undefined) return flag.settled;
  const { region } = asked.context;
  const own = typeof region === "string" ? flag.regions.get(region) : undefined;
  if ((own?.state ?? flag.state) === "DISABLED") return DISABLED;
  if (own?.rollout !== undefined) return rollOut(flag, own.rollout, asked);
  if (flag.targeting === undefined) return flag.defaults.STATIC;
  if (flag.targeting === "unparsable")
    return failure("PARSE_ERROR", `the targeting of the flag ${flag.name} cannot be read`);
  return target(flag, flag.targeting, { context: asked.context, flag: flag.name, nowMs: asked.nowMs });
}

/** The same buckets as `{"fractional": [[variant, shareBps], [null, 10000 - shareBps]]}`. */
function rollOut(flag: LoadedFlag, { shareBps, variant }: Rollout, { context }: Asked): FlagResult {
  if (shareBps === 0) return flag.defaults.SPLIT;
  if (shareBps === SHARE_BPS_TOTAL) return variant;
  const key = targetingKeyOf(context);
  if (key === undefined)
    return failure(
      "TARGETING_KEY_MISSING",
      `the flag ${flag.name} goes by shares here, and those by the targeting key`,
    );
  return bucketOf(flag.name + key, SHARE_BPS_TOTAL) < shareBps ? variant : flag.defaults.SPLIT;
}

function target(flag: LoadedFlag, targeting: Expression, scope: Scope): FlagResult {
  const found = targeting(scope);
  if (found === FAILED)
    return failure("GENERAL", `the targeting of the flag ${flag.name} cannot work with this context`);
  if (found === null || found === undefined) return flag.defaults.DEFAULT;
  const variant = textOf(found);
  return flag.matches.get(variant) ?? failure("GENERAL", `the flag ${flag.name} has no variant ${variant}`);
}

function failure(errorCode: FlagErrorCode, errorDetails: string): FlagResult {
  return { kind: "error", errorCode, errorDetails };
}

export type ValueType = "boolean" | "string" | "number" | "object";

/** An answer of another type is none, for those who can only use one. */
export function ofType(flag: LoadedFlag, result: FlagResult, type: ValueType): FlagResult {
  if (result.kind !== "value" || typeof result.value === type) return result;
  return failure("TYPE_MISMATCH", `the value of the flag ${flag.name} is of type ${typeof result.value}, not ${type}`);
}

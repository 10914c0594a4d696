/**
 * flagd's `fractional`: a share of all keys for each entry, by weights of any total. Since an entry's bounds are parts of
 * the scale, raising the weight of the first or the last of two entries moves keys over to it and none back.
 */
import { FRACTION_WEIGHT_MAX } from "../../config/flag-operators.ts";
import { bucketOf } from "./bucket.ts";
import { type Expression, FAILED, type Scope, targetingKeyOf } from "./scope.ts";

export type Share = {
  readonly variant: Expression;
  readonly weight: Expression;
  /** Both are written down. */
  readonly isFixed: boolean;
};

/** `bucketBy` is undefined for flag and targeting key together. Null means that the flag's default holds. */
export function fractional(bucketBy: Expression | undefined, shares: readonly Share[]): Expression {
  if (shares.every(({ isFixed }) => isFixed)) return byFixed(bucketBy, shares);
  return (scope) => {
    const key = bucketBy === undefined ? ownKey(scope) : bucketBy(scope);
    const variants = shares.map(({ variant }) => variant(scope));
    const weights = shares.map(({ weight }) => weight(scope));
    if (key === FAILED || variants.includes(FAILED) || weights.includes(FAILED)) return FAILED;
    return typeof key === "string" ? pick(key, scaleOf(variants, weights)) : null;
  };
}

/** Nearly all shares are written down and not worked out, so that a request only has to find its bucket. */
function byFixed(bucketBy: Expression | undefined, shares: readonly Share[]): Expression {
  const scale = scaleOf(
    shares.map(({ variant }) => variant(NOWHERE)),
    shares.map(({ weight }) => weight(NOWHERE)),
  );
  return (scope) => {
    const key = bucketBy === undefined ? ownKey(scope) : bucketBy(scope);
    if (typeof key === "string") return pick(key, scale);
    return key === FAILED ? FAILED : null;
  };
}

/** What is written down does not look at it. */
const NOWHERE: Scope = { context: {}, flag: "", nowMs: 0 };

function ownKey({ context, flag }: Scope): string | undefined {
  const key = targetingKeyOf(context);
  return key === undefined ? undefined : flag + key;
}

/** Which part of the whole belongs to which variant: that at `n` ends before `ends[n]` and begins where the one before ends. */
type Scale = { readonly variants: readonly unknown[]; readonly ends: readonly number[]; readonly total: number };

/** Undefined when that is no share: the flag's default holds. */
function scaleOf(variants: readonly unknown[], weights: readonly unknown[]): Scale | undefined {
  if (!variants.every(isVariant)) return undefined;
  const ends: number[] = [];
  let total = 0;
  for (const weight of weights) {
    if (typeof weight !== "number" || !Number.isInteger(weight)) return undefined;
    total += Math.max(0, weight);
    ends.push(total);
  }
  return total > FRACTION_WEIGHT_MAX ? undefined : { variants, ends, total };
}

function pick(key: string, scale: Scale | undefined): unknown {
  if (scale === undefined) return null;
  const bucket = bucketOf(key, scale.total);
  let at = 0;
  for (const end of scale.ends) {
    if (end > bucket) return scale.variants[at] ?? null;
    at += 1;
  }
  return null;
}

function isVariant(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

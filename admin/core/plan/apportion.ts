/** Exact whole parts of a total by largest remainder, for shares that come out of floating-point arithmetic. */
import { invariant } from "../../../config/invariant.ts";

/** A millionth of a part: what is closer than this came out of rounding, and counts as the same. */
const GRAIN = 1e6;

/**
 * `shares` are 0 or more (a hair below counts as 0), any total; the answer has their order and sums to `total`, or is all 0 when they are. Whoever
 * has nothing gets nothing; ties go to the first.
 */
export function apportion(shares: readonly number[], total: number): readonly number[] {
  const sum = shares.reduce((all, share) => all + share, 0);
  if (sum === 0) return shares.map(() => 0);
  const quotas = shares.map((share) => Math.max(0, Math.round((share / sum) * total * GRAIN)));
  const parts = quotas.map((quota) => Math.floor(quota / GRAIN));
  const missing = total - parts.reduce((all, part) => all + part, 0);
  if (missing === 0) return parts;
  const byRemainder = quotas
    .map((quota, index) => ({ index, remainder: quota % GRAIN }))
    .filter(({ remainder }) => remainder > 0)
    .sort((a, b) => b.remainder - a.remainder);
  invariant(missing > 0 && missing <= byRemainder.length, "what is missing are the remainders");
  for (const { index } of byRemainder.slice(0, missing)) parts[index] = (parts[index] ?? 0) + 1;
  return parts;
}

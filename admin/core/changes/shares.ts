/** Weights beside the exact share each comes to, for people who shift them: both are shown everywhere. */
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import { sortedBy } from "../../../config/order.ts";

export type WeightLine = { readonly region: string; readonly weight: number; readonly shareBps: number };

/**
 * By largest remainder, so that the shares sum to 10,000 exactly; ties go to the region first in the alphabet. All
 * weights 0 give all shares 0.
 */
export function weightLines(weights: Readonly<Record<string, number>>): readonly WeightLine[] {
  const entries = sortedBy(Object.entries(weights), ([region]) => region);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) return entries.map(([region, weight]) => ({ region, weight, shareBps: 0 }));

  const lines = entries.map(([region, weight]) => {
    // At most 64 weights of a million each, times 10,000: exact below 2^53.
    const scaled = weight * SHARE_BPS_TOTAL;
    return { region, weight, shareBps: Math.floor(scaled / total), remainder: scaled % total };
  });
  const missing = SHARE_BPS_TOTAL - lines.reduce((sum, line) => sum + line.shareBps, 0);
  const rounded = new Set([...lines].sort((a, b) => b.remainder - a.remainder).slice(0, missing));
  return lines.map((line) => ({
    region: line.region,
    weight: line.weight,
    shareBps: line.shareBps + (rounded.has(line) ? 1 : 0),
  }));
}

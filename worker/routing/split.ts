/**
 * Splits a region's traffic between the stable and the canary side by a cohort in basis points. The cohort of a key
 * never changes, and the canary takes the low end, so growing its share moves clients over and none back.
 */

import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import type { Side } from "../../config/shared-shapes.ts";
import { combine, scale } from "./hash.ts";

/** 0 to 9,999. `saltHash` keeps the splits of different services independent of each other and of the region pick. */
export function cohortOf(keyHash: number, saltHash: number): number {
  return scale(combine(keyHash, saltHash), SHARE_BPS_TOTAL);
}

export function sideOf(cohort: number, canaryShareBps: number): Side {
  return cohort < canaryShareBps ? "canary" : "stable";
}

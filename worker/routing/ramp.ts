/**
 * How much of its weight a cluster gets back after it was away: a floor at once, then more with time, so that nobody
 * meets a cold cluster with a region's whole traffic. The curve is Envoy's slow start; unlike there, the share also
 * counts when a region has a single cluster, because it lowers the region's health and with it the load that comes back.
 */
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";

export type RampOptions = {
  /** From the return to full weight; 0 turns ramping off. */
  readonly rampMs: number;
  /** The share at the very start, 1 to 10,000; Envoy's default is 10%. */
  readonly floorBps: number;
};

/** Shares move in steps of this size, so that a ramp makes a bounded number of health views. */
export const RAMP_STEP_BPS = 500;

/** 1 to 10,000: a cluster that came back `elapsedMs` ago. A clock that went backwards counts as the very start. */
export function rampShareBps(elapsedMs: number, { rampMs, floorBps }: RampOptions): number {
  if (elapsedMs >= rampMs) return SHARE_BPS_TOTAL;
  const share = (SHARE_BPS_TOTAL * Math.max(0, elapsedMs)) / rampMs;
  return Math.max(floorBps, Math.floor(share / RAMP_STEP_BPS) * RAMP_STEP_BPS);
}

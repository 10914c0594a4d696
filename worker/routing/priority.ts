/**
 * Splits load over priority levels by their health, exactly as Envoy does: levels fill up in order, the
 * overprovisioning factor lets a level keep all of its traffic while some of it is down, degraded capacity is used
 * before the next level's panic, and a level in panic is spread over all of it.
 *
 * Rules: Envoy, "Priority levels", "Degraded endpoints", "Panic threshold" (arch_overview/upstream/load_balancing) and
 * the integer arithmetic of its load balancer base class.
 */
import { invariant } from "../../config/invariant.ts";

/** How much of a level is usable; any unit, as long as the three agree. */
export type LevelHealth = {
  readonly healthy: number;
  readonly degraded: number;
  /** Everything that takes part, usable or not; what is drained or disabled is not counted. */
  readonly total: number;
  /**
   * Percent of the level's members that are not down, where that is something else than (healthy + degraded) / total:
   * with unequal weights, or while something ramps. Only panic asks for it, which is about trust in health, not load.
   */
  readonly availablePercent?: number;
};

export type PriorityOptions = {
  /** Percent, at least 100; Envoy's default is 140. */
  readonly overprovisioningFactor: number;
  /** Percent, 0 to 100; 0 turns panic off. Envoy's default is 50. */
  readonly panicThreshold: number;
};

export type LevelLoad = {
  /** Percent of all requests that go to healthy clusters of this level. */
  readonly healthyLoad: number;
  /** Percent that go to its degraded clusters. */
  readonly degradedLoad: number;
  /** Health is not believed here: the level's load is spread over all of it. */
  readonly panic: boolean;
};

export type PriorityLoads = {
  /** In the order given; the loads of all levels sum to 100 whenever `usable`. */
  readonly levels: readonly LevelLoad[];
  /** Percent of the whole load that the levels together can carry, at most 100. */
  readonly normalizedTotal: number;
  /** False when nothing is available and panic is off: there is nobody to send the request to. */
  readonly usable: boolean;
};

export function priorityLoads(levels: readonly LevelHealth[], options: PriorityOptions): PriorityLoads {
  const first = levels[0];
  if (first !== undefined && carriesAll(first, options.overprovisioningFactor)) return firstTakesAll(levels);
  const healthy = levels.map((level) => availability(level.healthy, level.total, options.overprovisioningFactor));
  const degraded = levels.map((level) => availability(level.degraded, level.total, options.overprovisioningFactor));
  const normalizedTotal = Math.min(100, sum(healthy) + sum(degraded));
  const mayPanic = normalizedTotal < 100 && options.panicThreshold > 0;
  const panic = levels.map((level) => mayPanic && inPanic(level, options.panicThreshold));

  if (normalizedTotal === 0) {
    const loads = levels.map((_, i) => ({ healthyLoad: i === 0 ? 100 : 0, degradedLoad: 0, panic: panic[i] === true }));
    return { levels: loads, normalizedTotal, usable: panic[0] === true };
  }
  const toHealthy = distribute(healthy, 100, normalizedTotal);
  const toDegraded = distribute(degraded, 100 - sum(toHealthy), normalizedTotal);
  const leftOver = 100 - sum(toHealthy) - sum(toDegraded);
  addLeftOver(healthy, degraded, toHealthy, toDegraded, leftOver);
  return {
    levels: levels.map((_, i) => ({
      healthyLoad: toHealthy[i] ?? 0,
      degradedLoad: toDegraded[i] ?? 0,
      panic: panic[i] === true,
    })),
    normalizedTotal,
    usable: true,
  };
}

const ALL: LevelLoad = { healthyLoad: 100, degradedLoad: 0, panic: false };
const NONE: LevelLoad = { healthyLoad: 0, degradedLoad: 0, panic: false };

/** Whether a first level keeps all of the load, whatever is behind it. */
export function carriesAll(level: LevelHealth, overprovisioningFactor: number): boolean {
  return availability(level.healthy, level.total, overprovisioningFactor) === 100;
}

/** What the rules below come to on a good day, without the arithmetic: most requests are served on one. */
function firstTakesAll(levels: readonly LevelHealth[]): PriorityLoads {
  return { levels: levels.map((_, i) => (i === 0 ? ALL : NONE)), normalizedTotal: 100, usable: true };
}

/** Percent of its own load that this much of a level can carry, 0 to 100. */
export function availability(usable: number, total: number, overprovisioningFactor: number): number {
  return total === 0 ? 0 : Math.min(100, Math.floor((overprovisioningFactor * usable) / total));
}

function inPanic(level: LevelHealth, panicThreshold: number): boolean {
  if (level.availablePercent !== undefined) return level.availablePercent < panicThreshold;
  return level.total === 0 || (100 * (level.healthy + level.degraded)) / level.total < panicThreshold;
}

/** Takes each level's availability in order, scaled up when all together fall short, until nothing is left. */
function distribute(availabilities: readonly number[], load: number, normalizedTotal: number): number[] {
  let left = load;
  return availabilities.map((percent) => {
    const taken = Math.min(left, Math.floor((percent * 100) / normalizedTotal));
    left -= taken;
    return taken;
  });
}

/** Points lost to rounding go to the first level that has any healthy capacity, else the first with degraded. */
function addLeftOver(
  healthy: readonly number[],
  degraded: readonly number[],
  toHealthy: number[],
  toDegraded: number[],
  points: number,
): void {
  invariant(points >= 0, "no level takes more than is left");
  if (points === 0) return;
  const firstHealthy = healthy.findIndex((percent) => percent > 0);
  if (firstHealthy >= 0) {
    toHealthy[firstHealthy] = (toHealthy[firstHealthy] ?? 0) + points;
    return;
  }
  const firstDegraded = degraded.findIndex((percent) => percent > 0);
  toDegraded[firstDegraded] = (toDegraded[firstDegraded] ?? 0) + points;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * A region's weight within its level, in ten-thousandths of its own: what part of it is usable, times the
 * overprovisioning factor, at most all of it (Envoy, "Locality weighted load balancing").
 * `usableBps` is 0 to 10,000; the answer is an integer.
 */
export function localityWeight(weight: number, usableBps: number, overprovisioningFactor: number): number {
  return weight * Math.min(10_000, Math.floor((overprovisioningFactor * usableBps) / 100));
}

/**
 * Chooses the priority level for a client and how that level is to be used. A client's point on the scale of 100 is
 * fixed, so when a level loses health only the clients above its load leave it, and they come back when it recovers.
 */
import { unreachable } from "../../config/invariant.ts";
import type { Reason } from "./decision.ts";
import { combine, murmur3, scale } from "./hash.ts";
import type { HealthView } from "./health-view.ts";
import type { LoadedRoute } from "./loaded-snapshot.ts";
import { type LevelHealth, localityWeight, priorityLoads } from "./priority.ts";
import { type RegionHealth, regionHealths } from "./region-health.ts";
import type { Level, WeightedRegion } from "./steering.ts";

/** Which clusters of the level take the request. */
export type LevelMode = "healthy" | "degraded" | "panic";

export type ChosenLevel = {
  readonly level: Level;
  readonly mode: LevelMode;
  /** The weight of each region of the level as things stand. */
  readonly weightOf: (region: WeightedRegion) => number;
};

const LEVEL_SALT_HASH = murmur3("priority level");
const NOTHING: RegionHealth = { healthyBps: 0, degradedBps: 0, headroomBps: 10_000, shedBps: 0 };

/** Undefined when there is no level, or nothing usable and the route does not spread over what is down. */
export function chooseLevel(
  route: LoadedRoute,
  levels: readonly Level[],
  keyHash: number,
  health: HealthView,
  reasons: Reason[],
): ChosenLevel | undefined {
  if (levels.length === 0) return undefined;
  const regions = regionHealths(route.service, health);
  const healths = levels.map((level) => levelHealth(level, regions));
  const loads = priorityLoads(healths, route.failover);
  reasons.push({
    code: "priority.loads",
    levels: loads.levels.map(({ healthyLoad, degradedLoad, panic }, i) => ({
      regions: (levels[i] ?? []).map(({ region }) => region.name),
      healthyPercent: healthyPercent(healths[i]),
      load: healthyLoad + degradedLoad,
      panic,
    })),
  });
  if (!loads.usable) return undefined;

  const point = scale(combine(keyHash, LEVEL_SALT_HASH), 100);
  const spot = spotAt(point, loads.levels);
  reasons.push({ code: "priority.level", level: spot.index, point });
  const level = levels[spot.index];
  const inPanic = loads.levels[spot.index]?.panic === true;
  if (level === undefined || (inPanic && route.failover.onPanic === "reject")) return undefined;
  const mode = inPanic ? "panic" : spot.mode;
  return {
    level,
    mode,
    weightOf: (region) => regionWeight(region, mode, regions, route.failover.overprovisioningFactor),
  };
}

function levelHealth(level: Level, regions: ReadonlyMap<string, RegionHealth>): LevelHealth {
  let healthy = 0;
  let degraded = 0;
  let total = 0;
  for (const { region, weight } of level) {
    const { healthyBps, degradedBps } = regions.get(region.name) ?? NOTHING;
    healthy += weight * healthyBps;
    degraded += weight * degradedBps;
    total += weight * 10_000;
  }
  return { healthy, degraded, total };
}

function healthyPercent(health: LevelHealth | undefined): number {
  return health === undefined || health.total === 0 ? 0 : Math.floor((100 * health.healthy) / health.total);
}

/** First the healthy loads of all levels in order, then their degraded ones, as Envoy lays them out. */
function spotAt(
  point: number,
  loads: readonly { readonly healthyLoad: number; readonly degradedLoad: number }[],
): { readonly index: number; readonly mode: LevelMode } {
  let left = point;
  for (const [index, { healthyLoad }] of loads.entries()) {
    if (left < healthyLoad) return { index, mode: "healthy" };
    left -= healthyLoad;
  }
  for (const [index, { degradedLoad }] of loads.entries()) {
    if (left < degradedLoad) return { index, mode: "degraded" };
    left -= degradedLoad;
  }
  // Loads sum to 100 and the point is below it; a level list that breaks this still gets an answer.
  return { index: 0, mode: "healthy" };
}

function regionWeight(
  { region, weight }: WeightedRegion,
  mode: LevelMode,
  regions: ReadonlyMap<string, RegionHealth>,
  overprovisioningFactor: number,
): number {
  const { healthyBps, degradedBps, headroomBps } = regions.get(region.name) ?? NOTHING;
  switch (mode) {
    case "healthy":
      return localityWeight(weight, healthyBps, overprovisioningFactor) * headroomBps;
    case "degraded":
      return localityWeight(weight, degradedBps, overprovisioningFactor) * headroomBps;
    case "panic":
      return weight;
    default:
      return unreachable(mode);
  }
}

/**
 * Chooses the priority level for a client and how that level is to be used. A client's point on the scale of 100 is
 * fixed, so when a level loses health only the clients above its load leave it, and they come back when it recovers.
 */
import { unreachable } from "../../config/invariant.ts";
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import { murmur3 } from "../../config/murmur3.ts";
import type { Reason } from "./decision.ts";
import { combine, scale } from "./hash.ts";
import type { HealthView } from "./health-view.ts";
import type { LoadedRegion, LoadedRoute, LoadedService } from "./loaded-snapshot.ts";
import { carriesAll, type LevelHealth, localityWeight, priorityLoads } from "./priority.ts";
import { healthOf, type RegionHealth } from "./region-health.ts";
import { pickRendezvous } from "./rendezvous.ts";
import type { Level, Steered, WeightedRegion } from "./steering.ts";

/** Which clusters of the level take the request. */
export type LevelMode = "healthy" | "degraded" | "panic";

export type ChosenLevel = {
  readonly level: Level;
  readonly mode: LevelMode;
};

const LEVEL_SALT_HASH = murmur3("priority level");

/** Undefined when nothing is usable and the route does not spread over what is down. */
export function chooseLevel(
  route: LoadedRoute,
  steered: Steered,
  { keyHash, health }: { readonly keyHash: number; readonly health: HealthView },
  trace: Reason[] | undefined,
): ChosenLevel | undefined {
  const { service, failover } = route;
  // On a good day the first level carries everything and nobody needs to look at the others.
  const first = levelHealth(steered.first, service, health);
  if (trace === undefined && carriesAll(first, failover.overprovisioningFactor))
    return { level: steered.first, mode: "healthy" };

  const levels = [steered.first, ...steered.rest()];
  const healths = levels.map((level) => levelHealth(level, service, health));
  const loads = priorityLoads(healths, failover);
  trace?.push({
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
  trace?.push({ code: "priority.level", level: spot.index, point });
  const level = levels[spot.index];
  const inPanic = loads.levels[spot.index]?.panic === true;
  if (level === undefined || (inPanic && failover.onPanic === "reject")) return undefined;
  return { level, mode: inPanic ? "panic" : spot.mode };
}

/** The region of a level for this client, by what each can take as things stand. */
export function pickRegion(
  { service, failover }: LoadedRoute,
  { level, mode }: ChosenLevel,
  { keyHash, health }: { readonly keyHash: number; readonly health: HealthView },
): LoadedRegion | undefined {
  // A level is only chosen when somebody in it can take the request.
  if (level.length === 1) return level[0]?.region;
  const weightOf = (entry: WeightedRegion) =>
    regionWeight(entry, mode, healthOf(entry.region, service, health), failover.overprovisioningFactor);
  return pickRendezvous(keyHash, level, weightOf)?.region;
}

export function levelHealth(level: Level, service: LoadedService, health: HealthView): LevelHealth {
  let healthy = 0;
  let degraded = 0;
  let total = 0;
  let available = 0;
  for (const { region, weight } of level) {
    const { healthyBps, degradedBps, availableBps } = healthOf(region, service, health);
    available += availableBps;
    healthy += weight * healthyBps;
    degraded += weight * degradedBps;
    total += weight * SHARE_BPS_TOTAL;
  }
  return { healthy, degraded, total, availablePercent: available / level.length / 100 };
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

/** What a region of a level counts for: what it can take of its weight; in panic, all of it. */
export function regionWeight(
  { weight }: WeightedRegion,
  mode: LevelMode,
  { healthyBps, degradedBps, headroomBps }: RegionHealth,
  overprovisioningFactor: number,
): number {
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

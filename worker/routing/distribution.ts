/**
 * Where all clients of one kind go together: the expected shares of what `decide` answers, over all keys. The steps and
 * the pieces are those of `decide`, with weights where it has hashes, so that a plan and the edge share one arithmetic.
 *
 * Clients are new: nobody is bound by a cookie yet. Shedding is left out, because it acts on load that clusters report
 * to the edge from minute to minute. The few clients who probe latency are in. What is said of all keys assumes that the
 * hashes behind region, level, side and cluster are independent; they are, but for things that have the same name.
 */
import { invariant } from "../../config/invariant.ts";
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import { whyNowhere } from "./decide.ts";
import type { RejectCode } from "./decision.ts";
import { flaggedSide } from "./edge-flags.ts";
import { admissionOf } from "./eligibility.ts";
import type { Facts } from "./facts.ts";
import type { HealthView } from "./health-view.ts";
import { type LevelMode, levelHealth, regionWeight } from "./level.ts";
import { isLatencyProbe, PROBE_SHARE_BPS } from "./load.ts";
import type { LoadedCluster, LoadedRegion, LoadedRoute, LoadedService } from "./loaded-snapshot.ts";
import { ACCEPTABLE, otherSide } from "./pick.ts";
import { availability, carriesAll, type LevelHealth, priorityLoads } from "./priority.ts";
import { healthOf, type Member, type RegionHealth } from "./region-health.ts";
import { heldToLag } from "./replica-lag.ts";
import { firstMatch, type Level, type Steered, type SteerInput, steerBy } from "./steering.ts";

/** Shares are 0 to 1. Those of the regions and `refused` sum to 1, and so do those of the clusters and `refused`. */
export type Distribution = {
  /** By name; who gets nothing is not in it. */
  readonly regions: ReadonlyMap<string, number>;
  readonly clusters: ReadonlyMap<string, number>;
  readonly refused: number;
  /** Why; only when some are refused. */
  readonly code?: RejectCode;
};

/** Of clients on this route who look like `facts`; whether the route would match them is not asked. */
export function distributionOf(route: LoadedRoute, facts: Facts, health: HealthView): Distribution {
  const portions = portionsOf(route, facts, health);
  if (typeof portions === "string") return { regions: new Map(), clusters: new Map(), refused: 1, code: portions };
  const { spots, refused } = spotsOf(route, portions, health);
  const regions = new Map<string, number>();
  const clusters = new Map<string, number>();
  for (const { region, mode, share } of spots) {
    add(regions, region.name, share);
    const flagged = flaggedPart(route.service, region.name, facts);
    for (const part of clusterParts(healthOf(region, route.service, health), mode, flagged))
      add(clusters, part.cluster.name, share * part.share);
  }
  return { regions, clusters, refused, ...(refused > 0 ? { code: "noHealthyCluster" as const } : {}) };
}

function add(shares: Map<string, number>, name: string, share: number): void {
  shares.set(name, (shares.get(name) ?? 0) + share);
}

/** A part of the clients, 0 to 1, and the levels that they are steered to. */
export type Portion = { readonly part: number; readonly levels: readonly Level[] };

/** How these clients are steered, whatever the health is; the code when nobody takes them. The parts sum to 1. */
export function portionsOf(matched: LoadedRoute, facts: Facts, health: HealthView): readonly Portion[] | RejectCode {
  const route = heldToLag(matched, facts.method, health);
  const found = portionsOn(route, facts, health);
  if (route === matched || typeof found !== "string") return found;
  return portionsOn(matched, facts, health) === found ? found : "replicaLagging";
}

function portionsOn(route: LoadedRoute, facts: Facts, health: HealthView): readonly Portion[] | RejectCode {
  const admission = admissionOf(route.service, facts, undefined);
  if (admission === undefined) return "residencyDenied";
  const input = { admission, facts, health, keyHash: ORDINARY_KEY, nowMs: 0 };
  const portions = rulesOf(route, input).flatMap(({ part, rule }) => portionsByRule(rule, part, route, input));
  return portions.every(({ levels }) => levels.length === 0) ? whyNowhere(route.service) : portions;
}

/** Without levels when nobody takes them. */
function portionsByRule(rule: number, part: number, route: LoadedRoute, input: SteerInput): readonly Portion[] {
  const usual = steerBy(rule, route, input, undefined);
  if (usual === undefined) return [{ part, levels: [] }];
  // Only a ranking by latency treats clients of one kind differently, and only those who keep its figures fresh.
  const probes = route.default.by === "latency" && rule === route.steering.length;
  const probing = probes ? steerBy(rule, route, { ...input, keyHash: PROBING_KEY }, undefined) : undefined;
  if (probing === undefined || probing.first === usual.first) return [{ part, levels: levelsOf(usual) }];
  const probingPart = PROBE_SHARE_BPS / SHARE_BPS_TOTAL;
  return [
    { part: part * (1 - probingPart), levels: levelsOf(usual) },
    { part: part * probingPart, levels: levelsOf(probing) },
  ];
}

/**
 * Which rules these clients go by, and how many each: all by one, unless flags tell them apart. Flags go by the client's
 * key, so a thousand keys are asked; a share of a half comes out within 5%, and time plays no part, because rules may not
 * go by it.
 */
function rulesOf(route: LoadedRoute, input: SteerInput): readonly { readonly rule: number; readonly part: number }[] {
  if (!route.asksFlags) return [{ rule: firstMatch(route, input, undefined), part: 1 }];
  const clients = new Map<number, number>();
  for (const targetingKey of SAMPLED_KEYS) {
    const rule = firstMatch(route, { ...input, targetingKey }, undefined);
    clients.set(rule, (clients.get(rule) ?? 0) + 1);
  }
  return [...clients].map(([rule, count]) => ({ rule, part: count / SAMPLED_KEYS.length }));
}

const SAMPLED_KEYS: readonly string[] = Array.from({ length: 1_000 }, (_, number) => `client ${number}`);

/** A key of a client who probes latency and one of a client who does not: steering asks nothing else of a key. */
const PROBING_KEY = firstKey(isLatencyProbe);
const ORDINARY_KEY = firstKey((keyHash) => !isLatencyProbe(keyHash));

function firstKey(fits: (keyHash: number) => boolean): number {
  let keyHash = 0;
  while (!fits(keyHash)) keyHash += 1;
  return keyHash;
}

function levelsOf({ first, rest }: Steered): readonly Level[] {
  return [first, ...rest()];
}

/** A region, and to which of its clusters a share of the clients goes there. */
export type Spot = { readonly region: LoadedRegion; readonly mode: LevelMode; readonly share: number };

/** With `refused` the shares sum to 1. A region may be there once for each mode and portion. */
export type Spots = { readonly spots: readonly Spot[]; readonly refused: number };

export function spotsOf(route: LoadedRoute, portions: readonly Portion[], health: HealthView): Spots {
  const spots: Spot[] = [];
  let refused = 0;
  for (const { part, levels } of portions) {
    let percent = 0;
    if (levels.length === 0) {
      refused += part;
      continue;
    }
    for (const { level, mode, load } of loadedLevels(route, levels, health)) {
      percent += load;
      const whole = (part * load) / 100;
      for (const { region, share } of regionParts(route, level, mode, health))
        spots.push({ region, mode, share: whole * share });
    }
    refused += (part * (100 - percent)) / 100;
  }
  return { spots, refused };
}

/** Whether the first level keeps all of the load, so that what is behind it does not matter. */
export function firstCarriesAll({ service, failover }: LoadedRoute, { levels }: Portion, health: HealthView): boolean {
  const [first] = levels;
  return first !== undefined && carriesAll(levelHealth(first, service, health), failover.overprovisioningFactor);
}

type LoadedLevel = {
  readonly level: Level;
  readonly mode: LevelMode;
  /** Percent, above 0. */
  readonly load: number;
};

/** As `chooseLevel`, for all points of the scale of 100 at once. What the loads lack of 100 is refused. */
function loadedLevels(
  { service, failover }: LoadedRoute,
  levels: readonly Level[],
  health: HealthView,
): readonly LoadedLevel[] {
  const loads = priorityLoads(healthsOf({ service, failover }, levels, health), failover);
  if (!loads.usable) return [];
  return levels.flatMap((level, index): readonly LoadedLevel[] => {
    const { healthyLoad = 0, degradedLoad = 0, panic = false } = loads.levels[index] ?? {};
    if (panic && failover.onPanic === "reject") return [];
    const used: readonly LoadedLevel[] = panic
      ? [{ level, mode: "panic", load: healthyLoad + degradedLoad }]
      : [
          { level, mode: "healthy", load: healthyLoad },
          { level, mode: "degraded", load: degradedLoad },
        ];
    return used.filter(({ load }) => load > 0);
  });
}

/** Of as many levels as it takes to carry everything: nothing is left for those behind, and nobody panics. */
function healthsOf(
  { service, failover }: Pick<LoadedRoute, "service" | "failover">,
  levels: readonly Level[],
  health: HealthView,
): readonly LevelHealth[] {
  const healths: LevelHealth[] = [];
  let percent = 0;
  for (const level of levels) {
    const one = levelHealth(level, service, health);
    healths.push(one);
    percent += availability(one.healthy, one.total, failover.overprovisioningFactor);
    if (percent >= 100) break;
  }
  return healths;
}

type RegionPart = { readonly region: LoadedRegion; readonly share: number };

/** As `pickRegion`: rendezvous hashing gives each its weight. */
function regionParts(
  { service, failover }: LoadedRoute,
  level: Level,
  mode: LevelMode,
  health: HealthView,
): readonly RegionPart[] {
  const [only] = level;
  if (only !== undefined && level.length === 1) return [{ region: only.region, share: 1 }];
  const weighed = level.map((entry) => {
    const regionHealth = healthOf(entry.region, service, health);
    return { region: entry.region, weight: regionWeight(entry, mode, regionHealth, failover.overprovisioningFactor) };
  });
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  invariant(total > 0, "a level that takes load has a region that can take it");
  return weighed.filter(({ weight }) => weight > 0).map(({ region, weight }) => ({ region, share: weight / total }));
}

export type ClusterPart = { readonly cluster: LoadedCluster; readonly share: number };

/** The part of the clients in a region, 0 to 1, whom the service's flag gives the canary side; of a thousand keys. */
export function flaggedPart(service: LoadedService, region: string, facts: Facts = ANYBODY): number {
  if (service.canaryFlag === undefined) return 0;
  const flagged = SAMPLED_KEYS.filter(
    (targetingKey) => flaggedSide({ service, facts, nowMs: 0, targetingKey }, region, undefined) === "canary",
  );
  return flagged.length / SAMPLED_KEYS.length;
}

/** Of whom nothing is known. */
const ANYBODY: Facts = {
  ...{ method: "GET", host: "", path: "/" },
  header: () => null,
  place: { eu: false, tor: false },
};

/** As `pickCluster`: those whom a flag gives the canary (a part, 0 to 1), the side by the split, then by weight, and the other side when this one has nobody to offer. */
export function clusterParts(region: RegionHealth, mode: LevelMode, flagged = 0): readonly ClusterPart[] {
  const canaryPart = flagged + (1 - flagged) * (region.canaryShareBps / SHARE_BPS_TOTAL);
  const sides = [
    { wanted: "stable", part: 1 - canaryPart },
    { wanted: "canary", part: canaryPart },
  ] as const;
  const fits = ({ condition, weight }: Member) => ACCEPTABLE[mode](condition) && weight > 0;
  return sides.flatMap(({ wanted, part }) => {
    if (part === 0) return [];
    const own = region[wanted].filter(fits);
    const members = own.length > 0 ? own : otherSide(region, wanted).filter(fits);
    const total = members.reduce((sum, { weight }) => sum + weight, 0);
    invariant(total > 0, "a region that takes clients has a cluster for them");
    return members.map(({ cluster, weight }) => ({ cluster, share: (part * weight) / total }));
  });
}

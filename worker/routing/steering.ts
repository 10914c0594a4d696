/**
 * Which regions a client should go to, before anybody asks how they are: the first steering rule that matches, else the
 * route's default. The outcome is a list of priority levels: the preferred regions with their weights, then the
 * failover order, one region a level.
 *
 * A region with weight 0 is in no level: it gets nothing, not by failover either. A region that a rule does not name
 * has no share of its own but is a failover target. That is the difference between 0 and absent (DESIGN §2).
 */

import type { Reason, RegionRemoval } from "./decision.ts";
import { greatCircleKm, nearness, type UnitVector, unitVector } from "./distance.ts";
import type { Facts } from "./facts.ts";
import { combine, murmur3, scale } from "./hash.ts";
import { type HealthView, latencyKey } from "./health-view.ts";
import { PROBE_SHARE_BPS } from "./load.ts";
import type { LoadedRegion, LoadedRoute, LoadedRule } from "./loaded-snapshot.ts";
import { matchesHeaders } from "./match.ts";
import { matchesPlace } from "./place.ts";

export type WeightedRegion = { readonly region: LoadedRegion; readonly nameHash: number; readonly weight: number };

/** Regions that share one priority; at least one, each with a weight above 0. */
export type Level = readonly WeightedRegion[];

type Weights = Readonly<Record<string, number>>;

export type SteerInput = {
  /** The regions that may serve this client and take traffic now, in the order of their names. */
  readonly eligible: readonly LoadedRegion[];
  readonly facts: Facts;
  readonly health: HealthView;
  readonly keyHash: number;
};

export function steer(route: LoadedRoute, input: SteerInput, reasons: Reason[]): readonly Level[] {
  const { eligible, facts } = input;
  const client = facts.place.coordinates === undefined ? undefined : unitVector(facts.place.coordinates);
  const rule = route.steering.find((candidate) => matchesRule(candidate, facts));
  if (rule !== undefined) {
    reasons.push({ code: "steer.rule", rule: rule.name, weights: rule.weights });
    return byWeights(route, rule.weights, eligible, client, reasons);
  }
  if (route.default.by === "weights") {
    reasons.push({ code: "steer.weights", weights: route.default.weights });
    return byWeights(route, route.default.weights, eligible, client, reasons);
  }
  if (route.default.by === "latency") {
    const levels = byLatency(route, route.default.regions, input, client, reasons);
    if (levels !== undefined) return levels;
  }
  return byProximity(route, route.default.regions, eligible, facts, client, reasons);
}

/** All that a rule states must match: place, network and headers. */
function matchesRule(rule: LoadedRule, facts: Facts): boolean {
  if (rule.place !== undefined && !matchesPlace(rule.place, facts.place)) return false;
  if (rule.asns !== undefined && (facts.asn === undefined || !rule.asns.has(facts.asn))) return false;
  return rule.headers === undefined || matchesHeaders(rule.headers, facts);
}

function byWeights(
  route: LoadedRoute,
  weights: Weights,
  eligible: readonly LoadedRegion[],
  client: UnitVector | undefined,
  reasons: Reason[],
): readonly Level[] {
  const preferred: WeightedRegion[] = [];
  const others: LoadedRegion[] = [];
  for (const region of eligible) {
    const weight = weights[region.name];
    if (weight === undefined) others.push(region);
    else if (weight > 0) preferred.push({ region, nameHash: region.nameHash, weight });
    else reasons.push(removed(region, "weightZero"));
  }
  const from = client ?? heaviestVector(route, weights);
  const failover = failoverLevels(route, others, from, reasons);
  return preferred.length === 0 ? failover : [preferred, ...failover];
}

/** Without the client's place, nearness is judged from where most of the rule's clients were meant to go. */
function heaviestVector(route: LoadedRoute, weights: Weights): UnitVector | undefined {
  let heaviest: LoadedRegion | undefined;
  for (const region of route.service.regions) {
    if ((weights[region.name] ?? 0) > (heaviest === undefined ? 0 : (weights[heaviest.name] ?? 0))) heaviest = region;
  }
  return heaviest?.vector;
}

function byProximity(
  route: LoadedRoute,
  named: readonly string[],
  eligible: readonly LoadedRegion[],
  facts: Facts,
  client: UnitVector | undefined,
  reasons: Reason[],
): readonly Level[] {
  const preferred = named.length === 0 ? eligible : eligible.filter((region) => named.includes(region.name));
  const others = named.length === 0 ? [] : eligible.filter((region) => !named.includes(region.name));
  if (client === undefined || facts.place.coordinates === undefined) {
    reasons.push({ code: "steer.noCoordinates", tor: facts.place.tor });
    const spread = preferred.length === 0 ? [] : [preferred.map(equalWeight)];
    return [...spread, ...failoverLevels(route, others, undefined, reasons)];
  }
  const ranked = rankByDistance(preferred, client);
  const kilometres: Record<string, number> = {};
  for (const region of ranked) kilometres[region.name] = Math.round(greatCircleKm(client, region.vector));
  reasons.push({ code: "steer.proximity", from: facts.place.coordinates.from, kilometres });
  // The failover order of a proximity default is the ranking itself, unless the route says otherwise.
  if (route.failover.order === "proximity") {
    return [...ranked.map(aloneLevel), ...failoverLevels(route, others, client, reasons)];
  }
  const [nearest, ...rest] = ranked;
  if (nearest === undefined) return failoverLevels(route, others, client, reasons);
  return [nearest.alone, ...failoverLevels(route, [...rest, ...others], client, reasons)];
}

/**
 * By what was measured for clients of this place; undefined until enough is. Regions that nobody has measured follow by
 * distance, and a few clients, always the same ones, go to the first of them, so that it gets measured at all.
 */
function byLatency(
  route: LoadedRoute,
  named: readonly string[],
  { eligible, facts, health, keyHash }: SteerInput,
  client: UnitVector | undefined,
  reasons: Reason[],
): readonly Level[] | undefined {
  const key = latencyKey(route.service.name, facts.place);
  const preferred = eligible.filter((region) => named.includes(region.name));
  const others = eligible.filter((region) => !named.includes(region.name));
  const ranks = health.latencyRanks.get(key) ?? [];
  const measured = ranks.flatMap((name) => preferred.filter((region) => region.name === name));
  const unmeasured = preferred.filter((region) => !ranks.includes(region.name));
  const rest = client === undefined ? unmeasured : rankByDistance(unmeasured, client);
  const probed = measured.length === 0 ? rest[1] : (rest[0] ?? measured[1]);
  if (probed !== undefined && isLatencyProbe(keyHash)) {
    reasons.push({ code: "steer.latencyProbe", region: probed.name });
    const remaining = [...measured, ...rest].filter((region) => region !== probed);
    return [probed.alone, ...remaining.map(aloneLevel), ...failoverLevels(route, others, client, reasons)];
  }
  if (measured.length < 2) return undefined;
  reasons.push({ code: "steer.latency", client: key, ranked: measured.map((region) => region.name) });
  return [...[...measured, ...rest].map(aloneLevel), ...failoverLevels(route, others, client, reasons)];
}

const LATENCY_PROBE_SALT_HASH = murmur3("latency probe");

/** 3 of 100 clients keep the figures of second-best regions fresh, the probe share of Envoy's load-aware locality. */
function isLatencyProbe(keyHash: number): boolean {
  return scale(combine(keyHash, LATENCY_PROBE_SALT_HASH), 10_000) < PROBE_SHARE_BPS;
}

/** One level a region, in the order that the route states. Without any place, all share one level. */
function failoverLevels(
  route: LoadedRoute,
  regions: readonly LoadedRegion[],
  from: UnitVector | undefined,
  reasons: Reason[],
): readonly Level[] {
  const { order } = route.failover;
  if (regions.length === 0) return [];
  if (order === "none") {
    for (const region of regions) reasons.push(removed(region, "failoverExcluded"));
    return [];
  }
  if (order === "proximity") {
    if (from === undefined) return [regions.map(equalWeight)];
    return rankByDistance(regions, from).map(aloneLevel);
  }
  for (const region of regions)
    if (!order.some((name) => name === region.name)) reasons.push(removed(region, "failoverExcluded"));
  return order.flatMap((name): Level[] => {
    const region = regions.find((candidate) => candidate.name === name);
    return region === undefined ? [] : [region.alone];
  });
}

/** Nearest first; equal distances keep the order of names. */
function rankByDistance(regions: readonly LoadedRegion[], from: UnitVector): readonly LoadedRegion[] {
  if (regions.length < 2) return regions;
  return [...regions].sort((a, b) => nearness(from, b.vector) - nearness(from, a.vector));
}

function aloneLevel(region: LoadedRegion): Level {
  return region.alone;
}

function equalWeight(region: LoadedRegion): WeightedRegion {
  return { region, nameHash: region.nameHash, weight: 1 };
}

function removed(region: LoadedRegion, because: RegionRemoval): Reason {
  return { code: "region.removed", region: region.name, because };
}

/**
 * Which regions a client should go to, before anybody asks how they are: the first steering rule that matches, else the
 * route's default. The outcome is a list of priority levels: the preferred regions with their weights, then the
 * failover order, one region a level. Nearly every request only needs the first, so the others are worked out on demand.
 *
 * A region with weight 0 is in no level: it gets nothing, not by failover either. A region that a rule does not name
 * has no share of its own but is a failover target. That is the difference between 0 and absent (DESIGN §2).
 */
import type { LoadedFlag } from "../flags/loaded-flag.ts";
import type { Reason } from "./decision.ts";
import { greatCircleKm, nearness, type UnitVector, unitVector } from "./distance.ts";
import { isOpen } from "./edge-flags.ts";
import type { Facts } from "./facts.ts";
import { type HealthView, latencyKey } from "./health-view.ts";
import { isLatencyProbe } from "./load.ts";
import type { Admission, LoadedRegion, LoadedRoute, LoadedRule, LoadedService } from "./loaded-snapshot.ts";
import { matchesHeaders } from "./match.ts";
import { matchesPlace } from "./place.ts";

export type WeightedRegion = { readonly region: LoadedRegion; readonly nameHash: number; readonly weight: number };

/** Regions that share one priority; at least one, each with a weight above 0. */
export type Level = readonly WeightedRegion[];

export type Steered = {
  readonly first: Level;
  /** The levels behind the first, in order. */
  readonly rest: () => readonly Level[];
};

/** What a rule, or the default, comes to for the clients of one admission: the same for all of them. */
export type Plan = {
  /** For weights, the preferred regions as one level; for a ranking default, all that it ranks. */
  readonly preferred: Level;
  /** Eligible regions that are failover targets only. */
  readonly others: readonly LoadedRegion[];
  readonly zero: readonly string[];
  /** Where most clients of the rule are meant to go, eligible or not. */
  readonly heaviest: UnitVector | undefined;
};

export type SteerInput = {
  readonly admission: Admission;
  readonly facts: Facts;
  readonly health: HealthView;
  readonly keyHash: number;
  /** Milliseconds since the epoch, for flags. */
  readonly nowMs: number;
  /** In the place of the client's own, for flags. */
  readonly targetingKey?: string;
};

/** Undefined when no region is left for this client. */
export function steer(route: LoadedRoute, input: SteerInput, trace: Reason[] | undefined): Steered | undefined {
  return steerBy(firstMatch(route, input, trace), route, input, trace);
}

/** As if the rule of this number, or with one more than there are the default, were the one that matches. */
export function steerBy(
  number: number,
  route: LoadedRoute,
  input: SteerInput,
  trace: Reason[] | undefined,
): Steered | undefined {
  const rule = route.steering[number];
  const plan = planOf(route, number, input.admission);
  for (const region of trace === undefined ? [] : plan.zero)
    trace?.push({ code: "region.removed", region, because: "weightZero" });
  if (rule !== undefined) {
    trace?.push({ code: "steer.rule", rule: rule.name, weights: rule.weights });
    return byWeights(route, plan, input.facts, trace);
  }
  if (route.default.by === "weights") {
    trace?.push({ code: "steer.weights", weights: route.default.weights });
    return byWeights(route, plan, input.facts, trace);
  }
  if (route.default.by === "latency")
    return byLatency(route, plan, input, trace) ?? byProximity(route, plan, input.facts, trace);
  return byProximity(route, plan, input.facts, trace);
}

/** The number of the first rule that matches; that of none, which is the default's, is one behind the last. */
export function firstMatch(route: LoadedRoute, input: SteerInput, trace: Reason[] | undefined): number {
  let number = 0;
  for (const rule of route.steering) {
    if (matchesRule(rule, input.facts) && (rule.flag === undefined || isFlagged(rule, rule.flag, route, input, trace)))
      return number;
    number += 1;
  }
  return number;
}

/** Asked last, since it costs most. Where a request will be served is not known yet, so the region is the client's own. */
function isFlagged(
  { name }: LoadedRule,
  flag: LoadedFlag,
  { service }: LoadedRoute,
  input: SteerInput,
  trace: Reason[] | undefined,
): boolean {
  const region = flag.goesByRegion ? homeRegion(service, input) : undefined;
  const { facts, nowMs, targetingKey } = input;
  return isOpen(flag, { service, facts, nowMs, targetingKey }, { region, rule: name }, trace);
}

/** The nearest that may serve the client, drained or not, so that a drain changes nobody's flags. */
function homeRegion({ regions }: LoadedService, { admission, facts }: SteerInput): string | undefined {
  const client = clientVector(facts);
  if (client === undefined) return undefined;
  const permitted = regions.filter(({ name }) => admission.permitted.has(name));
  return nearestOf(permitted.map(equalWeight), client)?.name;
}

/** All that a rule states must match: place, network and headers. */
function matchesRule(rule: LoadedRule, facts: Facts): boolean {
  if (rule.place !== undefined && !matchesPlace(rule.place, facts.place)) return false;
  if (rule.asns !== undefined && (facts.asn === undefined || !rule.asns.has(facts.asn))) return false;
  return rule.headers === undefined || matchesHeaders(rule.headers, facts);
}

function planOf(route: LoadedRoute, rule: number, admission: Admission): Plan {
  const at = admission.index * (route.steering.length + 1) + rule;
  const known = route.plans[at];
  if (known !== undefined) return known;
  const plan = makePlan(route, route.steering[rule], admission.eligible);
  route.plans[at] = plan;
  return plan;
}

function makePlan(route: LoadedRoute, rule: LoadedRule | undefined, eligible: readonly LoadedRegion[]): Plan {
  if (rule === undefined && route.default.by !== "weights") {
    const named: readonly string[] = route.default.regions;
    const ranked = named.length === 0 ? eligible : eligible.filter((region) => named.includes(region.name));
    const others = eligible.filter((region) => !ranked.includes(region));
    return { preferred: ranked.map(equalWeight), others, zero: [], heaviest: undefined };
  }
  const ofDefault = route.default.by === "weights" ? route.default.weights : {};
  const weights: Readonly<Record<string, number>> = rule?.weights ?? ofDefault;
  const weightOf = (region: LoadedRegion): number | undefined => weights[region.name];
  const byWeight = [...route.service.regions].sort((a, b) => (weightOf(b) ?? 0) - (weightOf(a) ?? 0));
  return {
    preferred: eligible.flatMap((region) => {
      const weight = weightOf(region) ?? 0;
      return weight > 0 ? [{ region, nameHash: region.nameHash, weight }] : [];
    }),
    others: eligible.filter((region) => weightOf(region) === undefined),
    zero: eligible.filter((region) => weightOf(region) === 0).map((region) => region.name),
    heaviest: byWeight[0]?.vector,
  };
}

/** Without the client's place, nearness is judged from where most of the rule's clients were meant to go. */
function byWeights(route: LoadedRoute, plan: Plan, facts: Facts, trace: Reason[] | undefined): Steered | undefined {
  const failover = () => failoverLevels(route, plan.others, clientVector(facts) ?? plan.heaviest, trace);
  return plan.preferred.length > 0 ? { first: plan.preferred, rest: failover } : inOrder(failover());
}

function byProximity(route: LoadedRoute, plan: Plan, facts: Facts, trace: Reason[] | undefined): Steered | undefined {
  const client = clientVector(facts);
  if (client === undefined || facts.place.coordinates === undefined) {
    trace?.push({ code: "steer.noCoordinates", tor: facts.place.tor });
    const others = () => failoverLevels(route, plan.others, undefined, trace);
    return plan.preferred.length > 0 ? { first: plan.preferred, rest: others } : inOrder(others());
  }
  if (trace !== undefined) {
    const kilometres: Record<string, number> = {};
    for (const region of rankByDistance(regionsOf(plan.preferred), client)) {
      kilometres[region.name] = Math.round(greatCircleKm(client, region.vector));
    }
    trace.push({ code: "steer.proximity", from: facts.place.coordinates.from, kilometres });
  }
  const nearest = nearestOf(plan.preferred, client);
  if (nearest === undefined) return inOrder(failoverLevels(route, plan.others, client, trace));
  return {
    first: nearest.alone,
    rest: () =>
      behindFirst(route, rankByDistance(regionsOf(plan.preferred), client).slice(1), plan.others, client, trace),
  };
}

/**
 * By what was measured for clients of this place; undefined until enough is. Regions that nobody has measured follow by
 * distance, and a few clients, always the same ones, go to the first of them, so that it gets measured at all.
 */
function byLatency(
  route: LoadedRoute,
  plan: Plan,
  { facts, health, keyHash }: SteerInput,
  trace: Reason[] | undefined,
): Steered | undefined {
  const client = clientVector(facts);
  const key = latencyKey(route.service.name, facts.place);
  const ranks = health.latencyRanks.get(key) ?? [];
  const preferred = regionsOf(plan.preferred);
  const measured = ranks.flatMap((name) => preferred.filter((region) => region.name === name));
  const unmeasured = preferred.filter((region) => !ranks.includes(region.name));
  const ordered = [...measured, ...(client === undefined ? unmeasured : rankByDistance(unmeasured, client))];
  const rest = (regions: readonly LoadedRegion[]) => () => behindFirst(route, regions, plan.others, client, trace);
  const probed = ordered[Math.max(1, measured.length)] ?? ordered[1];
  if (probed !== undefined && isLatencyProbe(keyHash)) {
    trace?.push({ code: "steer.latencyProbe", region: probed.name });
    return { first: probed.alone, rest: rest(ordered.filter((region) => region !== probed)) };
  }
  const [fastest, ...others] = ordered;
  if (measured.length < 2 || fastest === undefined) return undefined;
  trace?.push({ code: "steer.latency", client: key, ranked: measured.map((region) => region.name) });
  return { first: fastest.alone, rest: rest(others) };
}

/** The rest of a ranking is its own failover order, unless the route states another. */
function behindFirst(
  route: LoadedRoute,
  ranked: readonly LoadedRegion[],
  others: readonly LoadedRegion[],
  client: UnitVector | undefined,
  trace: Reason[] | undefined,
): readonly Level[] {
  if (route.failover.order !== "proximity") return failoverLevels(route, [...ranked, ...others], client, trace);
  return [...ranked.map((region) => region.alone), ...failoverLevels(route, others, client, trace)];
}

/** One level a region, in the order that the route states. Without any place, all share one level. */
function failoverLevels(
  route: LoadedRoute,
  regions: readonly LoadedRegion[],
  from: UnitVector | undefined,
  trace: Reason[] | undefined,
): readonly Level[] {
  const { order } = route.failover;
  if (regions.length === 0) return [];
  if (order === "proximity") {
    return from === undefined
      ? [regions.map(equalWeight)]
      : rankByDistance(regions, from).map((region) => region.alone);
  }
  const named: readonly string[] = order === "none" ? [] : order;
  for (const { name } of regions) {
    if (!named.includes(name)) trace?.push({ code: "region.removed", region: name, because: "failoverExcluded" });
  }
  return named.flatMap((name) => regions.filter((region) => region.name === name).map((region) => region.alone));
}

function inOrder([first, ...rest]: readonly Level[]): Steered | undefined {
  return first === undefined ? undefined : { first, rest: () => rest };
}

function clientVector(facts: Facts): UnitVector | undefined {
  return facts.place.coordinates === undefined ? undefined : unitVector(facts.place.coordinates);
}

/** Nearest first; equal distances keep the order of names. */
function rankByDistance(regions: readonly LoadedRegion[], from: UnitVector): readonly LoadedRegion[] {
  return [...regions].sort((a, b) => nearness(from, b.vector) - nearness(from, a.vector));
}

/** The first of `rankByDistance`, without ranking. */
function nearestOf(level: Level, from: UnitVector): LoadedRegion | undefined {
  let best: LoadedRegion | undefined;
  let bestNearness = Number.NEGATIVE_INFINITY;
  for (const { region } of level) {
    const near = nearness(from, region.vector);
    if (near <= bestNearness) continue;
    best = region;
    bestNearness = near;
  }
  return best;
}

function regionsOf(level: Level): readonly LoadedRegion[] {
  return level.map(({ region }) => region);
}

function equalWeight(region: LoadedRegion): WeightedRegion {
  return { region, nameHash: region.nameHash, weight: 1 };
}

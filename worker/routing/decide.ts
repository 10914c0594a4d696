/**
 * The routing decision (DESIGN §4): snapshot, facts, health and a draw in; an ordered list of attempts or a refusal
 * out, with the reason for every step. Pure: the edge, explain, plan and replay all run this function. It never throws
 * and never waits.
 */

import { type ClientKey, clientKey } from "./affinity.ts";
import { attemptOrder } from "./attempts.ts";
import { boundCluster } from "./binding.ts";
import type { Attempt, Decision, Reason, RejectCode } from "./decision.ts";
import { acceptingRegions, residencyOf } from "./eligibility.ts";
import type { Facts } from "./facts.ts";
import type { HealthView } from "./health-view.ts";
import { chooseLevel } from "./level.ts";
import type { LoadedCluster, LoadedRegion, LoadedRoute, LoadedSnapshot } from "./loaded-snapshot.ts";
import { matchRoute } from "./match.ts";
import { ANY_CONDITION, DEGRADED_ONLY, HEALTHY_ONLY, pickCluster } from "./pick.ts";
import { pickRendezvous } from "./rendezvous.ts";
import { withoutShed } from "./shed.ts";
import { type Level, steer } from "./steering.ts";

export type DecideInput = {
  readonly snapshot: LoadedSnapshot;
  readonly facts: Facts;
  readonly health: HealthView;
  /** A uint32 of the caller's; only used for clients that have no key of their own. */
  readonly draw: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

export function decide({ snapshot, facts, health, draw, now }: DecideInput): Decision {
  const reasons: Reason[] = [];
  const match = matchRoute(snapshot.index, facts);
  if (match.kind === "noHost") {
    reasons.push({ code: "route.hostUnknown", host: facts.host });
    return { kind: "reject", code: "hostUnknown", reasons };
  }
  if (match.kind === "noPath") {
    reasons.push({ code: "route.none", host: facts.host, path: facts.path });
    return { kind: "reject", code: "noRoute", reasons };
  }
  const route = match.route;
  const { service } = route;
  reasons.push({ code: "route.matched", route: route.name, service: service.name, host: facts.host });

  const permitted = residencyOf(service, facts, reasons);
  if (permitted === undefined) return reject(route, "residencyDenied", reasons);

  const regions = acceptingRegions(service, permitted, reasons);
  const key = clientKey(service, facts, draw);
  const steered = steer(route, { eligible: regions, facts, health, keyHash: key.hash }, reasons);
  const levels = withoutShed(service, steered, key.hash, health, reasons);
  const bound = boundCluster({ service, facts, health, permitted, now }, reasons);
  const first = bound ?? pickFirst(route, levels, key, health, reasons);
  if (first === undefined) return reject(route, whyNobody(route, levels), reasons);

  const attempts = attemptOrder({ service, first, levels, keyHash: key.hash, health });
  reasons.push({ code: "attempts", clusters: attempts.map((cluster) => cluster.name) });
  return {
    kind: "forward",
    route: route.name,
    service: service.name,
    attempts: attempts.map(toAttempt),
    firstByteMs: service.firstByteMs,
    totalMs: service.totalMs,
    reasons,
  };
}

/** Level by load, region by weight, side by cohort, cluster by weight. */
function pickFirst(
  route: LoadedRoute,
  levels: readonly Level[],
  key: ClientKey,
  health: HealthView,
  reasons: Reason[],
): LoadedCluster | undefined {
  const chosen = chooseLevel(route, levels, key.hash, health, reasons);
  if (chosen === undefined) return undefined;
  const region: LoadedRegion | undefined = pickRendezvous(key.hash, chosen.level, chosen.weightOf)?.region;
  if (region === undefined) return undefined;
  reasons.push({ code: "pick.region", region: region.name, by: key.source });

  const acceptable = { healthy: HEALTHY_ONLY, degraded: DEGRADED_ONLY, panic: ANY_CONDITION }[chosen.mode];
  const pick = pickCluster(region, route.service, { keyHash: key.hash, health, acceptable });
  if (pick === undefined) return undefined;
  const { cluster, cohort, canaryShareBps, wanted } = pick;
  reasons.push({ code: "split.side", side: wanted, cohort, canaryShareBps });
  if (cluster.side !== wanted) reasons.push({ code: "split.otherSide", wanted });
  const healthState = health.ejected.has(cluster.name) ? "ejected" : (health.states.get(cluster.name) ?? "unknown");
  reasons.push({ code: "pick.cluster", cluster: cluster.name, healthState });
  return cluster;
}

/** Nobody may, nobody takes traffic, or everybody who does is down. */
function whyNobody(route: LoadedRoute, levels: readonly Level[]): RejectCode {
  if (levels.length > 0) return "noHealthyCluster";
  return route.service.residency === undefined ? "noEligibleRegion" : "residencyUnavailable";
}

function reject(route: LoadedRoute, code: RejectCode, reasons: readonly Reason[]): Decision {
  return { kind: "reject", code, route: route.name, service: route.service.name, reasons };
}

function toAttempt({ name, region, side, endpoint }: LoadedCluster): Attempt {
  return { cluster: name, region, side, endpoint };
}

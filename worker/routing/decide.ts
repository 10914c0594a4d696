/**
 * The routing decision (DESIGN §4): snapshot, facts, health and a draw in; where to send the request, or why nowhere,
 * out. Pure: the edge, explain, plan and replay all run these steps. They never throw and never wait. The failover order
 * and the reasons come from running them again with a trace, because few requests ever need either.
 */

import type { HealthState } from "../../config/health.ts";
import type { Side } from "../../config/shared-shapes.ts";
import { type ClientKey, clientKey } from "./affinity.ts";
import { attemptOrder } from "./attempts.ts";
import { boundCluster } from "./binding.ts";
import type {
  Attempt,
  Decision,
  DecisionToForward,
  DecisionToReject,
  Reason,
  RejectCode,
  TracedDecision,
} from "./decision.ts";
import { flaggedSide, flagsHeader } from "./edge-flags.ts";
import { admissionOf } from "./eligibility.ts";
import type { Facts } from "./facts.ts";
import type { HealthView } from "./health-view.ts";
import { chooseLevel, pickRegion } from "./level.ts";
import type { LoadedCluster, LoadedRoute, LoadedService, LoadedSnapshot } from "./loaded-snapshot.ts";
import { matchRoute } from "./match.ts";
import { mirrorOf } from "./mirror.ts";
import { ACCEPTABLE, type ClusterPick, pickCluster } from "./pick.ts";
import { healthOf } from "./region-health.ts";
import { heldToLag } from "./replica-lag.ts";
import { withoutShed } from "./shed.ts";
import { type Steered, steer } from "./steering.ts";

export type DecideInput = {
  readonly snapshot: LoadedSnapshot;
  readonly facts: Facts;
  readonly health: HealthView;
  /** A uint32 of the caller's; only used for clients that have no key of their own. */
  readonly draw: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

export function decide(input: DecideInput): Decision {
  const found = resolve(input, undefined);
  return "first" in found ? toForward(found) : toReject(found);
}

/** The failover order of a request, starting with what `decide` answers; empty for a refusal. */
export function attemptsOf(input: DecideInput): readonly Attempt[] {
  const found = resolve(input, undefined);
  return "first" in found ? orderOf(found, input) : [];
}

/** What `decide` answers, with the failover order and the reasons. For explain, plan and tests. */
export function traceDecision(input: DecideInput): TracedDecision {
  const reasons: Reason[] = [];
  const found = resolve(input, reasons);
  if (!("first" in found)) return { ...toReject(found), reasons };
  const attempts = orderOf(found, input);
  reasons.push({ code: "attempts", clusters: attempts.map(({ cluster }) => cluster) });
  flagsHeader({ service: found.route.service, facts: input.facts, nowMs: input.now }, found.first.region, reasons);
  return { ...toForward(found), attempts, reasons };
}

function orderOf(found: Forward, { facts, health, now }: DecideInput): readonly Attempt[] {
  const { service } = found.route;
  const sideIn =
    service.canaryFlag === undefined
      ? undefined
      : (region: string) => flaggedSide({ service, facts, nowMs: now }, region, undefined);
  return attemptOrder({ ...found, service, health, sideIn }).map(({ attempt }) => attempt);
}

function toReject({ code, route }: Reject): DecisionToReject {
  if (route === undefined) return { kind: "reject", code };
  return { kind: "reject", code, route: route.name, service: route.service.name };
}

function toForward({ route, first, mirror }: Forward): DecisionToForward {
  const { name: service, firstByteMs, totalMs } = route.service;
  const forward: DecisionToForward = {
    kind: "forward",
    route: route.name,
    service,
    first: first.attempt,
    firstByteMs,
    totalMs,
  };
  return mirror === undefined ? forward : { ...forward, mirror };
}

type Forward = {
  readonly route: LoadedRoute;
  readonly first: LoadedCluster;
  readonly steered: Steered | undefined;
  readonly keyHash: number;
  readonly mirror: Attempt | undefined;
};

type Reject = { readonly code: RejectCode; readonly route?: LoadedRoute };

/** The steps of DESIGN §4, up to the first attempt. With a trace, every step says what it did. */
function resolve(input: DecideInput, trace: Reason[] | undefined): Forward | Reject {
  const { snapshot, facts, health } = input;
  const matched = matchRoute(snapshot.index, facts);
  if (matched === "noHost") {
    trace?.push({ code: "route.hostUnknown", host: facts.host });
    return { code: "hostUnknown" };
  }
  if (matched === "noPath") {
    trace?.push({ code: "route.none", host: facts.host, path: facts.path });
    return { code: "noRoute" };
  }
  const route = heldToLag(matched, facts.method, health);
  trace?.push({ code: "route.matched", route: route.name, service: route.service.name, host: facts.host });
  const found = resolveOn(route, input, trace);
  if (route === matched || "first" in found || found.code === "noHealthyCluster") return found;
  // Lag is to blame when without its limit the client would have somewhere to go.
  const free = resolveOn(matched, input, undefined);
  return "first" in free || free.code !== found.code ? { code: "replicaLagging", route } : found;
}

function resolveOn(
  route: LoadedRoute,
  input: DecideInput,
  trace: Reason[] | undefined,
): Forward | (Reject & { readonly route: LoadedRoute }) {
  const { facts, health, draw, now } = input;
  const { service } = route;
  const admission = admissionOf(service, facts, trace);
  if (admission === undefined) return { code: "residencyDenied", route };
  trace?.push({ code: "health.view", vantage: health.vantage });

  const key = clientKey(service, facts, draw);
  // Named one by one: V8 forgets the shape of a spread object when it collects garbage, and all code that was made for it.
  const client = { keyHash: key.hash, health, nowMs: now, admission, facts };
  const wanted = steer(route, client, trace);
  const steered = wanted === undefined ? undefined : withoutShed(service, wanted, client, trace);
  const bound = boundCluster({ service, facts, health, permitted: admission.permitted, now }, trace);
  const mirror = mirrorOf(route, { facts, admission, draw }, trace);
  if (bound !== undefined) return { route, first: bound, steered, keyHash: key.hash, mirror };
  if (steered === undefined) return { code: whyNowhere(service), route };

  const first = pickFirst(route, steered, key, input, trace);
  return first === undefined
    ? { code: "noHealthyCluster", route }
    : { route, first, steered, keyHash: key.hash, mirror };
}

/** Level by load, region by weight, side by cohort, cluster by weight. */
function pickFirst(
  route: LoadedRoute,
  steered: Steered,
  key: ClientKey,
  { facts, health, now }: DecideInput,
  trace: Reason[] | undefined,
): LoadedCluster | undefined {
  const chosen = chooseLevel(route, steered, { keyHash: key.hash, health }, trace);
  const region = chosen === undefined ? undefined : pickRegion(route, chosen, { keyHash: key.hash, health });
  if (chosen === undefined || region === undefined) return undefined;
  trace?.push({ code: "pick.region", region: region.name, by: key.source });

  const regionHealth = healthOf(region, route.service, health);
  const side =
    route.service.canaryFlag === undefined
      ? undefined
      : flaggedSide({ service: route.service, facts, nowMs: now }, region.name, trace);
  const acceptable = ACCEPTABLE[chosen.mode];
  const pick = pickCluster(regionHealth, route.service, { keyHash: key.hash, acceptable, side });
  if (pick === undefined) return undefined;
  const { cluster, cohort, wanted } = pick;
  trace?.push(splitReason(route.service, { side, wanted, cohort, canaryShareBps: regionHealth.canaryShareBps }));
  if (cluster.side !== wanted) trace?.push({ code: "split.otherSide", wanted });
  trace?.push({ code: "pick.cluster", cluster: cluster.name, healthState: healthStateOf(cluster.name, health) });
  return cluster;
}

function splitReason(
  { canaryFlag }: LoadedService,
  {
    side,
    wanted,
    ...split
  }: Pick<ClusterPick, "wanted" | "cohort"> & {
    readonly side: Side | undefined;
    readonly canaryShareBps: number;
  },
): Reason {
  if (side === undefined || canaryFlag === undefined) return { code: "split.side", side: wanted, ...split };
  return { code: "split.flag", flag: canaryFlag.flag.name, variant: canaryFlag.variant };
}

function healthStateOf(cluster: string, health: HealthView): HealthState | "ejected" {
  return health.ejected.has(cluster) ? "ejected" : (health.states.get(cluster) ?? "unknown");
}

export function whyNowhere(service: LoadedService): RejectCode {
  return service.residency === undefined ? "noEligibleRegion" : "residencyUnavailable";
}

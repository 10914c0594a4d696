/**
 * A decision's reasons as sentences, one for each, in order. Everything that they say is in the reason: no lookup, no
 * opinion. A new reason code is a compile error here until it has its sentence.
 */
import { formatDuration } from "../../../config/duration.ts";
import { unreachable } from "../../../config/invariant.ts";
import type { KeySource, Reason, RegionRemoval, RejectCode, TracedDecision } from "../../../worker/routing/decision.ts";

export function explainDecision(decision: TracedDecision): readonly string[] {
  return [...decision.reasons.map(sentenceOf), conclusionOf(decision)];
}

function sentenceOf(reason: Reason): string {
  switch (reason.code) {
    case "route.matched":
      return `The route "${reason.route}" matches the host ${reason.host} and belongs to the service "${reason.service}".`;
    case "route.hostUnknown":
      return `No route names the host ${reason.host}.`;
    case "route.none":
      return `Routes name the host ${reason.host}, but none matches the path ${reason.path} with this method and these headers.`;
    case "residency.none":
      return "The service has no residency rules, so every region may serve this client.";
    case "residency.filtered":
      return `Residency rule ${reason.rule + 1} applies: only ${list(reason.jurisdictions, "or")} may serve this client${reason.removed.length === 0 ? ", which removes no region" : `, which removes ${list(reason.removed)}`}.`;
    case "residency.denied":
      return `No residency rule covers a client from ${reason.country ?? "an unknown country"}, so nobody may serve it.`;
    case "replicaLag.filtered":
      return `${reason.requests === "reads" ? "Reads" : "Writes"} tolerate data that is at most ${formatDuration(reason.lagMsMax)} behind, which removes ${lags(reason.lagMs)}.`;
    case "health.view":
      return reason.vantage === "global"
        ? "Health is what most vantages see."
        : `Health is what the vantage ${reason.vantage} sees: it is the nearest to the client, and sees something otherwise than most.`;
    case "steer.rule":
      return `The steering rule "${reason.rule}" matches the client and gives ${weights(reason.weights)}.`;
    case "steer.weights":
      return `No steering rule matches; the route's default gives ${weights(reason.weights)}.`;
    case "steer.proximity":
      return `No steering rule matches; the default goes by distance from ${reason.from === "client" ? "the client" : "the middle of the client's country"}: ${distances(reason.kilometres)}.`;
    case "steer.noCoordinates":
      return reason.tor
        ? "The client came through Tor, so its place is not known and distance says nothing."
        : "The client's place is not known, so distance says nothing.";
    case "steer.latency":
      return `No steering rule matches; the default goes by measured time to first byte for ${reason.client}: ${list(reason.ranked)}, fastest first.`;
    case "steer.latencyProbe":
      return `The client is one of the few that keep latency figures fresh, so it goes to ${reason.region} first.`;
    case "load.shed":
      return `The region ${reason.region} is busy and sheds ${reason.shedBps / 100}% of its clients; this is one of them.`;
    case "region.removed":
      return `The region ${reason.region} is out: ${removal(reason.because)}.`;
    case "binding.kept":
      return `The client is bound to the cluster ${reason.cluster} (${reason.availability}) and stays there.`;
    case "binding.lost":
      return `The client was bound to the cluster ${reason.cluster} and cannot stay: ${bindingLoss(reason.because)}.`;
    case "priority.loads":
      return `Load by level of failover: ${reason.levels
        .map(
          (level, index) =>
            `level ${index} (${list(level.regions)}) is ${level.healthyPercent}% healthy and takes ${level.load}%${level.panic ? ", in panic" : ""}`,
        )
        .join("; ")}.`;
    case "priority.level":
      return `The client's point ${reason.point} falls on level ${reason.level}.`;
    case "pick.region":
      return `The region ${reason.region} is picked by ${keySource(reason.by)}.`;
    case "split.side":
      return `The client's cohort is ${reason.cohort} of 10000 and the canary has the first ${reason.canaryShareBps}, so the ${reason.side} side serves it.`;
    case "split.flag":
      return `The flag "${reason.flag}" gives the client "${reason.variant}", so the canary side serves it.`;
    case "flag.asked":
      return `${flagUse(reason)}: ${flagAnswer(reason)}.`;
    case "split.otherSide":
      return `The ${reason.wanted} side has no cluster that could serve, so the other side does.`;
    case "pick.cluster":
      return `The cluster ${reason.cluster} is picked; it is ${condition(reason.healthState)}.`;
    case "mirror":
      return `A copy goes to the cluster ${reason.cluster}; nobody waits for its answer.`;
    case "attempts":
      return `Clusters are tried in this order: ${reason.clusters.join(", ")}.`;
    default:
      return unreachable(reason);
  }
}

type FlagAsked = Extract<Reason, { readonly code: "flag.asked" }>;

function flagUse({ flag, use }: FlagAsked): string {
  switch (use.for) {
    case "rule":
      return `The steering rule "${use.rule}" goes by the flag "${flag}"`;
    case "side":
      return `The canary side goes by the flag "${flag}", for whom it gives "${use.variant}"`;
    case "cluster":
      return `The cluster is handed the flag "${flag}"`;
    default:
      return unreachable(use);
  }
}

function flagAnswer({ variant, reason, errorCode, region }: FlagAsked): string {
  const where = region === null ? "" : ` in ${region}`;
  const gives = variant === null ? "it gives no value" : `it gives "${variant}"`;
  switch (reason) {
    case "STATIC":
      return `${gives}${where}, the same to everybody (STATIC)`;
    case "TARGETING_MATCH":
      return `${gives}${where}, because its targeting says so for this client (TARGETING_MATCH)`;
    case "SPLIT":
      return `${gives}${where}, by the share of clients that the region gives a variant (SPLIT)`;
    case "DEFAULT":
      return `${gives}${where}, because its targeting says nothing of this client (DEFAULT)`;
    case "DISABLED":
      return `${gives}, because it is disabled${where} (DISABLED)`;
    case "ERROR":
      return `${gives}${where}, because of an error (${errorCode ?? "GENERAL"})`;
    default:
      return unreachable(reason);
  }
}

function conclusionOf(decision: TracedDecision): string {
  if (decision.kind === "reject") return `The request is refused: ${rejection(decision.code)}.`;
  const [first] = decision.attempts;
  return first === undefined
    ? "The request is forwarded."
    : `The request goes to the cluster ${first.cluster} in ${first.region}.`;
}

function rejection(code: RejectCode): string {
  switch (code) {
    case "hostUnknown":
      return "the host is not one of ours";
    case "noRoute":
      return "no route matches";
    case "residencyDenied":
      return "nobody may serve this client";
    case "residencyUnavailable":
      return "the regions that may serve this client take no traffic now";
    case "noEligibleRegion":
      return "no region takes traffic";
    case "replicaLagging":
      return "the clusters that would take it are further behind with their data than such a request tolerates";
    case "noHealthyCluster":
      return "everything is down and the route does not spread over what is down";
    default:
      return unreachable(code);
  }
}

function removal(because: RegionRemoval): string {
  switch (because) {
    case "disabled":
      return "it is disabled";
    case "draining":
      return "it drains and takes no new clients";
    case "noCluster":
      return "it has no cluster of the service that takes new clients";
    case "replicaLag":
      return "its data is too far behind for such a request";
    case "weightZero":
      return "its weight is 0";
    case "failoverExcluded":
      return "it has no weight here and the route does not fail over to it";
    default:
      return unreachable(because);
  }
}

function bindingLoss(because: Extract<Reason, { readonly code: "binding.lost" }>["because"]): string {
  switch (because) {
    case "gone":
      return "the cluster no longer exists";
    case "closed":
      return "the cluster takes no traffic any more";
    case "unhealthy":
      return "the cluster is unhealthy";
    case "residency":
      return "it may not serve this client";
    case "replicaLag":
      return "its data is too far behind for such a request";
    default:
      return unreachable(because);
  }
}

/** Probes report the others; an ejection is what one edge found itself. */
function condition(healthState: Extract<Reason, { readonly code: "pick.cluster" }>["healthState"]): string {
  if (healthState === "unknown") return "of unknown health";
  return healthState === "ejected" ? "ejected by this edge on its own evidence" : healthState;
}

function keySource(by: KeySource): string {
  switch (by) {
    case "header":
      return "the hash of the affinity header";
    case "clientAddress":
      return "the hash of the client's address";
    case "draw":
      return "a random draw, since the client has no key";
    default:
      return unreachable(by);
  }
}

function weights(byRegion: Readonly<Record<string, number>>): string {
  const entries = Object.entries(byRegion);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (entries.length === 0) return "no region a weight";
  return list(
    entries.map(([region, weight]) => `${region} ${weight}${total === 0 ? "" : ` (${percent(weight / total)})`}`),
  );
}

/** One decimal, and none when it is a whole number. */
function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10}%`;
}

function distances(kilometres: Readonly<Record<string, number>>): string {
  const entries = Object.entries(kilometres).sort(([, a], [, b]) => a - b);
  return list(entries.map(([region, distance]) => `${region} ${Math.round(distance)} km`));
}

function lags(lagMs: Readonly<Record<string, number>>): string {
  const entries = Object.entries(lagMs).sort(([, a], [, b]) => b - a);
  return list(entries.map(([cluster, ms]) => `${cluster} (${formatDuration(ms)})`));
}

function list(items: readonly string[], word: "and" | "or" = "and"): string {
  if (items.length === 0) return "none";
  if (items.length === 1) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${word} ${items.slice(-1).join("")}`;
}

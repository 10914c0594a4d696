/**
 * What is behind the health of the clusters that a request could go to: what most vantages see and what the nearest one
 * sees, and what edges have ejected, near it and everywhere. Each is labelled, because they may well differ.
 */
import type { HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { TracedDecision } from "../../../worker/routing/decision.ts";
import type { PassiveEvidence } from "../health/evidence.ts";
import type { ClusterOverview } from "../health/overview.ts";

export type ClusterEvidence = {
  readonly cluster: string;
  readonly global: { readonly state: HealthState; readonly passive?: PassiveEvidence };
  /** Absent when the vantage is not known, not believed, or has not made up its mind. */
  readonly local?: { readonly vantage: Vantage; readonly state: HealthState; readonly passive?: PassiveEvidence };
  readonly sentences: readonly string[];
};

/** An explanation is read by a person. */
const CLUSTERS_SHOWN_MAX = 50;

/** The clusters of the service that the request belongs to; none when it belongs to none. */
export function clustersOfService({ clusters }: Snapshot, { reasons }: TracedDecision): readonly string[] {
  const matched = reasons.find((reason) => reason.code === "route.matched");
  return clusters.flatMap(({ name, service }) => (service === matched?.service ? [name] : []));
}

/** Of the clusters that are attempted, and of those of which there is anything to say. */
export function explainHealth(
  clusters: readonly ClusterOverview[],
  { decision, vantage }: { readonly decision: TracedDecision; readonly vantage: Vantage | undefined },
): readonly ClusterEvidence[] {
  const attempted = new Set(decision.kind === "forward" ? decision.attempts.map(({ cluster }) => cluster) : []);
  const isPlain = ({ global, local }: ClusterEvidence) =>
    global.state === "healthy" && global.passive === undefined && (local === undefined || local.state === "healthy");
  return clusters
    .map((cluster) => evidenceOf(cluster, vantage))
    .filter((evidence) => attempted.has(evidence.cluster) || !isPlain(evidence))
    .slice(0, CLUSTERS_SHOWN_MAX);
}

function evidenceOf(
  { cluster, state, ballot, vantages }: ClusterOverview,
  vantage: Vantage | undefined,
): ClusterEvidence {
  const sight = vantages.find((seen) => seen.vantage === vantage);
  const global = { state, ...passiveFields(ballot.passive) };
  if (sight?.local === undefined)
    return { cluster, global, sentences: passiveSentences(cluster, ballot.passive, "all edges") };
  const local = { vantage: sight.vantage, state: sight.local, ...passiveFields(sight.passive) };
  const seen =
    local.state === state
      ? `${cluster} is ${state} for most vantages and for ${local.vantage}.`
      : `${cluster} is ${state} for most vantages (global), and ${local.state} for ${local.vantage} (local).`;
  const sentences = [
    seen,
    ...passiveSentences(cluster, ballot.passive, "all edges (global)"),
    ...passiveSentences(cluster, sight.passive, `the edges near ${local.vantage} (local)`),
  ];
  return { cluster, global, local, sentences };
}

function passiveFields(passive: PassiveEvidence | undefined): { readonly passive?: PassiveEvidence } {
  return passive === undefined ? {} : { passive };
}

function passiveSentences(cluster: string, passive: PassiveEvidence | undefined, who: string): readonly string[] {
  if (passive === undefined) return [];
  const { isolates, reporting, failures, requests, counts } = passive;
  const weight = counts ? "That counts as evidence." : "That is too little to count.";
  return [
    `Of ${who}, ${isolates} of ${reporting} isolates have ejected ${cluster}; ${failures} of ${requests} requests failed there. ${weight}`,
  ];
}

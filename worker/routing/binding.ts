/**
 * Keeps a client on the cluster it is bound to: across weight changes, canary splits, recoveries elsewhere and, until
 * the deadline, a drain. A binding gives way only to residency, to a closed or vanished cluster, to one whose data is
 * too far behind, and to one that is down. The binding itself comes from a token that the shell has verified.
 */
import type { Reason } from "./decision.ts";
import { keepsBound } from "./eligibility.ts";
import type { Facts } from "./facts.ts";
import type { HealthView } from "./health-view.ts";
import type { LoadedCluster, LoadedService } from "./loaded-snapshot.ts";
import { conditionOf } from "./region-health.ts";

export type BindingInput = {
  readonly service: LoadedService;
  readonly facts: Facts;
  readonly health: HealthView;
  /** By residency. */
  readonly permitted: ReadonlySet<string>;
  readonly now: number;
};

export function boundCluster(input: BindingInput, trace: Reason[] | undefined): LoadedCluster | undefined {
  const name = input.facts.binding;
  if (name === undefined) return undefined;
  const cluster = input.service.clusters.get(name);
  const lost = cluster === undefined ? "gone" : whyLost(cluster, input);
  if (cluster === undefined || lost !== undefined) {
    trace?.push({ code: "binding.lost", cluster: name, because: lost ?? "gone" });
    return undefined;
  }
  trace?.push({ code: "binding.kept", cluster: name, availability: cluster.availability.adminState });
  return cluster;
}

function whyLost(
  cluster: LoadedCluster,
  { service, health, permitted, now }: BindingInput,
): "closed" | "unhealthy" | "residency" | "replicaLag" | undefined {
  if (!permitted.has(cluster.region)) return "residency";
  const region = service.regions.find((candidate) => candidate.name === cluster.region);
  const open = region !== undefined && keepsBound(region.availability, now) && keepsBound(cluster.availability, now);
  if (!open) return "closed";
  if (service.heldTo?.lagging.has(cluster.name) === true) return "replicaLag";
  return conditionOf(cluster.name, health) === "down" ? "unhealthy" : undefined;
}

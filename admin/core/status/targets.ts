/**
 * Which clusters are asked what they run, and where: those whose document says what they must report, or whose service, or
 * some route of it, limits the lag of its data. Nobody else is bothered.
 */
import { STATUS_PATH } from "../../../config/cluster-status.ts";
import type { Fleet } from "../../../config/documents.ts";
import { formatEndpoint, parseEndpoint } from "../../../config/endpoint.ts";
import { sortedBy } from "../../../config/order.ts";

export type StatusTarget = { readonly cluster: string; readonly region: string; readonly url: string };

export function statusTargets({
  clusters,
  services,
  routes,
}: Pick<Fleet, "clusters" | "services" | "routes">): readonly StatusTarget[] {
  const lagging = new Set<string>([
    ...services.filter(({ spec }) => spec.replicaLag !== undefined).map(({ metadata }) => metadata.name),
    ...routes.filter(({ spec }) => spec.replicaLag !== undefined).map(({ spec }) => spec.service),
  ]);
  const targets = clusters.flatMap(({ metadata, spec }): StatusTarget[] => {
    const endpoint = parseEndpoint(spec.endpoint);
    // As with probes: a disabled cluster may be switched off for good reason.
    if (!endpoint.ok || spec.adminState === "disabled") return [];
    if (spec.reports === undefined && !lagging.has(spec.service)) return [];
    const url = `${formatEndpoint(endpoint.value)}${STATUS_PATH}`;
    return [{ cluster: metadata.name, region: spec.region, url }];
  });
  return sortedBy(targets, ({ cluster }) => cluster);
}

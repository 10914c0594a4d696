/**
 * Parts of a fleet that nothing leads to or from. All are warnings: fleets are built and taken down a step at a time.
 * Said only when every document could be read, because what is missing may be in one that could not.
 */
import { type RouteDocument, ranking } from "../documents/route.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { findingAt } from "../placed.ts";
import { type CheckInput, mirroredClusters } from "./check.ts";
import { weightsOf } from "./weights.ts";

export function checkEmptyFleet({ regions, services, clusters, routes, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const empty = regions.length + services.length + clusters.length + routes.length === 0;
  const message = empty
    ? "the fleet is empty: the edge will refuse every request"
    : "the fleet has no route: the edge will refuse every request";
  return routes.length > 0 ? [] : [{ code: "fleet.empty", severity: "warning", path: [], message }];
}

export function checkRegionsHaveClusters({ regions, clusters, complete }: CheckInput): readonly Finding[] {
  const used = new Set<string>(clusters.map(({ document }) => document.spec.region));
  return regions
    .filter(({ document }) => complete && !used.has(document.metadata.name))
    .map((region) => {
      const message = `no cluster is in region "${region.document.metadata.name}"`;
      return findingAt(region, { code: "region.noCluster", severity: "warning", path: ["metadata", "name"], message });
    });
}

export function checkServicesHaveClusters({ services, clusters, complete }: CheckInput): readonly Finding[] {
  const used = new Set<string>(clusters.map(({ document }) => document.spec.service));
  return services
    .filter(({ document }) => complete && !used.has(document.metadata.name))
    .map((service) => {
      const message = `service "${service.document.metadata.name}" has no cluster`;
      return findingAt(service, {
        code: "service.noCluster",
        severity: "warning",
        path: ["metadata", "name"],
        message,
      });
    });
}

/** A service that only gets copies is led to as well. */
export function checkServicesHaveRoutes({ services, clusters, routes, complete }: CheckInput): readonly Finding[] {
  const mirrored = mirroredClusters(routes);
  const used = new Set<string>([
    ...routes.map(({ document }) => document.spec.service),
    ...clusters.flatMap(({ document: { metadata, spec } }) => (mirrored.has(metadata.name) ? [spec.service] : [])),
  ]);
  return services
    .filter(({ document }) => complete && !used.has(document.metadata.name))
    .map((service) => {
      const message = `no route leads to service "${service.document.metadata.name}"`;
      return findingAt(service, { code: "service.noRoute", severity: "warning", path: ["metadata", "name"], message });
    });
}

/** What is sent to a region in which the service does not run goes to the other regions, which is rarely what was meant. */
export function checkSteeredRegionsHaveClusters({
  regions,
  clusters,
  routes,
  complete,
}: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const running = new Set(clusters.map(({ document: { spec } }) => `${spec.service}/${spec.region}`));
  const known = new Set<string>(regions.map(({ document }) => document.metadata.name));
  return routes.flatMap((route) => {
    const { service } = route.document.spec;
    return steeredRegions(route.document)
      .filter(({ region }) => known.has(region) && !running.has(`${service}/${region}`))
      .map(({ region, path }) => {
        const message = `service "${service}" has no cluster in region "${region}"`;
        return findingAt(route, { code: "region.noCluster", severity: "warning", path, message });
      });
  });
}

type SteeredRegion = { readonly region: string; readonly path: FindingPath };

/** Regions that are given a weight above 0, or are named for ranking. A default that ranks all of them names none. */
function steeredRegions(route: RouteDocument): readonly SteeredRegion[] {
  const ranked = ranking(route.spec.default);
  const rankedPath = ranked === undefined ? [] : ["spec", "default", ranked.by, "regions"];
  return [
    ...weightsOf(route).flatMap(({ weights, path }) =>
      Object.entries(weights).flatMap(([region, weight]) => (weight > 0 ? [{ region, path: [...path, region] }] : [])),
    ),
    ...(ranked?.regions ?? []).map((region, index) => ({ region, path: [...rankedPath, index] })),
  ];
}

/** A canary share without a canary cluster is served by the stable side, so the release would judge nothing. */
export function checkCanaryClusters({ services, clusters, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  return services.flatMap((service) => {
    const own = clusters.filter(({ document }) => document.spec.service === service.document.metadata.name);
    const canary = new Set<string>(own.filter((one) => one.document.spec.side === "canary").map(regionOf));
    const share = service.document.spec.canaryShareBps ?? {};
    const shares =
      typeof share === "number"
        ? [...new Set(own.map(regionOf))].map((region) => [region, share] as const)
        : Object.entries(share);
    return shares
      .filter(([region, shareBps]) => shareBps > 0 && !canary.has(region))
      .map(([region]) => {
        const path = ["spec", "canaryShareBps", ...(typeof share === "number" ? [] : [region])];
        const message = `region "${region}" has a canary share but no canary cluster of this service`;
        return findingAt(service, { code: "canary.noCluster", severity: "warning", path, message });
      });
  });
}

function regionOf({ document }: CheckInput["clusters"][number]): string {
  return document.spec.region;
}

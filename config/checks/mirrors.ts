/**
 * A mirror is for a cluster that answers nobody. Copies that go to one that does are load on the very clusters that
 * serve, and their answers count among its own. A warning and no error: whether a cluster serves changes with every
 * canary share, drain and weight shift, and a release that starts from a mirrored cluster must not be refused in the
 * middle. Only what is declared is looked at, and failover does not count: then the copies are the smaller worry.
 */
import { type RouteDocument, ranking } from "../documents/route.ts";
import type { ServiceDocument } from "../documents/service.ts";
import type { Finding } from "../findings.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";
import { weightsOf } from "./weights.ts";

export function checkMirrors({ regions, services, clusters, routes }: CheckInput): readonly Finding[] {
  const regionsByName = new Map(regions.map(({ document }) => [document.metadata.name, document]));
  const servicesByName = new Map(services.map(({ document }) => [document.metadata.name, document]));
  const clustersByName = new Map(clusters.map(({ document }) => [document.metadata.name, document]));
  return routes.flatMap((route) => {
    const { service, mirror } = route.document.spec;
    const cluster = mirror === undefined || mirror.shareBps === 0 ? undefined : clustersByName.get(mirror.cluster);
    if (cluster === undefined || cluster.spec.service !== service) return [];
    const { name } = cluster.metadata;
    const { region, weight, side, adminState } = cluster.spec;
    const states = [adminState, regionsByName.get(region)?.spec.adminState];
    const serves =
      weight > 0 &&
      states.every((state = "enabled") => state === "enabled") &&
      (side !== "canary" || canaryShareBps(servicesByName.get(service), region) > 0) &&
      takesClients(route.document, region);
    if (!serves) return [];
    const message = `cluster "${name}" serves clients of this route itself: mirror to one with weight 0 or of another service`;
    return [
      findingAt(route, { code: "mirror.live", severity: "warning", path: ["spec", "mirror", "cluster"], message }),
    ];
  });
}

function canaryShareBps(service: ServiceDocument | undefined, region: string): number {
  const share = service?.spec.canaryShareBps ?? 0;
  if (typeof share === "number") return share;
  return new Map<string, number>(Object.entries(share)).get(region) ?? 0;
}

function takesClients(route: RouteDocument, region: string): boolean {
  const ranked = ranking(route.spec.default);
  if (ranked !== undefined && (ranked.regions ?? [region]).some((name) => name === region)) return true;
  return weightsOf(route).some(({ weights }) => Object.entries(weights).some(([name, w]) => name === region && w > 0));
}

/**
 * Residency holds on every path that the documents lay out: no steering rule, default, failover order or mirror leads
 * the clients of a residency rule only to where they may not be served. The edge would refuse those clients rather than let
 * them out; here it is found before they notice. What the edge would really do is asked of its own decision
 * (`residency-decisions.ts`).
 */
import { loadSnapshot } from "../../../../worker/routing/loaded-snapshot.ts";
import { listed } from "../../safety/words.ts";
import type { PreflightCheck } from "../examined.ts";
import type { Found } from "../finding.ts";
import { decisionFindings } from "./residency-decisions.ts";
import { clientsIn, routeOf, ruleOf, waysOf, type ZonedRoute, zonedRoutes } from "./zoned-routes.ts";
import { clientsOf } from "./zones.ts";

export const checkResidency: PreflightCheck = (examined) => {
  const { fleet, services, after } = examined;
  const resident = fleet.services.some(({ metadata, spec }) => spec.residency && services.has(metadata.name));
  if (!resident) return [];
  const loaded = loadSnapshot(after.snapshot);
  const routes = zonedRoutes(examined, loaded);
  const regions = new Map(examined.all.map(({ name, region }) => [name, region]));
  return [
    ...routes.flatMap((zoned) => [...steersOut(zoned), ...failsOverOut(zoned), ...mirrorsOut(zoned, regions)]),
    ...decisionFindings(routes, loaded, examined),
  ];
};

function steersOut(zoned: ZonedRoute): readonly Found[] {
  const { document, zones, taken } = zoned;
  return waysOf(zoned).flatMap(({ name, regions, path }, number) =>
    zones.flatMap((zone): Found[] => {
      if (regions.length === 0 || regions.some((region) => zone.permitted.has(region))) return [];
      const clients = clientsIn(zone, taken[number]);
      if (clients.length === 0) return [];
      const sentence = `In route ${document.metadata.name} ${ruleOf(name)} sends ${clientsOf(zone, clients)} only to ${listed(regions)}, where they may not be served.`;
      return [{ code: "residency.steersOut", document: routeOf(zoned), path, regions, sentence }];
    }),
  );
}

function failsOverOut(zoned: ZonedRoute): readonly Found[] {
  const { document, route, zones } = zoned;
  const { order } = route.failover;
  if (typeof order === "string") return [];
  return zones.flatMap((zone): Found[] => {
    if (order.some((region) => zone.permitted.has(region))) return [];
    const sentence = `Route ${document.metadata.name} fails over ${clientsOf(zone, zone.places)} only to ${listed(order)}, where they may not be served.`;
    const where = { path: ["spec", "failover", "order"], regions: order };
    return [{ code: "residency.failoverOut", document: routeOf(zoned), ...where, sentence }];
  });
}

/** A copy is a request with all that is in it; that nobody reads its answer makes no difference to where it may go. */
function mirrorsOut(zoned: ZonedRoute, regions: ReadonlyMap<string, string>): readonly Found[] {
  const { document, zones } = zoned;
  const { mirror } = document.spec;
  const region = mirror === undefined ? undefined : regions.get(mirror.cluster);
  if (mirror === undefined || region === undefined || mirror.shareBps === 0) return [];
  const out = zones.filter(({ permitted }) => !permitted.has(region));
  if (out.length === 0) return [];
  const who = out.map((zone) => clientsOf(zone, zone.places)).join("; ");
  const sentence = `Route ${document.metadata.name} mirrors to ${mirror.cluster} in ${region}, where requests of these may not go: ${who}.`;
  const where = { path: ["spec", "mirror", "cluster"], clusters: [mirror.cluster], regions: [region] };
  return [{ code: "residency.mirrorOut", document: routeOf(zoned), ...where, sentence }];
}

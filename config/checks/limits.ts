/** No more of anything than the edge is measured for (`limits.ts` has the reasons). */

import type { RouteDocument } from "../documents/route.ts";
import type { DocumentKind } from "../documents.ts";
import type { Finding } from "../findings.ts";
import {
  CLUSTERS_MAX,
  ENVIRONMENTS_MAX,
  EVALUATORS_MAX,
  FLAGS_MAX,
  REGIONS_MAX,
  ROUTE_ENTRIES_MAX,
  ROUTES_MAX,
  SERVICES_MAX,
  TEMPLATES_MAX,
  WEBHOOKS_MAX,
} from "../limits.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";

const LIMITS: Readonly<Record<DocumentKind, number>> = {
  Region: REGIONS_MAX,
  Service: SERVICES_MAX,
  Cluster: CLUSTERS_MAX,
  ClusterTemplate: TEMPLATES_MAX,
  Environment: ENVIRONMENTS_MAX,
  Route: ROUTES_MAX,
  Flag: FLAGS_MAX,
  Evaluator: EVALUATORS_MAX,
  Policy: 1,
  Monitor: SERVICES_MAX,
  Webhook: WEBHOOKS_MAX,
};

/** What to do about it, where it is not to have fewer things. */
const HINTS: Readonly<Partial<Record<DocumentKind, string>>> = { Policy: ": put all that they say into one" };

const KINDS = Object.keys(LIMITS) as readonly DocumentKind[]; // the keys of the table above

export function checkCounts({ declared }: CheckInput): readonly Finding[] {
  return KINDS.flatMap((kind): Finding[] => {
    const all = declared.filter((one) => one.kind === kind);
    const beyond = all[LIMITS[kind]];
    if (beyond === undefined) return [];
    const most = LIMITS[kind] === 1 ? "one document" : `${LIMITS[kind]} documents`;
    const message = `a fleet has at most ${most} of kind ${kind}, not ${all.length}${HINTS[kind] ?? ""}`;
    return [{ code: "limit.exceeded", severity: "error", path: beyond.path, message }];
  });
}

/** Each route is within its own limits and all of them together may still be more than an isolate can index. */
export function checkRouteEntries({ routes }: CheckInput): readonly Finding[] {
  let entries = 0;
  const beyond = routes.find(({ document }) => {
    entries += entriesOf(document);
    return entries > ROUTE_ENTRIES_MAX;
  });
  if (beyond === undefined) return [];
  const message = `the routes of a fleet have at most ${ROUTE_ENTRIES_MAX} hosts times paths together`;
  return [findingAt(beyond, { code: "limit.exceeded", path: ["spec", "match"], message })];
}

function entriesOf({ spec: { match } }: RouteDocument): number {
  return match.hosts.length * (match.paths?.length ?? 1);
}

/** No more of anything than the edge is measured for (`limits.ts` has the reasons). */
import type { DocumentKind } from "../documents.ts";
import type { Finding } from "../findings.ts";
import { CLUSTERS_MAX, ENVIRONMENTS_MAX, REGIONS_MAX, ROUTES_MAX, SERVICES_MAX, TEMPLATES_MAX } from "../limits.ts";
import type { CheckInput } from "./check.ts";

const LIMITS: Readonly<Record<DocumentKind, number>> = {
  Region: REGIONS_MAX,
  Service: SERVICES_MAX,
  Cluster: CLUSTERS_MAX,
  ClusterTemplate: TEMPLATES_MAX,
  Environment: ENVIRONMENTS_MAX,
  Route: ROUTES_MAX,
};

const KINDS = Object.keys(LIMITS) as readonly DocumentKind[]; // the keys of the table above

export function checkCounts({ declared }: CheckInput): readonly Finding[] {
  return KINDS.flatMap((kind): Finding[] => {
    const all = declared.filter((one) => one.kind === kind);
    const beyond = all[LIMITS[kind]];
    if (beyond === undefined) return [];
    const message = `a fleet has at most ${LIMITS[kind]} documents of kind ${kind}, not ${all.length}`;
    return [{ code: "limit.exceeded", severity: "error", path: beyond.path, message }];
  });
}

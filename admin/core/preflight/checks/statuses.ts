/**
 * Whether it is known at all what clusters run. Without a report nothing is proven, and that is said for itself; the
 * other checks then go by what is declared, or say nothing. A cluster that the state in force does not have cannot have
 * reported yet, and one of a service that may fail need not hold up a release: those are warnings.
 */

import { formatDuration } from "../../../../config/duration.ts";
import { counted, listed } from "../../safety/words.ts";
import { STATUS_FRESH_MS } from "../../status/statuses.ts";
import { documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

export const checkStatuses: PreflightCheck = (examined) => {
  const { clusters, statuses } = examined;
  const reporting = clusters.filter(({ spec, disabled }) => spec.reports !== undefined && !disabled);
  if (reporting.length === 0) return [];
  if (statuses === undefined) return [unavailable(reporting)];
  const matters = mattering(examined);
  return reporting
    .filter(({ status }) => status === undefined)
    .map((cluster) => silence(cluster, matters(cluster) ? "error" : "warning"));
};

function unavailable(reporting: readonly ExaminedCluster[]): Found {
  const names = reporting.map(({ name }) => name);
  const sentence = `What ${counted(names.length, "cluster")} must report is not known, because nobody could be asked: ${listed(names)}.`;
  return { code: "status.unavailable", clusters: names, sentence };
}

function silence(cluster: ExaminedCluster, severity: "error" | "warning"): Found {
  const sentence = `${placed(cluster)} has not reported within ${formatDuration(STATUS_FRESH_MS)} what it runs.`;
  return {
    ...{ code: "status.unknown", severity },
    ...{ document: documentOf(cluster), path: ["spec", "reports"], clusters: [cluster.name], sentence },
  };
}

/** Of a service that must not fail, serving, and there long enough to have been asked. */
function mattering({ fleet, before }: Examined): (cluster: ExaminedCluster) => boolean {
  const critical = fleet.services.filter(({ spec }) => spec.tier === "critical");
  const services = new Set<string>(critical.map(({ metadata }) => metadata.name));
  const inForce = new Set<string>(before.state.fleet.clusters.map(({ metadata }) => metadata.name));
  return ({ name, service, spec }) => services.has(service) && inForce.has(name) && spec.weight > 0;
}

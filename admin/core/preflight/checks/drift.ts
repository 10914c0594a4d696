/**
 * What is not as it is declared already: whoever builds on it releases something else than what was tried. How grave a
 * difference is says the Policy; that a cluster does not report at all is told by `statuses.ts`.
 */
import type { DriftField } from "../../../../config/policy.ts";
import type { Drift } from "../../drift/drift.ts";
import type { Examined, PreflightCheck } from "../examined.ts";
import type { Found } from "../finding.ts";

export const checkDrift: PreflightCheck = (examined) =>
  examined.drift.flatMap((drift) => (drift.field === "status" ? [] : driftFinding(drift, drift.field, examined)));

function driftFinding(
  { clusters, severity, sentence }: Drift,
  field: DriftField,
  { clusters: inScope }: Examined,
): readonly Found[] {
  // One that is no longer in the fleet has nothing to be released to.
  const meant = inScope.find(({ name }) => clusters.includes(name));
  if (meant === undefined) return [];
  const declared = meant.spec.reports?.[field] !== undefined;
  const path = declared ? ["spec", "reports", field] : ["spec", "reports"];
  return [
    { code: `drift.${field}`, severity, document: { kind: "Cluster", name: meant.name }, path, clusters, sentence },
  ];
}

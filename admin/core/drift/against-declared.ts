/** What one cluster reports, field by field, held against its own document. */
import type { ClusterStatus } from "../../../config/cluster-status.ts";
import type { ClusterReports } from "../../../config/documents/cluster.ts";
import { DRIFT_FIELDS, type DriftField } from "../../../config/policy.ts";
import type { Declared, DeclaredCluster } from "./declared.ts";
import type { Drift } from "./drift.ts";
import { secretDrift } from "./secret-drift.ts";
import { severityOf } from "./severities.ts";
import { fieldWords, type PlainField, plainValue, shortValue } from "./values.ts";

export function driftAgainstDeclared(
  cluster: DeclaredCluster & { readonly reports: ClusterReports },
  status: ClusterStatus | undefined,
  declared: Declared,
): readonly Drift[] {
  const fields = DRIFT_FIELDS.filter(
    (field) => cluster.reports[field] !== undefined && severityOf(field, declared.policy?.drift) !== "ignore",
  );
  if (fields.length === 0) return [];
  if (status === undefined) return cluster.disabled === true ? [] : [silent(cluster)];
  return fields.flatMap((field) => {
    if (status[field] === undefined) return [unreported(cluster, field)];
    if (field === "secrets") return secretDrift(cluster, status, declared);
    return plainDrift(cluster, field, status, declared);
  });
}

/** Not to know is no proof that something is wrong, so it is never an error. */
function silent({ cluster, service }: DeclaredCluster): Drift {
  return {
    ...{ key: `unknown/${cluster}/status`, kind: "unknown", field: "status", service, clusters: [cluster] },
    ...{ reported: {}, severity: "warning", sentence: `${cluster} has not reported lately what it runs.` },
  };
}

function unreported({ cluster, service, reports }: DeclaredCluster, field: DriftField): Drift {
  const declared = field === "secrets" ? undefined : plainValue(reports ?? {}, field);
  return {
    ...{ key: `unknown/${cluster}/${field}`, kind: "unknown", field, service, clusters: [cluster] },
    ...(declared === undefined ? {} : { declared }),
    ...{ reported: {}, severity: "warning", sentence: `${cluster} reports nothing of its ${fieldWords(field)}.` },
  };
}

function plainDrift(
  { cluster, service, reports = {} }: DeclaredCluster,
  field: PlainField,
  status: ClusterStatus,
  { policy }: Declared,
): readonly Drift[] {
  const wanted = plainValue(reports, field) ?? "";
  const found = plainValue(status, field) ?? "";
  if (wanted === found || (field === "compliance" && hasAll(status.compliance, reports.compliance))) return [];
  const sentence = `${cluster} reports the ${fieldWords(field)} ${shortValue(found)}; declared is ${shortValue(wanted)}.`;
  return [
    {
      ...{ key: `declared/${cluster}/${field}`, kind: "declared", field, service, clusters: [cluster] },
      ...{ declared: wanted, reported: { [cluster]: found }, sentence },
      severity: severityOf(field, policy?.drift) === "error" ? "error" : "warning",
    },
  ];
}

/** Markers say what a cluster has proven. More than what is asked for is no fault. */
function hasAll(found: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return wanted.every((marker) => found.includes(marker));
}

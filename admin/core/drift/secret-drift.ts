/**
 * The secrets of one cluster held against its document and the rotations under way. Between the cut-over and the moment
 * in which a cluster has followed it both versions are right, unless the old one is compromised.
 */
import type { ClusterStatus } from "../../../config/cluster-status.ts";
import type { SecretRotation } from "../../../config/overlays.ts";
import { covers, reads, type SecretReport, usedVersion, wantedVersion } from "../secrets/users.ts";
import type { Declared, DeclaredCluster } from "./declared.ts";
import type { Drift } from "./drift.ts";
import { severityOf } from "./severities.ts";

export function secretDrift(
  { cluster, service, reports }: DeclaredCluster,
  status: ClusterStatus,
  { rotations, policy }: Declared,
): readonly Drift[] {
  const severity = severityOf("secrets", policy?.drift) === "error" ? "error" : "warning";
  return (reports?.secrets ?? []).flatMap(({ name: secret, version }): Drift[] => {
    const wanted = wantedVersion({ secret, service }, version, rotations);
    const live = rotations.filter((rotation) => covers(rotation, { secret, service }));
    const report = status.secrets?.find(({ name }) => name === secret);
    const sentence = faultOf({ cluster, secret, wanted, live, report: report ?? { versions: [] } });
    if (sentence === undefined) return [];
    return [
      {
        ...{
          key: `declared/${cluster}/secrets/${secret}`,
          kind: "declared",
          field: "secrets",
          secret,
          service,
          severity,
        },
        ...{ clusters: [cluster], declared: wanted, reported: { [cluster]: reportText(report) }, sentence },
      },
    ];
  });
}

type Held = {
  readonly cluster: string;
  readonly secret: string;
  readonly wanted: string;
  readonly live: readonly SecretRotation[];
  readonly report: SecretReport;
};

function faultOf({ cluster, secret, wanted, live, report }: Held): string | undefined {
  if (report.versions.length === 0) return `${cluster} does not have the secret ${secret}; declared is ${wanted}.`;
  const revoked = live.find(({ stage, from }) => stage === "revoked" && from !== wanted && reads({ report }, from));
  if (revoked !== undefined)
    return `${cluster} can still read ${revoked.from} of the secret ${secret}, which is revoked.`;
  const right = new Set([wanted, ...live.flatMap(stillRight)]);
  const used = usedVersion({ report });
  if (used === undefined)
    return [...right].some((version) => reads({ report }, version))
      ? undefined
      : `${cluster} cannot read ${wanted} of the secret ${secret}.`;
  return right.has(used) ? undefined : `${cluster} uses ${used} of the secret ${secret}, not ${wanted}.`;
}

function stillRight({ stage, from, compromised }: SecretRotation): readonly string[] {
  return stage === "active" && compromised !== true ? [from] : [];
}

export function reportText(report: SecretReport | undefined): string {
  if (report === undefined || report.versions.length === 0) return "none";
  return report.active ?? report.versions.join(", ");
}

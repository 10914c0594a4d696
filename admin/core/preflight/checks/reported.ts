/**
 * What a cluster must have before anything is released to it, held against what it reports: secrets for the version that
 * is declared and for the one it would go back to, compliance markers, the platform. Clusters whose report is missing
 * or old are told by `statuses.ts`.
 */
import type { ClusterStatus } from "../../../../config/cluster-status.ts";
import type { FindingPath } from "../../../../config/findings.ts";
import type { SecretRotation } from "../../../../config/overlays.ts";
import { listed } from "../../safety/words.ts";
import { wantedVersion } from "../../secrets/users.ts";
import { documentOf, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

export const checkReported: PreflightCheck = ({ clusters, after }) => {
  const rotations = after.state.overlays.filter((overlay) => overlay.kind === "secretRotation");
  return clusters.flatMap((cluster) => {
    const { status, disabled, spec } = cluster;
    if (status === undefined || disabled) return [];
    return [
      ...missingSecrets(cluster, status, neededSecrets(cluster, rotations), {
        code: "secrets.missing",
        path: ["spec", "reports", "secrets"],
        whose: "declared for",
      }),
      ...missingSecrets(cluster, status, spec.rollback?.secrets ?? [], {
        code: "secrets.rollbackMissing",
        path: ["spec", "rollback", "secrets"],
        whose: "needed for the way back of",
      }),
      ...missingCompliance(cluster, status),
      ...otherPlatform(cluster, status),
    ];
  });
};

type SecretReference = { readonly name: string; readonly version: string };

/** As declared, but where a rotation has moved on from the declared version: documents may follow later. */
function neededSecrets(
  { service, spec }: ExaminedCluster,
  rotations: readonly SecretRotation[],
): readonly SecretReference[] {
  return (spec.reports?.secrets ?? []).map(({ name, version }) => {
    const onward = rotations.filter(({ from }) => from === version);
    return { name, version: wantedVersion({ secret: name, service }, version, onward) };
  });
}

type Wanted = {
  readonly code: "secrets.missing" | "secrets.rollbackMissing";
  readonly path: FindingPath;
  readonly whose: string;
};

function missingSecrets(
  cluster: ExaminedCluster,
  status: ClusterStatus,
  secrets: readonly SecretReference[],
  { code, path, whose }: Wanted,
): readonly Found[] {
  return secrets.flatMap(({ name, version }, index) => {
    const versions = status.secrets?.find((secret) => secret.name === name)?.versions ?? [];
    if (versions.includes(version)) return [];
    const has = versions.length === 0 ? "it reports none" : `it reports ${listed(versions)}`;
    const sentence = `${placed(cluster)} cannot read version ${version} of the secret ${name}, which is ${whose} it: ${has}.`;
    return [{ code, ...about(cluster), path: [...path, index], sentence }];
  });
}

function missingCompliance(cluster: ExaminedCluster, status: ClusterStatus): readonly Found[] {
  const reported = status.compliance ?? [];
  return (cluster.spec.reports?.compliance ?? []).flatMap((marker, index): Found[] => {
    if (reported.includes(marker)) return [];
    const has = reported.length === 0 ? "none" : listed(reported);
    const sentence = `${placed(cluster)} does not report the compliance marker ${marker}; it reports ${has}.`;
    return [
      { code: "compliance.missing", ...about(cluster), path: ["spec", "reports", "compliance", index], sentence },
    ];
  });
}

function otherPlatform(cluster: ExaminedCluster, { platform }: ClusterStatus): readonly Found[] {
  const declared = cluster.spec.reports?.platform;
  if (declared === undefined || platform === undefined || declared === platform) return [];
  const sentence = `${placed(cluster)} runs on ${platform}; ${declared} is declared.`;
  return [{ code: "platform.mismatch", ...about(cluster), path: ["spec", "reports", "platform"], sentence }];
}

function about(cluster: ExaminedCluster): Pick<Found, "document" | "clusters"> {
  return { document: documentOf(cluster), clusters: [cluster.name] };
}

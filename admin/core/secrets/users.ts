/**
 * Which clusters have a secret, which version each of them is to use, and what it says of it. The version to use is the
 * declared one; a rotation on top of it says otherwise, until documents have caught up with it and it is cleared.
 */
import type { ClusterStatus } from "../../../config/cluster-status.ts";
import type { SecretRotation } from "../../../config/overlays.ts";
import type { Declared, DeclaredCluster } from "../drift/declared.ts";
import type { Statuses } from "../status/statuses.ts";

export type SecretScope = { readonly secret: string; readonly service?: string };

/** What a cluster says of one secret. Without `active` it does not say which of several versions it uses. */
export type SecretReport = { readonly versions: readonly string[]; readonly active?: string };

export type SecretUser = {
  readonly cluster: string;
  readonly region: string;
  readonly service: string;
  /** As its document has it. */
  readonly declared: string;
  /** The one that it is to use. */
  readonly wanted: string;
  /** A client's request may end up there. */
  readonly serves: boolean;
  /** Absent: the cluster has not reported lately, or says nothing of secrets. */
  readonly report?: SecretReport;
};

/** In the order of clusters. */
export function secretUsers(declared: Declared, statuses: Statuses, scope: SecretScope): readonly SecretUser[] {
  return declared.clusters.flatMap((cluster): SecretUser[] => {
    const version = declaredVersion(cluster, scope);
    if (version === undefined) return [];
    const report = reportOf(statuses.get(cluster.cluster), scope.secret);
    return [
      {
        ...{ cluster: cluster.cluster, region: cluster.region, service: cluster.service, declared: version },
        wanted: wantedVersion({ secret: scope.secret, service: cluster.service }, version, declared.rotations),
        serves: cluster.disabled !== true && cluster.idle !== true,
        ...(report === undefined ? {} : { report }),
      },
    ];
  });
}

function declaredVersion({ service, reports }: DeclaredCluster, scope: SecretScope): string | undefined {
  if (scope.service !== undefined && scope.service !== service) return undefined;
  return reports?.secrets?.find(({ name }) => name === scope.secret)?.version;
}

/** A list of secrets that leaves this one out says that the cluster does not have it. */
function reportOf(status: ClusterStatus | undefined, secret: string): SecretReport | undefined {
  if (status?.secrets === undefined) return undefined;
  const { versions, active } = status.secrets.find(({ name }) => name === secret) ?? { versions: [] };
  return active === undefined ? { versions } : { versions, active };
}

/** Of several rotations that cover a cluster the one that somebody has moved last counts. */
export function wantedVersion(
  user: { readonly secret: string; readonly service: string },
  declared: string,
  rotations: readonly SecretRotation[],
): string {
  const [latest] = rotations.filter((rotation) => covers(rotation, user)).sort((a, b) => b.createdAtMs - a.createdAtMs);
  if (latest === undefined) return declared;
  return latest.stage === "introduced" ? latest.from : (latest.to ?? latest.from);
}

export function covers(
  rotation: Pick<SecretRotation, "secret" | "service">,
  { secret, service }: { readonly secret: string; readonly service: string },
): boolean {
  return rotation.secret === secret && (rotation.service === undefined || rotation.service === service);
}

/** The version that a cluster uses, or undefined when it does not say. */
export function usedVersion({ report }: Pick<SecretUser, "report">): string | undefined {
  if (report === undefined) return undefined;
  return report.active ?? (report.versions.length === 1 ? report.versions[0] : undefined);
}

export function reads({ report }: Pick<SecretUser, "report">, version: string): boolean {
  return report?.versions.includes(version) === true;
}

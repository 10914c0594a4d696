/**
 * Whether the clusters of one side of a service are alike. Clusters that are declared to differ are in different waves
 * and may; who differs from its own document has been told of already. So what is left to find are clusters for which
 * nothing is declared, and which differ from each other or from what is declared for their peers.
 */

import type { ClusterStatus } from "../../../config/cluster-status.ts";
import { groupBy } from "../../../config/group.ts";
import { compareText } from "../../../config/order.ts";
import type { DriftField } from "../../../config/policy.ts";
import { covers, usedVersion } from "../secrets/users.ts";
import type { Statuses } from "../status/statuses.ts";
import type { Declared, DeclaredCluster } from "./declared.ts";
import type { Drift } from "./drift.ts";
import { reportText } from "./secret-drift.ts";
import { severityOf } from "./severities.ts";
import { fieldWords, type PlainField, plainValue, shortValue } from "./values.ts";

/** Versions are left out: where image digests agree, they do. */
const PLAIN_FIELDS = ["imageDigest", "configDigest", "keyIds", "compliance"] as const satisfies readonly PlainField[];

export function driftBetween(declared: Declared, statuses: Statuses): readonly Drift[] {
  const reporting = declared.clusters.flatMap((cluster): Reporting[] => {
    const status = cluster.disabled === true ? undefined : statuses.get(cluster.cluster);
    return status === undefined ? [] : [{ ...cluster, status }];
  });
  const sides = groupBy(reporting, ({ service, side }) => `${service}/${side}`);
  return [...sides].flatMap(([place, members]) =>
    members.length < 2
      ? []
      : facetsOf(members, declared).flatMap((facet) => disagreement(place, members, facet, declared) ?? []),
  );
}

type Reporting = DeclaredCluster & { readonly status: ClusterStatus };

/** One thing in which clusters must be alike. */
type Facet = {
  readonly field: DriftField;
  readonly secret?: string;
  /** What its document says, or undefined. */
  readonly declaredIn: (cluster: Reporting) => string | undefined;
  /** What it reports, or undefined when it says nothing of it. */
  readonly reportedBy: (cluster: Reporting) => string | undefined;
};

function facetsOf(members: readonly Reporting[], declared: Declared): readonly Facet[] {
  const names = new Set(members.flatMap(({ status }) => (status.secrets ?? []).map(({ name }) => name)));
  return [
    ...PLAIN_FIELDS.map((field) => plainFacet(field)),
    ...[...names].sort(compareText).map((secret) => secretFacet(secret, declared)),
  ].filter(({ field }) => severityOf(field, declared.policy?.drift) !== "ignore");
}

function plainFacet(field: PlainField): Facet {
  return {
    field,
    declaredIn: ({ reports }) => plainValue(reports ?? {}, field),
    reportedBy: ({ status }) => plainValue(status, field),
  };
}

function secretFacet(secret: string, { rotations }: Declared): Facet {
  return {
    field: "secrets",
    secret,
    declaredIn: ({ reports }) => reports?.secrets?.find(({ name }) => name === secret)?.version,
    reportedBy: ({ status, service }) => {
      if (status.secrets === undefined) return undefined;
      const report = status.secrets.find(({ name }) => name === secret);
      const used = report === undefined ? undefined : usedVersion({ report });
      // While clusters follow a cut-over, the old version stands for the new one.
      const turning = rotations.find(
        ({ stage, from, ...scope }) => stage === "active" && from === used && covers(scope, { secret, service }),
      );
      return turning?.to ?? used ?? reportText(report);
    },
  };
}

function disagreement(
  place: string,
  members: readonly Reporting[],
  { field, secret, declaredIn, reportedBy }: Facet,
  { policy }: Declared,
): Drift | undefined {
  const settled = new Set(members.flatMap((cluster) => declaredIn(cluster) ?? []));
  const open = members.flatMap((cluster) => {
    const value = declaredIn(cluster) === undefined ? reportedBy(cluster) : undefined;
    return value === undefined ? [] : [{ cluster: cluster.cluster, service: cluster.service, value }];
  });
  const apart = open.filter(({ value }) => !settled.has(value));
  const [first] = apart;
  if (first === undefined || (settled.size === 0 && apart.every(({ value }) => value === first.value)))
    return undefined;
  const what = secret === undefined ? fieldWords(field) : `version of the secret ${secret}`;
  const values = apart.map(({ cluster, value }) => `${cluster} ${shortValue(value)}`).join(", ");
  const peers = settled.size === 0 ? "" : `; their peers are declared to have ${shortValue([...settled].join(" or "))}`;
  return {
    ...{ key: `between/${place}/${field}${secret === undefined ? "" : `/${secret}`}`, kind: "between", field },
    ...(secret === undefined ? {} : { secret }),
    ...{ service: first.service, clusters: apart.map(({ cluster }) => cluster) },
    reported: Object.fromEntries(apart.map(({ cluster, value }) => [cluster, value])),
    severity: severityOf(field, policy?.drift) === "error" ? "error" : "warning",
    sentence: `Clusters of ${place} must have the same ${what} and report different ones: ${values}${peers}.`,
  };
}

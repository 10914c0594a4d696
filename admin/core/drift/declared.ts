/**
 * What of the fleet is held against the reports of clusters: who must report what, which secrets are being rotated, and
 * how grave a difference is. Small enough to be handed around on its own.
 */

import type { ClusterDocument, ClusterReports } from "../../../config/documents/cluster.ts";
import type { Fleet } from "../../../config/documents.ts";
import { sortedBy } from "../../../config/order.ts";
import type { Overlay, SecretRotation } from "../../../config/overlays.ts";
import type { PolicySpec } from "../../../config/policy.ts";
import type { Side } from "../../../config/shared-shapes.ts";

export type DeclaredCluster = {
  readonly cluster: string;
  readonly region: string;
  readonly service: string;
  readonly side: Side;
  /** Absent: the document asks for nothing. */
  readonly reports?: ClusterReports;
  /** Switched off by its document or its region's: it need not report. */
  readonly disabled?: true;
  /** By its weight it gets no requests, and no copies of any. */
  readonly idle?: true;
};

export type Declared = {
  /** By name. */
  readonly clusters: readonly DeclaredCluster[];
  readonly rotations: readonly SecretRotation[];
  readonly policy?: Pick<PolicySpec, "drift" | "secrets">;
};

/**
 * Drains do not count as switched off: they end by themselves, and whoever comes back then must be what it is declared to
 * be.
 */
export function declaredOf(fleet: Fleet, overlays: readonly Overlay[]): Declared {
  const { drift, secrets } = fleet.policy?.spec ?? {};
  const off = fleet.regions.filter(({ spec }) => spec.adminState === "disabled");
  const around = {
    regionsOff: new Set<string>(off.map(({ metadata }) => metadata.name)),
    mirrors: new Set<string>(fleet.routes.flatMap(({ spec }) => spec.mirror?.cluster ?? [])),
  };
  return {
    clusters: sortedBy(
      fleet.clusters.map((cluster) => declaredCluster(cluster, around)),
      ({ cluster }) => cluster,
    ),
    rotations: overlays.filter((overlay) => overlay.kind === "secretRotation"),
    policy: { ...(drift === undefined ? {} : { drift }), ...(secrets === undefined ? {} : { secrets }) },
  };
}

type Around = { readonly regionsOff: ReadonlySet<string>; readonly mirrors: ReadonlySet<string> };

function declaredCluster({ metadata, spec }: ClusterDocument, { regionsOff, mirrors }: Around): DeclaredCluster {
  const disabled = spec.adminState === "disabled" || regionsOff.has(spec.region);
  return {
    cluster: metadata.name,
    region: spec.region,
    service: spec.service,
    side: spec.side ?? "stable",
    ...(spec.reports === undefined ? {} : { reports: spec.reports }),
    ...(disabled ? { disabled } : {}),
    ...(spec.weight === 0 && !mirrors.has(metadata.name) ? { idle: true } : {}),
  };
}

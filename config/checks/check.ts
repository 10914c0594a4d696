/** What a check is given: the documents that have the right shape, and what is known of the others. */

import type { ClusterDocument } from "../documents/cluster.ts";
import type { EnvironmentDocument } from "../documents/cluster-template.ts";
import type { MonitorDocument } from "../documents/monitor.ts";
import type { RegionDocument } from "../documents/region.ts";
import type { RouteDocument } from "../documents/route.ts";
import type { ServiceDocument } from "../documents/service.ts";
import type { DocumentKind, EvaluatorDocument, FlagDocument, PolicyDocument, WebhookDocument } from "../documents.ts";
import type { Finding, FindingPath } from "../findings.ts";
import type { Placed } from "../placed.ts";

export type DeclaredName = { readonly kind: DocumentKind; readonly name: string; readonly path: FindingPath };

export type CheckInput = {
  readonly regions: readonly Placed<RegionDocument>[];
  readonly services: readonly Placed<ServiceDocument>[];
  readonly clusters: readonly Placed<ClusterDocument>[];
  readonly routes: readonly Placed<RouteDocument>[];
  readonly environments: readonly Placed<EnvironmentDocument>[];
  readonly flags: readonly Placed<FlagDocument>[];
  readonly evaluators: readonly Placed<EvaluatorDocument>[];
  readonly policies: readonly Placed<PolicyDocument>[];
  readonly monitors: readonly Placed<MonitorDocument>[];
  readonly webhooks: readonly Placed<WebhookDocument>[];
  /** Every name that is written anywhere, also in documents that are broken otherwise: those exist all the same. */
  readonly declared: readonly DeclaredName[];
  /** No document was refused, so what is not there was never written. */
  readonly complete: boolean;
  readonly development: boolean;
};

export type Check = (input: CheckInput) => readonly Finding[];

export function declaredNames(input: CheckInput, kind: DocumentKind): ReadonlySet<string> {
  return new Set(input.declared.filter((declared) => declared.kind === kind).map(({ name }) => name));
}

/** The clusters that some route sends copies to. */
export function mirroredClusters(routes: CheckInput["routes"]): ReadonlySet<string> {
  return new Set(routes.flatMap(({ document }) => document.spec.mirror?.cluster ?? []));
}

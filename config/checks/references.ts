/** Every name that a document uses is the name of something. */

import type { ClusterRequires } from "../documents/cluster.ts";
import type { RouteDocument, SteeringWhen } from "../documents/route.ts";
import type { ServiceDocument } from "../documents/service.ts";
import type { PolicyDocument } from "../documents.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { findingAt, type Placed } from "../placed.ts";
import { suggest } from "../suggest.ts";
import { type CheckInput, declaredNames } from "./check.ts";
import { controlLists } from "./control-lists.ts";

type ReferredKind = "Region" | "Service" | "Cluster" | "Flag" | "Route";
type Reference = { readonly kind: ReferredKind; readonly name: string; readonly path: FindingPath };

/** After so many nobody reads on, and comparing thousands of wrong names with thousands of right ones takes minutes. */
const SUGGESTIONS_MAX = 200;

export function checkReferences(input: CheckInput): readonly Finding[] {
  const names: Readonly<Record<ReferredKind, ReadonlySet<string>>> = {
    Region: declaredNames(input, "Region"),
    Service: declaredNames(input, "Service"),
    Cluster: declaredNames(input, "Cluster"),
    Flag: declaredNames(input, "Flag"),
    Route: declaredNames(input, "Route"),
  };
  let suggestions = 0;
  const suggestion = (name: string, known: ReadonlySet<string>): string | undefined => {
    suggestions += 1;
    return suggestions > SUGGESTIONS_MAX ? undefined : suggest(name, known);
  };
  const dangling = (placed: Placed<unknown>, references: readonly Reference[]): Finding[] =>
    references.flatMap(({ kind, name, path }) => {
      const known = names[kind];
      if (known.has(name)) return [];
      const message = `there is no ${kind} "${name}"`;
      return [findingAt(placed, { code: "reference.unknown", path, message, didYouMean: suggestion(name, known) })];
    });
  return [
    ...input.services.flatMap((service) => dangling(service, serviceReferences(service.document))),
    ...input.clusters.flatMap((cluster) =>
      dangling(cluster, [
        { kind: "Region", name: cluster.document.spec.region, path: ["spec", "region"] },
        { kind: "Service", name: cluster.document.spec.service, path: ["spec", "service"] },
        ...peerReferences(cluster.document.spec.requires, ["spec", "requires"]),
        ...peerReferences(cluster.document.spec.rollback?.requires, ["spec", "rollback", "requires"]),
      ]),
    ),
    ...input.routes.flatMap((route) => dangling(route, routeReferences(route.document))),
    ...input.flags.flatMap((flag) => dangling(flag, regionKeys(flag.document.spec.regions ?? {}, ["spec", "regions"]))),
    ...input.monitors.flatMap((monitor) =>
      dangling(monitor, [{ kind: "Service", name: monitor.document.spec.service, path: ["spec", "service"] }]),
    ),
    ...input.policies.flatMap((policy) => dangling(policy, policyReferences(policy.document))),
  ];
}

function peerReferences(requires: ClusterRequires | undefined, path: FindingPath): Reference[] {
  return Object.keys(requires?.peers ?? {}).map((name) => ({ kind: "Service", name, path: [...path, "peers", name] }));
}

function serviceReferences({ spec }: ServiceDocument): Reference[] {
  const { canaryShareBps, canaryFlag, flags = [], objectives } = spec;
  return [
    ...canaryRegions(canaryShareBps),
    ...regionKeys(objectives?.regions ?? {}, ["spec", "objectives", "regions"]),
    ...(canaryFlag === undefined
      ? []
      : [{ kind: "Flag" as const, name: canaryFlag.flag, path: ["spec", "canaryFlag", "flag"] }]),
    ...flags.map((name, index): Reference => ({ kind: "Flag", name, path: ["spec", "flags", index] })),
  ];
}

function canaryRegions(shares: number | Readonly<Record<string, number>> | undefined): Reference[] {
  return typeof shares === "object" ? regionKeys(shares, ["spec", "canaryShareBps"]) : [];
}

function routeReferences({ spec }: RouteDocument): Reference[] {
  const order = spec.failover?.order;
  return [
    { kind: "Service", name: spec.service, path: ["spec", "service"] },
    ...(spec.steering ?? []).flatMap(({ when, weights }, index) => [
      ...flagReferences(when, ["spec", "steering", index, "when"]),
      ...regionKeys(weights, ["spec", "steering", index, "weights"]),
    ]),
    ...("weights" in spec.default
      ? regionKeys(spec.default.weights, ["spec", "default", "weights"])
      : Object.entries(spec.default).flatMap(([by, { regions = [] }]) =>
          regionEntries(regions, ["spec", "default", by, "regions"]),
        )),
    ...(Array.isArray(order) ? regionEntries(order, ["spec", "failover", "order"]) : []),
    ...(spec.mirror === undefined ? [] : [mirrorReference(spec.mirror.cluster)]),
  ];
}

function flagReferences({ flag }: SteeringWhen, path: FindingPath): Reference[] {
  return flag === undefined ? [] : [{ kind: "Flag", name: flag, path: [...path, "flag"] }];
}

function policyReferences(policy: PolicyDocument): Reference[] {
  return controlLists(policy).flatMap(({ kind, names, path }) =>
    names.map((name, index) => ({ kind, name, path: [...path, index] })),
  );
}

function mirrorReference(name: string): Reference {
  return { kind: "Cluster", name, path: ["spec", "mirror", "cluster"] };
}

function regionKeys(record: Readonly<Record<string, unknown>>, path: FindingPath): Reference[] {
  return Object.keys(record).map((name) => ({ kind: "Region", name, path: [...path, name] }));
}

function regionEntries(names: readonly string[], path: FindingPath): Reference[] {
  return names.map((name, index) => ({ kind: "Region", name, path: [...path, index] }));
}

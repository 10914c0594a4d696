/**
 * What preflight is given, and the form in which its checks look at it: the proposed fleet cluster by cluster, each with
 * what it reports, and which of them were asked about.
 */

import type { ClusterStatus } from "../../../config/cluster-status.ts";
import type { ClusterDocument } from "../../../config/documents/cluster.ts";
import type { Fleet } from "../../../config/documents.ts";
import { groupBy } from "../../../config/group.ts";
import type { HealthState } from "../../../config/health.ts";
import { parseImage } from "../../../config/image.ts";
import { compareText } from "../../../config/order.ts";
import type { ReadFleet } from "../../../config/read-fleet.ts";
import type { Side } from "../../../config/shared-shapes.ts";
import type { Drift } from "../drift/drift.ts";
import type { Projection } from "../plan/projection.ts";
import type { Compiled } from "../safety/switches.ts";
import type { Statuses } from "../status/statuses.ts";
import type { Found } from "./finding.ts";

/** What is asked about. A list narrows, so both together are the clusters named, as far as they are of those services. */
export type PreflightScope = { readonly services?: readonly string[]; readonly clusters?: readonly string[] };

/** The state in force and the proposed one; the same one twice when no change is proposed. */
export type PreflightStates = {
  readonly before: Compiled;
  readonly after: Compiled;
  /** Of the proposed one. */
  readonly projection: Projection;
};

export type PreflightInput = {
  /** The documents of the proposed state, as they were written, and what reading them gave. */
  readonly inputs: readonly unknown[];
  readonly read: ReadFleet;
  /** Undefined when the documents have errors: then they make no state. */
  readonly states: PreflightStates | undefined;
  /** The state in force has routes: documents without any would refuse every request. */
  readonly servesNow: boolean;
  /** The fresh ones. Undefined: nobody could be asked. */
  readonly statuses: Statuses | undefined;
  /** By cluster; a cluster that is missing is unknown. Undefined: nobody could be asked. */
  readonly health: ReadonlyMap<string, HealthState> | undefined;
  /** Of the state in force, because reports are of what runs now. */
  readonly drift: readonly Drift[];
  readonly scope: PreflightScope;
  readonly nowMs: number;
};

export type ExaminedCluster = {
  readonly name: string;
  readonly region: string;
  readonly service: string;
  readonly side: Side;
  readonly spec: ClusterDocument["spec"];
  /** What it reports, as long as that is fresh enough to go by. */
  readonly status: ClusterStatus | undefined;
  /** Switched off by its document or its region's: it need not be ready for anything. */
  readonly disabled: boolean;
};

export type Examined = Omit<PreflightInput, "inputs" | "read" | "states" | "scope"> &
  PreflightStates & {
    readonly fleet: Fleet;
    /** Of the proposed fleet, in the order of their names. */
    readonly all: readonly ExaminedCluster[];
    /** Those of them that are not switched off, by service. */
    readonly running: ReadonlyMap<string, readonly ExaminedCluster[]>;
    /** Those that were asked about. */
    readonly clusters: readonly ExaminedCluster[];
    readonly services: ReadonlySet<string>;
    readonly regions: ReadonlySet<string>;
  };

export type PreflightCheck = (examined: Examined) => readonly Found[];

export function examine({ inputs: _, read, scope, ...input }: PreflightInput, states: PreflightStates): Examined {
  const { fleet } = read;
  const off = new Set<string>(
    fleet.regions.filter(({ spec }) => spec.adminState === "disabled").map(({ metadata }) => metadata.name),
  );
  const all = fleet.clusters.map(({ metadata, spec }): ExaminedCluster => {
    const { region, service, side = "stable" } = spec;
    const status = input.statuses?.get(metadata.name);
    const disabled = spec.adminState === "disabled" || off.has(region);
    return { name: metadata.name, region, service, side, spec, status, disabled };
  });
  const clusters = all.filter((cluster) => isInScope(cluster, scope));
  const everything = scope.services === undefined && scope.clusters === undefined;
  const services = new Set<string>(
    everything ? fleet.services.map(({ metadata }) => metadata.name) : clusters.map(({ service }) => service),
  );
  const regions = new Set<string>(
    everything ? fleet.regions.map(({ metadata }) => metadata.name) : clusters.map(({ region }) => region),
  );
  const running = groupBy(
    all.filter(({ disabled }) => !disabled),
    ({ service }) => service,
  );
  return { ...input, ...states, fleet, all, running, clusters, services, regions };
}

export function isInScope(
  { name, service }: Pick<ExaminedCluster, "name" | "service">,
  { services, clusters }: PreflightScope,
): boolean {
  return (services?.includes(service) ?? true) && (clusters?.includes(name) ?? true);
}

/** The digest that a cluster is declared with: that of its image, else the one that it must report. */
export function digestOf({ image, reports }: ClusterDocument["spec"]): string | undefined {
  return (image === undefined ? undefined : parseImage(image)?.digest) ?? reports?.imageDigest;
}

/** `cluster` of a finding: where it was written. */
export function documentOf({ name }: Pick<ExaminedCluster, "name">) {
  return { kind: "Cluster", name } as const;
}

/** `eu-west-blue (eu-west)`: whoever reads it has to go there. */
export function placed({ name, region }: Pick<ExaminedCluster, "name" | "region">): string {
  return `${name} (${region})`;
}

/** More than a person goes through; a thousand findings that each name a thousand clusters are no answer. */
const OTHERS_NAMED_MAX = 20;

/** The cluster that a finding is of, and the first of those on the other side of it; the regions of all of them. */
export function concerned(
  cluster: ExaminedCluster,
  others: readonly ExaminedCluster[],
): { readonly clusters: readonly string[]; readonly regions: readonly string[] } {
  const names = new Set([cluster, ...others].map(({ name }) => name));
  const regions = new Set([cluster, ...others].map(({ region }) => region));
  return { clusters: [...names].slice(0, 1 + OTHERS_NAMED_MAX), regions: [...regions].sort(compareText) };
}

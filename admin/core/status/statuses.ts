/**
 * What clusters have said of themselves, and what of it may still be believed. The newest status of each counts, as long
 * as it is fresh.
 */
import { canonicalJson } from "../../../config/canonical.ts";
import type { ClusterStatus } from "../../../config/cluster-status.ts";
import type { Vantage } from "../../../config/vantage.ts";

/** By cluster. One that is missing has not reported, or not lately: what it runs is unknown. */
export type Statuses = ReadonlyMap<string, ClusterStatus>;

/** How it came: fetched by the prober of a vantage, or sent and signed by the cluster. */
export type StatusSource = { readonly kind: "pulled"; readonly vantage: Vantage } | { readonly kind: "pushed" };

/** The newest status of a cluster. Times but `status.atMs` are by our clock. */
export type KnownStatus = {
  readonly status: ClusterStatus;
  readonly source: StatusSource;
  readonly receivedAtMs: number;
  /** When the cluster reported for the first time. */
  readonly firstSeenMs: number;
  /** Since when it reports what it reports now. */
  readonly changedAtMs: number;
};

/** After so long a cluster may run anything. Clusters that push must do so more often. */
export const STATUS_FRESH_MS = 5 * 60_000;

/** Lag moves by the second: a figure older than this says nothing about a request of now. */
export const LAG_FRESH_MS = 60_000;

export function nextKnown(
  before: KnownStatus | undefined,
  status: ClusterStatus,
  { source, nowMs }: { readonly source: StatusSource; readonly nowMs: number },
): { readonly known: KnownStatus; readonly changed: boolean } {
  const changed = before === undefined || !saysTheSame(before.status, status);
  const known = {
    ...{ status, source, receivedAtMs: nowMs, firstSeenMs: before?.firstSeenMs ?? nowMs },
    changedAtMs: changed ? nowMs : before.changedAtMs,
  };
  return { known, changed };
}

/** Apart from what moves all the time: the hour, lag and load. */
function saysTheSame(a: ClusterStatus, b: ClusterStatus): boolean {
  return canonicalJson(settled(a)) === canonicalJson(settled(b));
}

function settled({ atMs: _, replicaLagMs: __, loadBps: ___, ...rest }: ClusterStatus): unknown {
  return rest;
}

export function freshStatuses(known: Iterable<KnownStatus>, nowMs: number): Statuses {
  return new Map(fresh(known, STATUS_FRESH_MS, nowMs).map(({ status }) => [status.cluster, status]));
}

/** In milliseconds, of those clusters that say it. */
export function lagByCluster(known: Iterable<KnownStatus>, nowMs: number): Readonly<Record<string, number>> {
  return Object.fromEntries(
    fresh(known, LAG_FRESH_MS, nowMs).flatMap(({ status: { cluster, replicaLagMs } }) =>
      replicaLagMs === undefined ? [] : [[cluster, replicaLagMs]],
    ),
  );
}

function fresh(known: Iterable<KnownStatus>, ageMsMax: number, nowMs: number): readonly KnownStatus[] {
  return [...known].filter(({ receivedAtMs }) => nowMs - receivedAtMs <= ageMsMax);
}

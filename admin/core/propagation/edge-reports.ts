/**
 * Which revisions the edges of one vantage serve and which they refuse, from what their isolates reported last. Bounded
 * in isolates and in time: nobody says goodbye. Reports are figures for people, not accounts: a lost one is not asked for
 * again.
 */
import {
  type EdgeReport,
  REPORTED_ISOLATES_MAX,
  REPORTS_KEPT_MS,
  type SnapshotRejection,
} from "../../../config/beacon.ts";
import { compareText } from "../../../config/order.ts";

/** `requests` are those of each isolate's last report, so each counts some ten seconds of its traffic. */
export type RevisionEdges = { readonly revision: number; readonly isolates: number; readonly requests: number };

/** How many isolates have refused something and not been made good. Without a revision: what KV holds. */
export type RejectedBy = {
  readonly revision?: number;
  readonly code: SnapshotRejection["code"];
  readonly isolates: number;
};

export type ReportedEdges = {
  /** Oldest revision first. */
  readonly edges: readonly RevisionEdges[];
  /** Those without a revision first, then the oldest. */
  readonly rejections: readonly RejectedBy[];
  /** Absent when nobody has reported lately. */
  readonly lastReportAgeMs?: number;
};

/** Of a report, what is kept for each isolate. */
type Heard = Pick<EdgeReport, "revision" | "requests" | "atMs" | "rejected"> & { readonly heardAtMs: number };

export class EdgeReports {
  /** In the order in which they were last heard: a report moves its isolate to the end. */
  readonly #byIsolate = new Map<string, Heard>();

  accept({ isolate, revision, requests, atMs, rejected = [] }: EdgeReport, nowMs: number): void {
    const before = this.#byIsolate.get(isolate);
    if (before !== undefined && before.atMs > atMs) return; // It was overtaken on its way.
    this.#byIsolate.delete(isolate);
    this.#byIsolate.set(isolate, { revision, requests, atMs, rejected, heardAtMs: nowMs });
    this.#forget(nowMs);
  }

  view(nowMs: number): ReportedEdges {
    this.#forget(nowMs);
    const heard = [...this.#byIsolate.values()];
    const reported = { edges: edgesOf(heard), rejections: rejectionsOf(heard) };
    const last = heard.at(-1);
    return last === undefined ? reported : { ...reported, lastReportAgeMs: nowMs - last.heardAtMs };
  }

  #forget(nowMs: number): void {
    for (const [isolate, { heardAtMs }] of this.#byIsolate) {
      if (this.#byIsolate.size <= REPORTED_ISOLATES_MAX && nowMs - heardAtMs < REPORTS_KEPT_MS) return;
      this.#byIsolate.delete(isolate);
    }
  }
}

function edgesOf(heard: readonly Heard[]): readonly RevisionEdges[] {
  const byRevision = new Map<number, RevisionEdges>();
  for (const { revision, requests } of heard) {
    const sum = byRevision.get(revision) ?? { revision, isolates: 0, requests: 0 };
    byRevision.set(revision, { revision, isolates: sum.isolates + 1, requests: sum.requests + requests });
  }
  return [...byRevision.values()].sort((a, b) => a.revision - b.revision);
}

function rejectionsOf(heard: readonly Heard[]): readonly RejectedBy[] {
  const sums = new Map<string, RejectedBy>();
  for (const rejection of heard.flatMap(({ rejected = [] }) => rejected)) {
    const key = `${rejection.revision} ${rejection.code}`;
    sums.set(key, { ...rejection, isolates: (sums.get(key)?.isolates ?? 0) + 1 });
  }
  return [...sums.values()].sort((a, b) => (a.revision ?? -1) - (b.revision ?? -1) || compareText(a.code, b.code));
}

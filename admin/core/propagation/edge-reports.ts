/**
 * Which revisions the edges of one vantage serve, from what their isolates reported last. Bounded in isolates and in
 * time: nobody says goodbye. Reports are figures for people, not accounts: a lost one is not asked for again.
 */
import { type EdgeReport, REPORTED_ISOLATES_MAX, REPORTS_KEPT_MS } from "../../../config/beacon.ts";

/** `requests` are those of each isolate's last report, so each counts some ten seconds of its traffic. */
export type RevisionEdges = { readonly revision: number; readonly isolates: number; readonly requests: number };

export type ReportedEdges = {
  /** Oldest revision first. */
  readonly edges: readonly RevisionEdges[];
  /** Absent when nobody has reported lately. */
  readonly lastReportAgeMs?: number;
};

type Heard = { readonly report: EdgeReport; readonly heardAtMs: number };

export class EdgeReports {
  /** In the order in which they were last heard: a report moves its isolate to the end. */
  readonly #byIsolate = new Map<string, Heard>();

  accept(report: EdgeReport, nowMs: number): void {
    const before = this.#byIsolate.get(report.isolate);
    if (before !== undefined && before.report.atMs > report.atMs) return; // It was overtaken on its way.
    this.#byIsolate.delete(report.isolate);
    this.#byIsolate.set(report.isolate, { report, heardAtMs: nowMs });
    this.#forget(nowMs);
  }

  view(nowMs: number): ReportedEdges {
    this.#forget(nowMs);
    const byRevision = new Map<number, RevisionEdges>();
    let lastHeardAtMs: number | undefined;
    for (const { report, heardAtMs } of this.#byIsolate.values()) {
      const { revision, requests } = report;
      const sum = byRevision.get(revision) ?? { revision, isolates: 0, requests: 0 };
      byRevision.set(revision, { revision, isolates: sum.isolates + 1, requests: sum.requests + requests });
      lastHeardAtMs = heardAtMs;
    }
    const edges = [...byRevision.values()].sort((a, b) => a.revision - b.revision);
    return lastHeardAtMs === undefined ? { edges } : { edges, lastReportAgeMs: nowMs - lastHeardAtMs };
  }

  #forget(nowMs: number): void {
    for (const [isolate, { heardAtMs }] of this.#byIsolate) {
      if (this.#byIsolate.size <= REPORTED_ISOLATES_MAX && nowMs - heardAtMs < REPORTS_KEPT_MS) return;
      this.#byIsolate.delete(isolate);
    }
  }
}

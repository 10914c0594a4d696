/** What is known of the edges from their reports: bounded, never taken back, and summed exactly. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EdgeReports } from "../../../admin/core/propagation/edge-reports.ts";
import { summarize } from "../../../admin/core/propagation/summary.ts";
import { EdgeReport, REPORTED_ISOLATES_MAX, REPORTS_KEPT_MS } from "../../../config/beacon.ts";

const report = (isolate: number, revision: number, requests = 1, atMs = 0): EdgeReport =>
  EdgeReport.parse({ isolate: isolate.toString(16).padStart(16, "0"), revision, requests, atMs });

describe("the edges of a vantage", () => {
  test("are summed by revision, oldest first, each with its last report", () => {
    const reports = new EdgeReports();
    reports.accept(report(1, 9, 100), 0);
    reports.accept(report(2, 8, 50), 1_000);
    reports.accept(report(3, 9, 7), 2_000);
    reports.accept(report(1, 9, 30), 3_000);
    expect(reports.view(5_000)).toEqual({
      edges: [
        { revision: 8, isolates: 1, requests: 50 },
        { revision: 9, isolates: 2, requests: 37 },
      ],
      lastReportAgeMs: 2_000,
    });
  });

  test("nobody has reported", () => {
    expect(new EdgeReports().view(0)).toEqual({ edges: [] });
  });

  test("a report that was overtaken does not take back a newer one", () => {
    const reports = new EdgeReports();
    reports.accept(report(1, 9, 5, 2_000), 0);
    reports.accept(report(1, 8, 5, 1_000), 1);
    expect(reports.view(1).edges).toEqual([{ revision: 9, isolates: 1, requests: 5 }]);
  });

  test.each([
    [REPORTS_KEPT_MS - 1, 1],
    [REPORTS_KEPT_MS, 0],
  ])("an isolate that was silent for %i ms counts as %i", (silentMs, isolates) => {
    const reports = new EdgeReports();
    reports.accept(report(1, 9), 1_000);
    expect(reports.view(1_000 + silentMs).edges).toHaveLength(isolates);
  });

  test("are forgotten beyond the limit, the longest unheard first", () => {
    const reports = new EdgeReports();
    for (let i = 0; i < REPORTED_ISOLATES_MAX; i++) reports.accept(report(i, i === 1 ? 1 : 2), i);
    reports.accept(report(0, 3), REPORTED_ISOLATES_MAX); // heard again, so it is isolate 1's turn
    reports.accept(report(REPORTED_ISOLATES_MAX, 2), REPORTED_ISOLATES_MAX);
    expect(reports.view(REPORTED_ISOLATES_MAX).edges).toEqual([
      { revision: 2, isolates: REPORTED_ISOLATES_MAX - 1, requests: REPORTED_ISOLATES_MAX - 1 },
      { revision: 3, isolates: 1, requests: 1 },
    ]);
  });
});

describe("the summary", () => {
  test.each([
    // target  edges [revision, requests]         share      oldest
    [9, [], undefined, undefined],
    [9, [[9, 10]], 10_000, 9],
    [9, [[8, 10]], 0, 8],
    [
      9,
      [
        [8, 1],
        [9, 2],
      ],
      6_666,
      8,
    ],
    [
      9,
      [
        [8, 1],
        [9, 100_000],
      ],
      9_999,
      8,
    ], // all but one is not all
    [9, [[10, 1]], 10_000, 10], // an edge may be ahead of what was read
    [
      9,
      [
        [9, 3],
        [7, 1],
        [9, 4],
      ],
      8_750,
      7,
    ],
  ] as [number, [number, number][], number | undefined, number | undefined][])(
    "at target %i with %j: %s bps, oldest %s",
    (target, edges, targetShareBps, oldestRevision) => {
      const summary = summarize(
        target,
        edges.map(([revision, requests]) => ({ revision, requests, isolates: 1 })),
      );
      expect(summary.targetShareBps).toBe(targetShareBps);
      expect(summary.oldestRevision).toBe(oldestRevision);
      expect(summary.isolates).toBe(edges.length);
    },
  );
});

describe("the form of a report", () => {
  const GOOD = { isolate: "0123456789abcdef", revision: 1, requests: 1, atMs: 1 };

  test.each([
    [GOOD, true],
    [{ ...GOOD, more: 1 }, false],
    [{ ...GOOD, isolate: "0123456789ABCDEF" }, false],
    [{ ...GOOD, isolate: "__proto__" }, false],
    [{ ...GOOD, requests: 0 }, false],
    [{ ...GOOD, requests: 1e12 }, false],
    [{ ...GOOD, revision: -1 }, false],
    [{ ...GOOD, atMs: 1.5 }, false],
    [{ ...GOOD, revision: "1" }, false],
    [[], false],
    [null, false],
  ])("%j: %s", (value, good) => {
    expect(EdgeReport.safeParse(value).success).toBe(good);
  });

  test("nothing makes the schema throw or lets anything else through", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const parsed = EdgeReport.safeParse(value);
        if (parsed.success) expect(new Set(Object.keys(parsed.data))).toEqual(new Set(Object.keys(GOOD)));
      }),
    );
  });
});

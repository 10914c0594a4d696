/** What is known of the edges from their reports: bounded, never taken back, and summed exactly. Traffic is in `demand.test.ts`. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EdgeReports } from "../../../admin/core/propagation/edge-reports.ts";
import { FIGURES_KEPT_MS, RecentFigures } from "../../../admin/core/propagation/revision-figures.ts";
import { summarize } from "../../../admin/core/propagation/summary.ts";
import { EdgeReport, REPORTED_ISOLATES_MAX, REPORTS_KEPT_MS } from "../../../config/beacon.ts";

const report = (isolate: number, revision: number, requests = 1, atMs = 0, more: object = {}): EdgeReport =>
  EdgeReport.parse({ isolate: isolate.toString(16).padStart(16, "0"), revision, requests, atMs, ...more });

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
      rejections: [],
      lastReportAgeMs: 2_000,
    });
  });

  test("nobody has reported", () => {
    expect(new EdgeReports().view(0)).toEqual({ edges: [], rejections: [] });
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

describe("what edges refuse", () => {
  const refusing = (isolate: number, ...rejected: object[]) => report(isolate, 8, 0, 0, { rejected });
  const wrong = { revision: 9, code: "signatureWrong" };

  test("is counted in isolates, by revision and reason, what nobody could read first", () => {
    const reports = new EdgeReports();
    reports.accept(refusing(1, wrong), 0);
    reports.accept(refusing(2, { code: "malformed" }, wrong), 0);
    reports.accept(refusing(3, { revision: 10, code: "invalid" }, { revision: 9, code: "invalid" }), 0);
    expect(reports.view(0).rejections).toEqual([
      { code: "malformed", isolates: 1 },
      { revision: 9, code: "invalid", isolates: 1 },
      { ...wrong, isolates: 2 },
      { revision: 10, code: "invalid", isolates: 1 },
    ]);
  });

  test.each([
    ["has been made good", () => report(1, 9), 0],
    ["is still so", () => refusing(1, wrong), 1],
  ])("and %s by the next report of the isolate", (_, next, rejections) => {
    const reports = new EdgeReports();
    reports.accept(refusing(1, wrong), 0);
    reports.accept(next(), 1);
    expect(reports.view(1).rejections).toHaveLength(rejections);
  });

  test("goes with its isolate", () => {
    const reports = new EdgeReports();
    reports.accept(refusing(1, wrong), 0);
    expect(reports.view(REPORTS_KEPT_MS).rejections).toEqual([]);
  });
});

describe("the figures of a revision", () => {
  const MINUTE = 60_000;

  test("add up over reports and isolates, and outlive both", () => {
    const figures = new RecentFigures();
    figures.accept(report(1, 8, 100, 0, { ownErrors: 3 }), 0);
    figures.accept(report(2, 8, 50), 1_000);
    figures.accept(report(1, 9, 10, 0, { ownErrors: 2, invariants: 1 }), 2 * MINUTE);
    figures.accept(report(1, 9, 10, 0, { ownErrors: 1, invariants: 1 }), 2 * MINUTE + 1);
    expect(figures.view(5 * MINUTE)).toEqual([
      { revision: 8, requests: 150, ownErrors: 3, invariants: 0 },
      { revision: 9, requests: 20, ownErrors: 3, invariants: 2 },
    ]);
  });

  test.each([
    [FIGURES_KEPT_MS, [8, 9]],
    [FIGURES_KEPT_MS + MINUTE - 1, [8, 9]], // all of a minute has to be over
    [FIGURES_KEPT_MS + MINUTE, [9]],
    [FIGURES_KEPT_MS + 2 * MINUTE, []],
  ])("are, after %i ms, those of %j", (nowMs, revisions) => {
    const figures = new RecentFigures();
    figures.accept(report(1, 8), 0);
    figures.accept(report(1, 9), MINUTE);
    expect(figures.view(nowMs).map(({ revision }) => revision)).toEqual(revisions);
  });

  test("are bounded in revisions, the oldest first to go", () => {
    const figures = new RecentFigures();
    for (const revision of [7, ...Array.from({ length: 100 }, (_, i) => 200 - i)])
      figures.accept(report(1, revision), 0);
    expect(figures.view(0).map(({ revision }) => revision)).toEqual(Array.from({ length: 16 }, (_, i) => 185 + i));
  });

  test("a clock that is set back loses nothing", () => {
    const figures = new RecentFigures();
    figures.accept(report(1, 8), 10 * MINUTE);
    figures.accept(report(1, 8), MINUTE);
    expect(figures.view(10 * MINUTE)).toMatchObject([{ requests: 2 }]);
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
  const SAMPLE = { host: "web.example", method: "GET", path: "/", key: "0123abcd" };
  const FULL = {
    ...GOOD,
    rejected: [{ revision: 2, code: "invalid" }, { code: "malformed" }],
    ...{ invariants: 1, ownErrors: 2, countries: { DE: 1, T1: 2, XX: 3, ZZ: 4 }, routes: { web: 1, "*": 2 } },
    sample: [SAMPLE, { ...SAMPLE, country: "US", subdivision: "US-CA", continent: "NA", asn: 64_496 }],
  };
  const many = (length: number, name: (i: number) => string) =>
    Object.fromEntries(Array.from({ length }, (_, i) => [name(i), 1]));

  test.each([
    [GOOD, true],
    [FULL, true],
    [{ ...GOOD, requests: 0 }, true], // something could not wait for a request
    [{ ...GOOD, requests: -1 }, false],
    [{ ...GOOD, rejected: [{ revision: 2, code: "signature" }] }, false],
    [{ ...GOOD, rejected: Array.from({ length: 5 }, () => ({ code: "invalid" })) }, false],
    [{ ...GOOD, ownErrors: -1 }, false],
    [{ ...GOOD, countries: { de: 1 } }, false],
    [{ ...GOOD, countries: { DE: -1 } }, false],
    [{ ...GOOD, countries: many(65, (i) => String.fromCharCode(65 + (i % 26), 65 + Math.floor(i / 26))) }, false],
    [{ ...GOOD, routes: many(64, (i) => `r${i}`) }, true],
    [{ ...GOOD, routes: many(65, (i) => `r${i}`) }, false],
    [{ ...GOOD, routes: { constructor: 1 } }, false],
    [{ ...GOOD, sample: Array.from({ length: 5 }, () => SAMPLE) }, false],
    [{ ...GOOD, sample: [{ ...SAMPLE, key: "192.0.2.1" }] }, false],
    [{ ...GOOD, sample: [{ ...SAMPLE, path: "/a b" }] }, false],
    [{ ...GOOD, sample: [{ ...SAMPLE, path: "a" }] }, false],
    [{ ...GOOD, sample: [{ ...SAMPLE, clientAddress: "192.0.2.1" }] }, false],
    [{ ...GOOD, more: 1 }, false],
    [{ ...GOOD, isolate: "0123456789ABCDEF" }, false],
    [{ ...GOOD, isolate: "__proto__" }, false],
    [{ ...GOOD, requests: 1e12 }, false],
    [{ ...GOOD, revision: -1 }, false],
    [{ ...GOOD, atMs: 1.5 }, false],
    [{ ...GOOD, revision: "1" }, false],
    [[], false],
    [null, false],
  ])("%j: %s", (value, good) => {
    expect(EdgeReport.safeParse(value).success).toBe(good);
  });

  test("a route called __proto__ is no route and changes nothing", () => {
    const { routes } = EdgeReport.parse({ ...GOOD, routes: JSON.parse('{"__proto__": 1, "web": 2}') });
    expect(Object.entries(routes ?? {})).toEqual([["web", 2]]);
    expect(Object.getPrototypeOf(routes)).toBe(Object.prototype);
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

/** What edges say of clusters that they have ejected, and when that is enough to count. */
import { describe, expect, test } from "vitest";
import { EjectionReports, passiveEvidence } from "../../../admin/core/health/evidence.ts";
import { EdgeReport, REPORTED_ISOLATES_MAX, REPORTS_KEPT_MS } from "../../../config/beacon.ts";

function reportOf(
  isolate: number,
  atMs: number,
  ejected?: Readonly<Record<string, readonly [number, number]>>,
): EdgeReport {
  const list = Object.entries(ejected ?? {}).map(([cluster, [failures, requests]]) => ({
    ...{ cluster, sinceMs: atMs, because: "consecutiveFailures", failures, requests },
  }));
  const id = isolate.toString(16).padStart(16, "0");
  return EdgeReport.parse({
    isolate: id,
    revision: 1,
    requests: 10,
    atMs,
    ...(ejected === undefined ? {} : { ejected: list }),
  });
}

describe("at a beacon", () => {
  test("the last word of each isolate adds up", () => {
    const reports = new EjectionReports();
    reports.accept(reportOf(1, 10, { a: [5, 5], b: [9, 10] }), 10);
    reports.accept(reportOf(2, 10, { a: [6, 8] }), 10);
    reports.accept(reportOf(3, 10), 10);
    expect(reports.view(10)).toEqual({
      isolates: 3,
      clusters: { a: { isolates: 2, failures: 11, requests: 13 }, b: { isolates: 1, failures: 9, requests: 10 } },
    });
    reports.accept(reportOf(1, 20, { b: [9, 12] }), 20);
    expect(reports.view(20).clusters).toEqual({
      a: { isolates: 1, failures: 6, requests: 8 },
      b: { isolates: 1, failures: 9, requests: 12 },
    });
  });

  test("a report that was overtaken changes nothing", () => {
    const reports = new EjectionReports();
    reports.accept(reportOf(1, 20), 20);
    reports.accept(reportOf(1, 10, { a: [5, 5] }), 21);
    expect(reports.view(21)).toEqual({ isolates: 1, clusters: {} });
  });

  test("who is not heard any more has nothing against anybody", () => {
    const reports = new EjectionReports();
    reports.accept(reportOf(1, 0, { a: [5, 5] }), 0);
    expect(reports.view(REPORTS_KEPT_MS - 1)).toMatchObject({ isolates: 1 });
    expect(reports.view(REPORTS_KEPT_MS)).toEqual({ isolates: 0, clusters: {} });
  });

  test("and there is an end to how many are remembered", () => {
    const reports = new EjectionReports();
    for (let isolate = 0; isolate <= REPORTED_ISOLATES_MAX; isolate += 1)
      reports.accept(reportOf(isolate, 0, isolate === 0 ? { a: [5, 5] } : undefined), 0);
    expect(reports.view(0)).toEqual({ isolates: REPORTED_ISOLATES_MAX, clusters: {} });
  });
});

describe("evidence counts", () => {
  test.each([
    // isolates  reporting  failures  requests  counts
    [3, 3, 20, 20, true],
    [2, 2, 200, 200, false], // two may be one bad way
    [3, 15, 20, 20, true], // a fifth of them
    [3, 16, 20, 20, false],
    [40, 200, 400, 400, true],
    [39, 200, 400, 400, false],
    [3, 3, 19, 19, false], // too few requests
    [3, 3, 11, 20, true],
    [3, 3, 10, 20, false], // half failed is not most
  ])("%i of %i isolates, %i of %i requests failed: %s", (isolates, reporting, failures, requests, counts) => {
    const place = { isolates: reporting, clusters: { a: { isolates, failures, requests } } };
    expect(passiveEvidence("a", [place])).toEqual({ isolates, reporting, failures, requests, counts });
  });

  test("over all places together, those included that have nothing against it", () => {
    const one = { isolates: 2, clusters: { a: { isolates: 2, failures: 15, requests: 15 } } };
    expect(passiveEvidence("a", [one, one])).toMatchObject({ isolates: 4, reporting: 4, counts: true });
    const many = { isolates: 30, clusters: {} };
    expect(passiveEvidence("a", [one, one, many])).toMatchObject({ isolates: 4, reporting: 34, counts: false });
    expect(passiveEvidence("a", [many])).toBeUndefined();
  });
});

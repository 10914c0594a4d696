/** What one isolate counts of a window: which key each answer has, and that there are never too many of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countOf } from "../../../config/sketch.ts";
import { TELEMETRY_ROWS_MAX } from "../../../config/telemetry.ts";
import type { Attempt } from "../../../worker/routing/decision.ts";
import { type Answer, Answers } from "../../../worker/telemetry/answers.ts";

const BLUE: Attempt = { cluster: "europe-blue", region: "europe", side: "stable", endpoint: "http://127.0.0.1" };
const GREEN: Attempt = { cluster: "europe-green", region: "europe", side: "canary", endpoint: "http://127.0.0.1" };

function answer(more: Partial<Answer> = {}): Answer {
  return {
    ...{ revision: 7, service: "web", attempt: BLUE, continent: "EU", status: 200, own: false, latencyMs: 12 },
    ...more,
  };
}

function keysOf(...all: readonly Answer[]) {
  const answers = new Answers();
  for (const one of all) answers.add(one);
  return answers.rows().map(({ key, requests }) => ({ ...key, requests }));
}

describe("an answer's key", () => {
  test.each([
    // answer                                              service  region    cluster        side      continent class
    [{}, ["web", "europe", "europe-blue", "stable", "EU", "2xx"]],
    [{ attempt: GREEN, status: 503 }, ["web", "europe", "europe-green", "canary", "EU", "5xx"]],
    [{ status: 101 }, ["web", "europe", "europe-blue", "stable", "EU", "1xx"]],
    [{ status: 999 }, ["web", "europe", "europe-blue", "stable", "EU", "5xx"]],
    [{ status: 0 }, ["web", "europe", "europe-blue", "stable", "EU", "1xx"]],
    [{ continent: undefined }, ["web", "europe", "europe-blue", "stable", "ZZ", "2xx"]],
    [{ continent: "XY" }, ["web", "europe", "europe-blue", "stable", "ZZ", "2xx"]],
    // The edge's own, after a cluster was asked and could not be reached, and when nobody was.
    [{ own: true, status: 502 }, ["web", "europe", "europe-blue", "stable", "EU", "own"]],
    [{ own: true, status: 503, attempt: undefined }, ["web", "none", "none", "stable", "EU", "own"]],
    [
      { own: true, status: 404, attempt: undefined, service: undefined },
      ["none", "none", "none", "stable", "EU", "4xx"],
    ],
  ] as const)("of %j is %j", (more, [service, region, cluster, side, continent, statusClass]) => {
    const key = { service, region, cluster, side, continent, statusClass, revision: 7, requests: 1 };
    expect(keysOf(answer(more))).toEqual([key]);
  });

  test("has the revision that decided it, also when two are served in one window", () => {
    const next: Attempt = { ...BLUE };
    const nobody = { attempt: undefined, own: true, status: 503 };
    const all = [answer(), answer({ attempt: next, revision: 8 }), answer(nobody), answer({ ...nobody, revision: 8 })];
    expect(keysOf(...all).map(({ revision }) => revision)).toEqual([7, 8, 7, 8]);
  });
});

test("answers of a kind are one row, with their times", () => {
  const answers = new Answers();
  for (const latencyMs of [1, 2, 3]) answers.add(answer({ latencyMs }));
  expect(answers.rows()).toMatchObject([{ requests: 3, latency: { sumUs: 6_000 } }]);
  expect(answers.requests).toBe(3);
});

test("an attempt that another one followed is counted beside the answers, without a time", () => {
  const answers = new Answers();
  answers.addFailover(answer({ attempt: GREEN, own: true, status: 502 }));
  answers.addFailover(answer({ attempt: GREEN, own: true, status: 502 }));
  answers.addFailover(answer({ attempt: GREEN, status: 503 }));
  answers.add(answer({ attempt: GREEN, status: 503 }));
  answers.add(answer());
  const rows = answers.rows().map(({ key, requests, latency, failovers }) => ({
    ...{ cluster: key.cluster, statusClass: key.statusClass, requests, failovers },
    times: countOf(latency),
  }));
  expect(rows).toEqual([
    { cluster: "europe-green", statusClass: "own", requests: 0, failovers: 2, times: 0 },
    { cluster: "europe-green", statusClass: "5xx", requests: 1, failovers: 1, times: 1 },
    { cluster: "europe-blue", statusClass: "2xx", requests: 1, failovers: undefined, times: 1 },
  ]);
  expect(answers.requests).toBe(2);
});

test("whatever comes, rows are bounded, no request is lost, and each status class keeps its sum", () => {
  const attempts = Array.from({ length: 200 }, (_, index): Attempt => ({ ...BLUE, cluster: `c${index}` }));
  const any = fc.record({
    attempt: fc.constantFrom(undefined, ...attempts),
    continent: fc.constantFrom("EU", "AS", "NA", undefined),
    status: fc.constantFrom(101, 200, 302, 404, 500),
    own: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(any, { minLength: 400, maxLength: 1_500 }), fc.array(any), (all, failed) => {
      const answers = new Answers();
      for (const one of failed) answers.addFailover(answer(one));
      for (const one of all) answers.add(answer(one));
      for (const one of failed) answers.addFailover(answer(one));
      const rows = answers.rows();
      const keys = rows.map(({ key, requests }) => ({ ...key, requests }));
      expect(keys.length).toBeLessThanOrEqual(TELEMETRY_ROWS_MAX);
      expect(new Set(rows.map(({ key }) => JSON.stringify(key))).size).toBe(rows.length);
      expect(rows.reduce((sum, { failovers = 0 }) => sum + failovers, 0)).toBe(2 * failed.length);
      const sumOf = (statusClass: string) =>
        keys.filter((key) => key.statusClass === statusClass).reduce((sum, { requests }) => sum + requests, 0);
      expect(sumOf("own")).toBe(all.filter(({ own, status }) => own && status >= 500).length);
      expect(sumOf("5xx")).toBe(all.filter(({ own, status }) => !own && status >= 500).length);
      expect(keys.reduce((sum, { requests }) => sum + requests, 0)).toBe(all.length);
    }),
    { numRuns: 30 },
  );
});

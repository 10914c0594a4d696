/** Which beacon is asked, and when. */
import { describe, expect, test } from "vitest";
import type { Vantage } from "../../../config/vantage.ts";
import { rankBeacons } from "../../../worker/beacon-choice.ts";
import { type Asked, freshness, nextDueMs } from "../../../worker/io/freshness.ts";

describe("rankBeacons", () => {
  const BEACONS: readonly Vantage[] = ["apac", "enam", "weur"];

  test.each([
    ["Berlin", { latitude: 52.5, longitude: 13.4 }, ["weur", "enam", "apac"]],
    ["Chicago", { latitude: 41.9, longitude: -87.6 }, ["enam", "weur", "apac"]],
    ["Mumbai", { latitude: 19.1, longitude: 72.9 }, ["apac", "weur", "enam"]],
    ["Auckland, across the date line", { latitude: -36.8, longitude: 174.8 }, ["apac", "enam", "weur"]],
    ["nobody knows where", undefined, BEACONS],
  ])("from %s", (_, from, ranked) => {
    expect(rankBeacons(BEACONS, from)).toEqual(ranked);
  });

  test("a fleet without beacons has none to ask", () => {
    expect(rankBeacons([], { latitude: 0, longitude: 0 })).toEqual([]);
  });
});

describe("freshness", () => {
  const ANSWERED: Asked = { kind: "answered", atMs: 10_000, dueMs: 14_200 };
  const FAILED: Asked = { kind: "failed", dueMs: 14_200 };

  test.each([
    [{ kind: "never" } as const, 0, "stale"],
    [ANSWERED, 14_199, "fresh"],
    [ANSWERED, 14_200, "due"],
    [ANSWERED, 15_499, "due"],
    [ANSWERED, 15_500, "stale"],
    [FAILED, 14_199, "fresh"],
    [FAILED, 14_200, "due"],
    [FAILED, 99_999, "due"], // a source that failed is never waited for
  ])("%j at %i is %s", (asked, now, expected) => {
    expect(freshness(asked, 5_000, now)).toBe(expected);
  });

  test.each([
    [0, 15_000],
    [0.5, 14_500],
    [1, 14_000],
  ])("with chance %d the next question is due at %i", (chance, due) => {
    expect(nextDueMs(10_000, 5_000, chance)).toBe(due);
  });
});

/** Since when a difference is there, and when it is too old. */
import { expect, test } from "vitest";
import type { Drift } from "../../../admin/core/drift/drift.ts";
import { driftAgeMsMax } from "../../../admin/core/drift/severities.ts";
import { firstSeenAfter, overdue, trackDrift } from "../../../admin/core/drift/track.ts";

const found = (key: string): Drift => ({
  ...{ key, kind: "declared", field: "version", service: "web", clusters: ["a"], reported: {}, severity: "warning" },
  sentence: "a differs.",
});

test("what was there keeps its time, what is new begins now, and what is gone is forgotten", () => {
  const known = new Map([
    ["old", 5],
    ["gone", 5],
  ]);
  const tracked = trackDrift(known, [found("old"), found("new")], 100);
  expect(tracked.map(({ key, firstSeenMs }) => [key, firstSeenMs])).toEqual([
    ["old", 5],
    ["new", 100],
  ]);
});

test("a cluster that falls silent has not mended what it differed in", () => {
  const known = new Map([
    ["declared/a/version", 5],
    ["declared/a/secrets/db", 6],
    ["declared/b/version", 5],
    ["between/web/stable/keyIds", 5],
  ]);
  const silent: Drift = { ...found("unknown/a/status"), kind: "unknown", field: "status" };
  const kept = firstSeenAfter(known, trackDrift(known, [silent], 100));
  expect(Object.fromEntries(kept)).toEqual({
    ...{ "declared/a/version": 5, "declared/a/secrets/db": 6, "unknown/a/status": 100 },
  });
  const heard = trackDrift(kept, [found("declared/a/version")], 200);
  expect(heard.map(({ firstSeenMs }) => firstSeenMs)).toEqual([5]);
  expect(Object.fromEntries(firstSeenAfter(kept, heard))).toEqual({ "declared/a/version": 5 });
});

// biome-ignore format: a table reads in columns
test.each([
  // age   with at most  is overdue
  [99,     100,          []],
  [100,    100,          ["a"]],
  [101,    100,          ["a"]],
])("of %i ms with %i: %j", (ageMs, ageMsMax, keys) => {
  const tracked = trackDrift(new Map([["a", 1_000]]), [found("a")], 1_000);
  expect(overdue(tracked, { ageMsMax, nowMs: 1_000 + ageMs }).map(({ key }) => key)).toEqual(keys);
});

test("an hour, unless the Policy says otherwise", () => {
  expect(driftAgeMsMax(undefined)).toBe(3_600_000);
  expect(driftAgeMsMax({ maxAge: "90s" })).toBe(90_000);
});

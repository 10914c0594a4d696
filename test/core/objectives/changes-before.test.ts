/** Which changes an alert names: those that may be about the same, before it began, the newest few. */
import { expect, test } from "vitest";
import { WHOLE } from "../../../admin/core/history/scope.ts";
import { changesBefore, type RecentChange } from "../../../admin/core/objectives/changes-before.ts";

const SINCE_MS = 1_000_000;

const change = (revision: number, scope: Partial<RecentChange["scope"]> = {}, agoMs = revision): RecentChange => ({
  ...{ revision, kind: "apply", author: "alex", atMs: SINCE_MS - agoMs, scope: { ...WHOLE, ...scope } },
});

const at = (...regions: readonly string[]) => ({
  ...{ service: "web", sinceMs: SINCE_MS },
  regions: regions.map((region) => ({
    ...{ region, objective: { targetPpm: 999_000, window: "30d" as const }, burns: [], firedBy: [] },
  })),
});

test.each([
  // burns in           changed                                       named
  [["eu"], change(1), true],
  [["eu"], change(1, { regions: ["eu"] }), true],
  [["eu"], change(1, { regions: ["us"] }), false],
  [["eu"], change(1, { services: ["web"], clusters: ["eu-blue"], regions: ["eu"] }), true],
  [["eu"], change(1, { services: ["pay"] }), false],
  [["eu", "us"], change(1, { regions: ["us"] }), true],
  [["none"], change(1, { regions: ["us"] }), true],
  [["none"], change(1, { services: ["pay"] }), false],
  [["eu"], change(1, {}, 0), true],
  [["eu"], change(1, {}, -1), false],
] as const)("an alert of web in %j, and %j", (regions, recent, named) => {
  const { scope: _, ...rest } = recent;
  const expected = named ? [{ ...rest, ageMs: SINCE_MS - recent.atMs }] : [];
  expect(changesBefore(at(...regions), [recent])).toEqual(expected);
});

test("three, the newest first", () => {
  const recent = [1, 2, 3, 4, 5].map((revision) => change(revision, revision === 2 ? { services: ["pay"] } : {}));
  expect(changesBefore(at("eu"), recent).map(({ revision }) => revision)).toEqual([1, 3, 4]);
});

/**
 * Somebody else's suite, http-cache-tests, run direct against its own origin and through the edge to the same one. The
 * edge is no cache and must not behave like one, nor disturb what caches before or behind it live by: methods, statuses,
 * validators, dates and the order of values. So both runs have the same results, apart from a list that says why.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { patientSnapshot } from "../faults/fleets.ts";
import { ALLOWED_DIFFERENCES } from "./allowed-differences.ts";
import { runSuite, type SuiteOrigin, type SuiteResults, startSuiteOrigin } from "./run-suite.ts";

/** How many tests the pinned version has: fewer would mean that some did not run. */
const TESTS = 350;

/** Nearly all of a run are pauses of the suite. */
const RUN_MS_MAX = 90_000;

let origin: SuiteOrigin;
let edge: Edge;
let direct: SuiteResults;
let throughEdge: SuiteResults;

beforeAll(async () => {
  origin = await startSuiteOrigin();
  edge = await startEdge({ snapshot: patientSnapshot(origin.url) });
  [direct, throughEdge] = await Promise.all([runSuite(origin.url), runSuite(edge.url)]);
  const passed = (results: SuiteResults) => [...results.values()].filter((result) => result === "passed").length;
  console.log(`http-cache-tests passed: direct ${passed(direct)}, edge ${passed(throughEdge)}, of ${direct.size}`);
}, RUN_MS_MAX);
afterAll(async () => {
  await edge.dispose();
  origin.dispose();
});

const allowed = new Set(ALLOWED_DIFFERENCES.flatMap(({ ids }) => ids));

test("all of its tests run, both ways", () => {
  expect(direct.size).toBe(TESTS);
  expect([...throughEdge.keys()]).toEqual([...direct.keys()]);
});

test("their results are the same, apart from the differences that are allowed", () => {
  const others = (results: SuiteResults) => Object.fromEntries([...results].filter(([id]) => !allowed.has(id)));
  expect(others(throughEdge)).toEqual(others(direct));
});

test.each(ALLOWED_DIFFERENCES)("allowed: $because", ({ ids, direct: expectedDirect, edge: expectedEdge }) => {
  for (const id of ids) {
    expect(direct.get(id), id).toMatch(expectedDirect);
    expect(throughEdge.get(id), id).toMatch(expectedEdge);
  }
});

test("the edge never failed by itself", () => {
  expect(edge.logLines().filter((line) => line.includes("request.failed"))).toEqual([]);
});

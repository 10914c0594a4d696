/** What holds where a Policy says nothing, and whose rules a change is held to. */
import { expect, test } from "vitest";
import { resolvePolicy, rulesInForce } from "../../../admin/core/safety/defaults.ts";
import { policy, stateOf, worldBut } from "./world.ts";

const resolved = (safety: object) => resolvePolicy(stateOf(worldBut(policy({ safety }))).fleet);

test("every rule has a default", () => {
  const defaults = {
    acceptingRegionsMin: 1,
    healthyClustersMin: 1,
    utilizationMaxPercent: 100,
    stepMaxBps: 5_000,
    shiftPerHourMaxBps: 10_000,
    midChange: { regionsMax: 1, trafficMaxBps: 2_500 },
    waitSameMs: 5_000,
    waitOppositeMs: 60_000,
    removalMaxPercent: 50,
    errorBudgetMinPercent: undefined,
    assertions: [],
    gates: [],
  };
  expect(resolvePolicy({})).toEqual(defaults);
  expect(resolved({})).toEqual(defaults);
});

// biome-ignore format: a table reads in columns
test.each([
  // in the Policy                                                  what holds
  [{ acceptingRegionsMin: 2 },                                      { acceptingRegionsMin: 2 }],
  [{ acceptingRegionsMin: "off" },                                  { acceptingRegionsMin: undefined }],
  [{ healthyClustersMin: "off" },                                   { healthyClustersMin: undefined }],
  [{ utilizationMaxPercent: 0 },                                    { utilizationMaxPercent: 0 }],
  [{ utilizationMaxPercent: "off" },                                { utilizationMaxPercent: undefined }],
  [{ stepMaxBps: 0 },                                               { stepMaxBps: 0 }],
  [{ stepMaxBps: "off" },                                           { stepMaxBps: undefined }],
  [{ shiftPerHourMaxBps: "off" },                                   { shiftPerHourMaxBps: undefined }],
  [{ midChange: { regionsMax: 0, trafficMaxBps: 0 } },              { midChange: { regionsMax: 0, trafficMaxBps: 0 } }],
  [{ midChange: "off" },                                            { midChange: undefined }],
  [{ waitSame: "90s", waitOpposite: "15m" },                        { waitSameMs: 90_000, waitOppositeMs: 900_000 }],
  [{ waitSame: "off", waitOpposite: "off" },                        { waitSameMs: undefined, waitOppositeMs: undefined }],
  [{ errorBudgetMinPercent: 0 },                                    { errorBudgetMinPercent: 0 }],
  [{ errorBudgetMinPercent: "off" },                                { errorBudgetMinPercent: undefined }],
  [{ removalMaxPercent: "off" },                                    { removalMaxPercent: undefined }],
])("%j", (safety, expected) => {
  expect(resolved(safety)).toMatchObject(expected);
});

const assertion = (name: string, wait?: string) => ({
  name,
  controls: { regions: ["eu"] },
  require: "OR",
  ...(wait === undefined ? {} : { wait }),
});

test("the wait of an assertion is AWS ARC's five seconds, another one, or none", () => {
  const { assertions } = resolved({ assertions: [assertion("a"), assertion("b", "1m"), assertion("c", "off")] });
  expect(assertions.map(({ waitMs }) => waitMs)).toEqual([5_000, 60_000, undefined]);
});

test("a change is held to the rules before it, and to the assertions that it brings", () => {
  const withSafety = (safety: object, revision?: number) => stateOf(worldBut(policy({ safety })), [], revision);
  const before = withSafety({ stepMaxBps: 100, assertions: [assertion("old", "1m"), assertion("gone")] });
  const after = withSafety({ stepMaxBps: "off", assertions: [assertion("old", "off"), assertion("new")] });
  const rules = rulesInForce(before, after);
  expect(rules.stepMaxBps).toBe(100);
  expect(rules.assertions.map(({ name, waitMs }) => [name, waitMs])).toEqual([
    ["old", 60_000],
    ["gone", 5_000],
    ["new", 5_000],
  ]);
  expect(rulesInForce(withSafety({}, 0), after)).toEqual(resolvePolicy(after.fleet));
});

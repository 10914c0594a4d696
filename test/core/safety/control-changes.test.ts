/** Which switches a change turns, by whatever it does so. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import { controlChanges, controlChangesBetween } from "../../../admin/core/safety/control-changes.ts";
import {
  cluster,
  drainCluster,
  drainRegion,
  flag,
  type Json,
  NOW_MS,
  region,
  returned,
  shift,
  snapshotOf,
  stateOf,
  switched,
  WORLD,
  web,
  worldBut,
  worldWithout,
} from "./world.ts";

type Side = readonly [documents: readonly Json[], overlays?: readonly Json[]];

/** `control direction` and the deltas of a shift. */
function turned([before, liveBefore]: Side, [after, liveAfter]: Side): readonly unknown[] {
  const changes = controlChanges(stateOf(before, liveBefore), stateOf(after, liveAfter), NOW_MS);
  return changes.map(({ control, direction, deltasBps, atMs }) => {
    expect(atMs).toBe(NOW_MS);
    return direction === "shift" ? [control, deltasBps] : `${control} ${direction}`;
  });
}

const flagged = (state: string) =>
  worldBut(
    flag("beta", { state }),
    web({ eu: 100 }, undefined, { steering: [{ name: "beta", when: { flag: "beta" }, weights: { us: 1 } }] }),
  );

// biome-ignore format: a table reads in columns
describe("regions, clusters and flags", () => {
  test.each<[string, Side, Side, readonly unknown[]]>([
    ["nothing",                         [WORLD],                                    [WORLD],                                           []],
    ["a drain at once",                 [WORLD],                                    [WORLD, [drainRegion("eu")]],                      ["region/eu off"]],
    ["a graceful drain",                [WORLD],                                    [WORLD, [drainRegion("eu", { mode: "graceful" })]], ["region/eu off"]],
    ["a drain that becomes strict",     [WORLD, [drainRegion("eu", { mode: "graceful" })]], [WORLD, [drainRegion("eu")]],               []],
    ["a drain that ends",               [WORLD, [drainRegion("eu")]],               [WORLD, [returned("eu", NOW_MS)]],                 ["region/eu on"]],
    ["two at once",                     [WORLD],                                    [WORLD, [drainRegion("us"), drainRegion("eu")]],   ["region/eu off", "region/us off"]],
    ["one for the other",               [WORLD, [drainRegion("us")]],               [WORLD, [drainRegion("eu")]],                      ["region/eu off", "region/us on"]],
    ["a cluster's drain",               [WORLD],                                    [WORLD, [drainCluster("eu-web")]],                 ["cluster/eu-web off"]],
    ["a declared state",                [WORLD],                                    [worldBut(region("eu", { adminState: "draining" }))], ["region/eu off"]],
    ["a drain of what is disabled",     [worldBut(region("eu", { adminState: "disabled" }))], [worldBut(region("eu", { adminState: "disabled" })), [drainRegion("eu")]], []],
    ["a cluster's weight of 0",         [WORLD],                                    [worldBut(cluster("eu-web", { weight: 0 }))],      ["cluster/eu-web off"]],
    ["a cluster's larger weight",       [WORLD],                                    [worldBut(cluster("eu-web", { weight: 9 }))],      []],
    ["a new cluster",                   [WORLD],                                    [worldBut(cluster("eu-two"))],                     ["cluster/eu-two on"]],
    ["a removed cluster",               [WORLD],                                    [worldWithout(["Cluster/ap-web"])],                          ["cluster/ap-web off"]],
    ["a flag switched off",             [flagged("ENABLED")],                       [flagged("ENABLED"), [switched("beta", "DISABLED")]], ["flag/beta off"]],
    ["a flag declared on",              [flagged("DISABLED")],                      [flagged("ENABLED")],                              ["flag/beta on"]],
    ["a flag switched to what it is",   [flagged("ENABLED")],                       [flagged("ENABLED"), [switched("beta", "ENABLED")]], []],
  ])("%s", (_, before, after, expected) => {
    expect(turned(before, after)).toEqual(expected);
  });
});

// biome-ignore format: a table reads in columns
describe("weights", () => {
  test.each<[string, Side, Side, readonly unknown[]]>([
    ["a shift by hand",                 [WORLD],                                    [WORLD, [shift("europe", { eu: 75, us: 25 })]],    [["weights/web/europe", { eu: -2_500, us: 2_500 }]]],
    ["a shift back",                    [WORLD, [shift("europe", { eu: 75, us: 25 })]], [WORLD],                                       [["weights/web/europe", { eu: 2_500, us: -2_500 }]]],
    ["a declared one",                  [WORLD],                                    [worldBut(web({ eu: 3, us: 1 }))],                 [["weights/web/europe", { eu: -2_500, us: 2_500 }]]],
    ["of the default",                  [WORLD],                                    [WORLD, [shift("default", { eu: 1, us: 1 })]],     [["weights/web/default", { ap: -5_000, eu: 2_500, us: 2_500 }]]],
    ["other numbers, the same shares",  [WORLD],                                    [worldBut(web({ eu: 7 }, { eu: 5, us: 5, ap: 10 }))], []],
    ["two rules at once",               [WORLD],                                    [worldBut(web({ us: 1 }, { eu: 1 }))],             [["weights/web/default", { ap: -5_000, eu: 7_500, us: -2_500 }], ["weights/web/europe", { eu: -10_000, us: 10_000 }]]],
    ["a rule that is new",              [WORLD],                                    [worldBut(web({ eu: 100 }, undefined, { steering: [{ name: "asia", when: { eu: true }, weights: { ap: 1 } }] }))], []],
    ["a default that goes by distance", [WORLD],                                    [worldBut(web({ eu: 100 }, undefined, { default: { proximity: {} } }))], []],
    ["a rule whose flag goes on",       [flagged("DISABLED")],                      [flagged("ENABLED")],                              ["flag/beta on"]],
  ])("%s", (_, before, after, expected) => {
    expect(turned(before, after)).toEqual(expected);
  });
});

test("the first documents of an environment turn nothing", () => {
  expect(controlChanges(stateOf([], [], 0), stateOf(), NOW_MS)).toEqual([]);
  expect(controlChanges(stateOf([], [], 1), stateOf(), NOW_MS)).toHaveLength(6);
});

describe("laws", () => {
  const weights = fc
    .record({ eu: fc.nat(100), us: fc.nat(100), ap: fc.nat(100) })
    .filter(({ eu, us, ap }) => eu + us + ap > 0);

  test("deltas sum to 0, the way back is the way there reversed, and both ways of asking agree", () => {
    fc.assert(
      fc.property(weights, weights, fc.boolean(), (one, other, drained) => {
        const before = stateOf(worldBut(web(one)));
        const after = stateOf(worldBut(web(one)), [shift("europe", other), ...(drained ? [drainRegion("eu")] : [])]);
        const there = controlChanges(before, after, NOW_MS);
        const back = controlChanges(after, before, NOW_MS);
        for (const [index, { deltasBps }] of there.entries()) {
          expect(Object.values(deltasBps).reduce((sum, bps) => sum + bps, 0)).toBe(0);
          const reversed = Object.entries(deltasBps).map(([name, bps]) => [name, -bps]);
          expect(back[index]?.deltasBps).toEqual(Object.fromEntries(reversed));
        }
        const compiled = (state: FleetState) => ({ state, snapshot: snapshotOf(state) });
        expect(controlChangesBetween(compiled(before), compiled(after), NOW_MS)).toEqual(there);
      }),
      { numRuns: 50 },
    );
  });
});

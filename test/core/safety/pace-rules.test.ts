/** How fast one may go: steps, the sum of an hour, what is on its way, and waits between changes of the same thing. */
import { describe, expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import { resolvePolicy } from "../../../admin/core/safety/defaults.ts";
import { midChange } from "../../../admin/core/safety/rules/mid-change.ts";
import { shiftPerHour } from "../../../admin/core/safety/rules/shift-per-hour.ts";
import { stepMax } from "../../../admin/core/safety/rules/step-max.ts";
import { waitOpposite, waitSame } from "../../../admin/core/safety/rules/waits.ts";
import {
  drainCluster,
  drainRegion,
  examined,
  flag,
  type Json,
  NOW_MS,
  projectionOf,
  region,
  returned,
  service,
  shift,
  stateOf,
  switched,
  told,
  WORLD,
  web,
  worldBut,
} from "./world.ts";

const defaults = resolvePolicy({});
const HOUR_MS = 3_600_000;
const live = (...overlays: readonly Json[]) => stateOf(WORLD, overlays);
/** `europe` has all of its traffic in `eu`; so many basis points of it go to `us`. */
const toUs = (bps: number) => live(shift("europe", { eu: 10_000 - bps, us: bps }));

describe("the largest step", () => {
  const judge = (stepMaxBps: number | undefined, before: FleetState, after: FleetState) =>
    stepMax(examined(before, after), { ...defaults, stepMaxBps });

  // biome-ignore format: a table reads in columns
  test.each<[string, number | undefined, FleetState, FleetState, string, object]>([
    // change                                  most       before        after                                                     outcome         numbers
    ["a quarter",                              5_000,     live(),       toUs(2_500),                                              "pass",         { rule: "web/europe", region: "us", stepBps: 2_500 }],
    ["half",                                   5_000,     live(),       toUs(5_000),                                              "pass",         { stepBps: 5_000 }],
    ["more than half",                         5_000,     live(),       toUs(5_001),                                              "deny",         { stepBps: 5_001, stepMaxBps: 5_000 }],
    ["all of it",                              5_000,     live(),       toUs(10_000),                                             "deny",         { stepBps: 10_000 }],
    ["the same half further",                  5_000,     toUs(5_000),  toUs(10_000),                                             "pass",         { stepBps: 5_000 }],
    ["all of it, to two regions",              5_000,     live(),       live(shift("europe", { us: 1, ap: 1 })),                  "pass",         { region: "ap", stepBps: 5_000 }],
    ["all of it, unevenly",                    5_000,     live(),       live(shift("europe", { us: 3, ap: 1 })),                  "deny",         { region: "us", stepBps: 7_500 }],
    ["all of it from two, a large fall alone", 5_000,     live(shift("europe", { us: 1, ap: 1 })), live(),                        "deny",         { region: "eu", stepBps: 10_000 }],
    ["declared",                               5_000,     live(),       stateOf(worldBut(web({ eu: 1, us: 3 }))),                 "deny",         { stepBps: 7_500 }],
    ["of one rule of two",                     5_000,     live(),       live(shift("europe", { eu: 9, us: 1 }), shift("default", { eu: 1 })), "deny", { rule: "web/default", stepBps: 7_500 }],
    ["none",                                   5_000,     live(),       live(drainRegion("eu")),                                  "notEvaluated", {}],
    ["none allowed",                           0,         live(),       toUs(1),                                                  "deny",         { stepBps: 1 }],
    ["off",                                    undefined, live(),       toUs(10_000),                                             "notEvaluated", {}],
  ])("%s", (_, most, before, after, outcome, numbers) => {
    expect(judge(most, before, after)).toMatchObject({ rule: "stepMax", outcome, numbers });
  });

  test("the sentence has the numbers", () => {
    expect(judge(5_000, live(), toUs(6_001)).sentence).toBe(
      "us gets 60.01% more of web/europe; 50% is the most in one step.",
    );
  });
});

const shifted = (agoMs: number, bps: number, control = "weights/web/europe"): ControlChange => ({
  control,
  direction: "shift",
  deltasBps: { eu: -bps, us: bps },
  atMs: NOW_MS - agoMs,
});
const turned = (control: string, direction: "on" | "off", agoMs: number): ControlChange => ({
  control,
  direction,
  deltasBps: {},
  atMs: NOW_MS - agoMs,
});

describe("the sum of an hour", () => {
  const judge = (maxBps: number | undefined, history: readonly ControlChange[], after: FleetState) =>
    shiftPerHour(examined(live(), after, { history }), { ...defaults, shiftPerHourMaxBps: maxBps });

  // biome-ignore format: a table reads in columns
  test.each<[string, number | undefined, readonly ControlChange[], FleetState, string, number | undefined]>([
    // change                              most       history                                                          after          verdict                      sum
    ["the first",                          10_000,    [],                                                              toUs(5_000),   "pass",                      5_000],
    ["up to the limit",                    10_000,    [shifted(1, 5_000)],                                             toUs(5_000),   "pass",                      10_000],
    ["above it",                           10_000,    [shifted(1, 5_000)],                                             toUs(5_001),   `deny ${HOUR_MS - 1}`,       10_001],
    ["there and back counts twice",        10_000,    [shifted(2, 5_000), shifted(1, -5_000)],                         toUs(1),       `deny ${HOUR_MS - 2}`,       10_001],
    ["an hour ago",                        10_000,    [shifted(HOUR_MS, 5_000), shifted(1, 5_000)],                    toUs(5_000),   "pass",                      10_000],
    ["a moment less than an hour ago",     10_000,    [shifted(HOUR_MS - 1, 5_000), shifted(1, 5_000)],                toUs(5_000),   "deny 1",                    15_000],
    ["until the second is old enough",     10_000,    [shifted(9, 5_000), shifted(30, 2_000), shifted(20, 2_000)],     toUs(3_000),   `deny ${HOUR_MS - 30}`,      12_000],
    ["until both are old enough",          10_000,    [shifted(9, 5_000), shifted(30, 2_000), shifted(20, 2_000)],     toUs(4_000),   `deny ${HOUR_MS - 20}`,      13_000],
    ["of another rule",                    10_000,    [shifted(1, 9_000, "weights/web/default")],                      toUs(5_000),   "pass",                      5_000],
    ["more at once than an hour allows",   1_000,     [],                                                              toUs(1_001),   "deny",                      1_001],
    ["no shift",                           10_000,    [shifted(1, 9_000)],                                             live(drainRegion("us")), "notEvaluated",    undefined],
    ["off",                                undefined, [shifted(1, 9_000)],                                             toUs(10_000),  "notEvaluated",              undefined],
  ])("%s", (_, most, history, after, verdict, sum) => {
    const said = judge(most, history, after);
    expect([told(said), said.numbers.movedBps]).toEqual([`shiftPerHour ${verdict}`, sum]);
  });

  test("the sentence has the numbers", () => {
    expect(judge(10_000, [shifted(1, 9_000)], toUs(2_500)).sentence).toBe(
      "With this change 115% of the traffic of web/europe moves within an hour; 100% is the most.",
    );
  });

  test("what is denied now is let through after the wait that it names, and not a moment earlier", () => {
    const history = [shifted(9, 5_000), shifted(30, 2_000), shifted(20, 2_000)];
    const { retryAfterMs = 0 } = judge(10_000, history, toUs(4_000));
    const later = (ms: number) => history.map((change) => ({ ...change, atMs: change.atMs - ms }));
    expect(judge(10_000, later(retryAfterMs), toUs(4_000)).outcome).toBe("pass");
    expect(judge(10_000, later(retryAfterMs - 1), toUs(4_000)).outcome).toBe("deny");
  });
});

describe("what is on its way", () => {
  const LIMITS = { regionsMax: 1, trafficMaxBps: 2_500 };
  const before = projectionOf({ eu: { share: 2_000 }, us: { share: 2_000 }, ap: { share: 6_000 } });
  const leaving = (name: string, leftMs: number) =>
    drainRegion(name, { mode: "graceful", deadlineMs: NOW_MS + leftMs });
  /** By a change that brings all of it about, unless it begins elsewhere. */
  const judge = (limits: typeof LIMITS | undefined, after: FleetState, start = live()) =>
    midChange(examined(start, after, { projections: { before, after: projectionOf({}) } }), {
      ...defaults,
      midChange: limits,
    });
  const quick = (ramp: string, ...overlays: readonly Json[]) =>
    stateOf(worldBut(service("web", { recovery: { ramp } })), overlays);

  // biome-ignore format: a table reads in columns
  test.each<[string, FleetState, string, readonly string[] | undefined]>([
    // after the change                                   state                                                          verdict            regions
    ["one drains",                                        live(leaving("ap", 9)),                                        "pass",            ["ap"]],
    ["two drain with much traffic",                       live(leaving("ap", 9), leaving("us", 5)),                      "deny",            ["us", "ap"]],
    ["three drain with much traffic",                     live(leaving("ap", 9), leaving("us", 5), leaving("eu", 7)),    "deny",            ["us", "eu", "ap"]],
    ["two drain and one is over",                         live(leaving("ap", 0), leaving("us", 5)),                      "pass",            ["us"]],
    ["one drains and one is away at once",                live(leaving("ap", 9), drainRegion("us")),                     "pass",            ["ap"]],
    ["one drains and one comes back",                     live(leaving("ap", 9), returned("us", NOW_MS - 59_999)),       "deny",            ["us", "ap"]],
    ["one drains and one is back",                        live(leaving("ap", 9), returned("us", NOW_MS - 60_000)),       "pass",            ["ap"]],
    ["one drains and one is back after a short ramp",     quick("1s", leaving("ap", 9), returned("us", NOW_MS - 1_000)), "pass",            ["ap"]],
    ["one drains and one is not back from a long ramp",   quick("1h", leaving("ap", 9), returned("us", NOW_MS - 60_000)), "deny",           ["ap", "us"]],
    ["a cluster drains",                                  live(drainCluster("eu-web")),                                  "pass",            []],
    ["nothing moves",                                     live(),                                                        "notEvaluated",    undefined],
  ])("%s", (_, after, verdict, regions) => {
    const said = judge(LIMITS, after);
    expect([told(said), said.numbers.regions]).toEqual([`midChange ${verdict}`, regions]);
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // limits                                       when eu and us drain already, with 40% of all traffic
    [{ regionsMax: 1, trafficMaxBps: 3_999 },       "midChange deny 7"],
    [{ regionsMax: 1, trafficMaxBps: 4_000 },       "midChange pass"],
    [{ regionsMax: 2, trafficMaxBps: 0 },           "midChange pass"],
    [{ regionsMax: 0, trafficMaxBps: 0 },           "midChange deny 9"],
    [{ regionsMax: 0, trafficMaxBps: 2_000 },       "midChange deny 7"],
    [undefined,                                     "midChange notEvaluated"],
  ])("%j: %s", (limits, verdict) => {
    const drains = [leaving("eu", 7), leaving("us", 9)];
    expect(told(judge(limits, live(...drains, drainCluster("ap-web")), live(...drains)))).toBe(verdict);
  });

  // biome-ignore format: a table reads in columns
  test.each<[string, readonly Json[], readonly Json[], string]>([
    // the change                              from                                         to                                              verdict
    ["sets out while another is on its way",   [leaving("ap", 9)],                          [leaving("ap", 9), leaving("us", 5)],           "deny 9"],
    ["sets two out, and a third is there",     [leaving("ap", 9)],                          [leaving("ap", 9), leaving("us", 5), leaving("eu", 5)], "deny"],
    ["brings back what drains",                [leaving("ap", 9), leaving("us", 5)],        [leaving("ap", 9), returned("us", NOW_MS)],     "deny 9"],
  ])("waits for what is there, not for what it does itself: when it %s", (_, from, to, verdict) => {
    expect(told(judge(LIMITS, live(...to), live(...from)))).toBe(`midChange ${verdict}`);
  });

  test("a region that is declared to drain is where it should be", () => {
    const declared = worldBut(region("eu", { adminState: "draining" }));
    expect(told(judge({ regionsMax: 0, trafficMaxBps: 0 }, stateOf(declared)))).toBe("midChange pass");
  });

  test("the sentence has the numbers", () => {
    expect(judge(LIMITS, live(leaving("ap", 9), returned("us", NOW_MS))).sentence).toBe(
      "On their way are ap (draining), us (coming back), with 80% of all traffic; at most 1 region or 25% of all traffic may be.",
    );
  });
});

describe("waits", () => {
  const flagged = (...overlays: readonly Json[]) =>
    stateOf(
      worldBut(
        flag("beta"),
        web({ eu: 1 }, undefined, { steering: [{ name: "b", when: { flag: "beta" }, weights: { us: 1 } }] }),
      ),
      overlays,
    );
  const off = live(drainRegion("eu"));
  const judge = (history: readonly ControlChange[], before: FleetState, after: FleetState) => {
    const change = examined(before, after, { history });
    return [waitSame(change, defaults), waitOpposite(change, defaults)].map((verdict) =>
      told(verdict).split(" ").slice(1).join(" "),
    );
  };

  // biome-ignore format: a table reads in columns
  test.each<[string, readonly ControlChange[], FleetState, FleetState, string, string]>([
    // change                          history                                        before       after               of the same     of opposites
    ["the first",                      [],                                            live(),      off,                "pass",         "pass"],
    ["nothing",                        [turned("region/eu", "on", 0)],                live(),      live(),             "notEvaluated", "notEvaluated"],
    ["off after on, at once",          [turned("region/eu", "on", 0)],                live(),      off,                "deny 5000",    "deny 60000"],
    ["off after on, 4.999 s later",    [turned("region/eu", "on", 4_999)],            live(),      off,                "deny 1",       "deny 55001"],
    ["off after on, 5 s later",        [turned("region/eu", "on", 5_000)],            live(),      off,                "pass",         "deny 55000"],
    ["off after on, 59.999 s later",   [turned("region/eu", "on", 59_999)],           live(),      off,                "pass",         "deny 1"],
    ["off after on, 60 s later",       [turned("region/eu", "on", 60_000)],           live(),      off,                "pass",         "pass"],
    ["on after off",                   [turned("region/eu", "off", 9_000)],           off,         live(),             "pass",         "deny 51000"],
    ["off after off",                  [turned("region/eu", "off", 1_000)],           live(),      off,                "deny 4000",    "pass"],
    ["of another region",              [turned("region/us", "on", 0)],                live(),      off,                "pass",         "pass"],
    ["of the region's cluster",        [turned("cluster/eu-web", "on", 0)],           live(),      off,                "pass",         "pass"],
    ["the latest counts",              [turned("region/eu", "on", 50_000), turned("region/eu", "on", 7_000), turned("region/eu", "off", 30_000)], live(), off, "pass", "deny 53000"],
    ["a shift, the same way",          [shifted(6_000, 100)],                         live(),      toUs(100),          "pass",         "pass"],
    ["a shift, the other way",         [shifted(6_000, -100)],                        live(),      toUs(100),          "pass",         "deny 54000"],
    ["a shift of other regions",       [{ ...shifted(6_000, 100), deltasBps: { ap: 5, me: -5 } }], live(), toUs(100),   "pass",         "pass"],
    ["a shift of another rule",        [shifted(0, -100, "weights/web/default")],     live(),      toUs(100),          "pass",         "pass"],
    ["a flag, back again",             [turned("flag/beta", "on", 6_000)],            flagged(),   flagged(switched("beta", "DISABLED")), "pass", "deny 54000"],
  ])("%s", (_, history, before, after, same, opposite) => {
    expect(judge(history, before, after)).toEqual([same, opposite]);
  });

  test("can be off", () => {
    const change = examined(live(), off, { history: [turned("region/eu", "on", 0)] });
    const policy = { ...defaults, waitSameMs: undefined, waitOppositeMs: undefined };
    expect([waitSame(change, policy), waitOpposite(change, policy)].map(told)).toEqual([
      "waitSame notEvaluated",
      "waitOpposite notEvaluated",
    ]);
  });

  test("the sentences have the numbers", () => {
    const change = examined(live(), off, { history: [turned("region/eu", "on", 1_200)] });
    expect(waitSame(change, defaults).sentence).toBe("The region eu was changed less than 5s ago: wait 4s more.");
    expect(waitOpposite(change, defaults).sentence).toBe(
      "The region eu was changed the other way less than 1m ago: wait 59s more.",
    );
    const shifting = examined(live(), toUs(1), { history: [shifted(0, 1)] });
    expect(waitSame(shifting, defaults).sentence).toBe(
      "The weights of web/europe were changed less than 5s ago: wait 5s more.",
    );
  });
});

/** One objective against counts: how it stands, when nothing can be said, and what is left of the budget. */
import { describe, expect, test } from "vitest";
import type { CountsOver } from "../../../admin/core/objectives/counts.ts";
import { judgeAll } from "../../../admin/core/objectives/judge.ts";
import { objectivesOf } from "../../../admin/core/objectives/objective.ts";
import { sketchOf } from "../../../config/sketch.ts";
import { cluster, fleetOf, region, service, soundBut } from "../config/fixtures.ts";
import { AT_MS, counted, DAY_MS, HOUR_MS, MINUTE_MS, objective, over, type Ratios, reportOf, steady } from "./world.ts";

// biome-ignore format: a table reads in columns
test.each<[string, Ratios, Readonly<Record<string, number>>, string]>([
  // what                                     error ratios                       requests                                state
  ["no errors",                               steady(0),                         {},                                     "ok"],
  ["errors within the budget",                steady(0.0009),                    {},                                     "ok"],
  ["a slow burn",                             steady(0.0015),                    {},                                     "ticket"],
  ["a fast burn",                             steady(0.02),                      {},                                     "page"],
  ["a fast burn that is over",                { ...steady(0), "1h": 0.02 },      {},                                     "ok"],
  ["nobody came",                             steady(0),                         { "5m": 0, "30m": 0, "1h": 0, "2h": 0, "6h": 0, "1d": 0, "3d": 0 }, "noData"],
  ["nobody came for five minutes",            steady(0),                         { "5m": 0 },                            "noData"],
  ["nobody came, and the hours burn",         { ...steady(0), "6h": 0.01, "30m": 0.01 }, { "5m": 0 },                    "page"],
  ["one request fewer than needed",           steady(0),                         { "1h": 99 },                           "tooFewRequests"],
  ["as many as needed",                       steady(0),                         { "1h": 100 },                          "ok"],
  ["a twelfth of them in the short window",   steady(0),                         { "1h": 100, "5m": 9 },                 "ok"],
  ["fewer than that",                         steady(0),                         { "1h": 100, "5m": 8 },                 "tooFewRequests"],
  ["all of a few fail",                       { "1h": 1, "5m": 1 },              { "1h": 99, "5m": 99 },                 "tooFewRequests"],
])("%s", (_, ratios, totals, state) => {
  expect(reportOf(ratios, {}, totals).state).toBe(state);
});

test("four failures wake nobody, five do", () => {
  const few = { "1h": 100, "5m": 10 };
  expect(reportOf({ "1h": 0.04, "5m": 0.4 }, {}, few).state).toBe("ok");
  expect(reportOf({ "1h": 0.05, "5m": 0.5 }, {}, few).state).toBe("page");
});

test("when telemetry does not answer nothing is known, and nothing is fine", () => {
  const [report] = judgeAll([objective()], () => undefined);
  expect(report).toMatchObject({ state: "unknown", windows: [], budget: { state: "unknown" } });
});

test("half of the way there is rising, and not more than that", () => {
  const outcome = (long: number, short: number) => reportOf({ "1h": long, "5m": short }).rules[0]?.outcome;
  expect([outcome(0.0072, 1), outcome(0.00721, 1), outcome(0.01, 0.0144), outcome(0.01441, 0.01441)]).toEqual([
    ...["quiet", "rising", "quiet", "burning"],
  ]);
});

test("figures carry counts, ratios and rates, window by window", () => {
  const { windows, rules } = reportOf(steady(0.02));
  expect(windows.map(({ windowMs }) => windowMs)).toEqual([
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    6 * HOUR_MS,
    DAY_MS,
    3 * DAY_MS,
  ]);
  expect(windows[0]).toMatchObject({ atMs: AT_MS, total: 1_000_000, bad: 20_000, ratio: 0.02 });
  expect(windows[0]?.burnRate).toBeCloseTo(20, 9);
  expect(rules.map(({ outcome }) => outcome)).toEqual(["burning", "burning", "burning", "burning"]);
});

describe("the budget", () => {
  const month = (total: number, bad: number) =>
    judgeAll([objective()], (windowMs) => (windowMs === 30 * DAY_MS ? over(counted({ total, bad })) : over()))[0]
      ?.budget;

  // biome-ignore format: a table reads in columns
  test.each([
    [100_000,    0,      "left",             1_000_000],
    [100_000,    99,     "left",             10_000],
    [100_000,    100,    "spent",            0],
    [100_000,    250,    "spent",            -1_500_000],
    [0,          0,      "noData",           undefined],
    [99,         50,     "tooFewRequests",   undefined],
  ])("%i requests, %i bad: %s", (total, bad, state, remainingPpm) => {
    const expected = { windowMs: 30 * DAY_MS, atMs: AT_MS, total, bad, state };
    expect(month(total, bad)).toEqual(remainingPpm === undefined ? expected : { ...expected, remainingPpm });
  });
});

describe("latency", () => {
  const LATENCY = { sli: "latency", thresholdMs: 300, targetPpm: 900_000 } as const;
  const times = [...Array<number>(800).fill(100), ...Array<number>(200).fill(500)];

  test("is of answers that are no errors, and what takes longer is bad", () => {
    const counts: CountsOver = () => over(counted({ total: 1_500, bad: 500, latency: sketchOf(times) }));
    const [report] = judgeAll([objective(LATENCY)], counts);
    expect(report?.windows[0]).toMatchObject({ total: 1_000, bad: 200, ratio: 0.2 });
    expect(report?.budget).toMatchObject({ state: "spent", remainingPpm: -1_000_000 });
  });

  test("of nothing but errors is no data", () => {
    const [report] = judgeAll([objective(LATENCY)], () => over(counted({ total: 500, bad: 500 })));
    expect(report?.state).toBe("noData");
  });
});

test("what edges had to answer themselves is held against all that the service was asked for", () => {
  const counts = (bad: number) => [
    counted({ region: "eu", total: 90_000 }),
    counted({ region: "none", cluster: "none", total: bad, bad }),
    counted({ service: "api", region: "eu", total: 1_000_000 }),
  ];
  const judged = (bad: number) => judgeAll([objective({ region: "none" })], () => over(...counts(bad)))[0];
  expect([judged(10)?.state, judged(10)?.windows[0]]).toMatchObject(["ok", { total: 90_010, bad: 10 }]);
  expect([judged(10_000)?.state, judged(10_000)?.windows[0]]).toMatchObject(["page", { total: 100_000, bad: 10_000 }]);
  // That nobody had to be told no is how it should be, and no lack of data.
  expect(judged(0)?.state).toBe("ok");
});

describe("who is to blame", () => {
  const split = (...bads: readonly number[]) =>
    judgeAll([objective()], () =>
      over(...bads.map((bad, index) => counted({ cluster: `c${index}`, total: 1_000, bad }))),
    )[0];

  test("is the cluster with four fifths of the errors, while they burn", () => {
    expect(split(800, 200)?.cluster).toBe("c0");
    expect(split(200, 900)?.cluster).toBe("c1");
    expect(split(799, 201)?.cluster).toBeUndefined();
    expect(split(0, 0)?.cluster).toBeUndefined();
  });
});

describe("what is promised where", () => {
  const promises = (objectives: object, ...documents: readonly { readonly [key: string]: unknown }[]) =>
    objectivesOf(fleetOf(soundBut(service("web", { objectives }), ...documents)).fleet).map(
      ({ service: name, region: place, sli, targetPpm, thresholdMs }) =>
        [name, place, sli, targetPpm, ...(thresholdMs === undefined ? [] : [thresholdMs])].join(" "),
    );
  const availability = { targetPpm: 999_000 };

  // biome-ignore format: a table reads in columns
  test.each<[string, object, readonly { readonly [key: string]: unknown }[], readonly string[]]>([
    ["in every region, and where none was asked",  { availability },                                                [],  ["web eu availability 999000", "web us availability 999000", "web none availability 999000"]],
    ["latency is of regions alone",                { latency: { threshold: "300ms", targetPpm: 950_000 } },         [],  ["web eu latency 950000 300", "web us latency 950000 300"]],
    ["a region promises less",                     { availability, regions: { us: { availability: { targetPpm: 990_000 } } } }, [], ["web eu availability 999000", "web us availability 990000", "web none availability 999000"]],
    ["a region promises more kinds",               { availability, regions: { us: { latency: { threshold: "1s", targetPpm: 1 } } } }, [], ["web eu availability 999000", "web us availability 999000", "web us latency 1 1000", "web none availability 999000"]],
    ["a region promises nothing",                  { availability, regions: { us: "off" } },                        [],  ["web eu availability 999000", "web none availability 999000"]],
    ["a region that is switched off",              { availability },  [region("eu", { adminState: "disabled" })],        ["web us availability 999000", "web none availability 999000"]],
    ["a cluster that is switched off",             { availability },  [cluster("us-web", { region: "us", adminState: "disabled" })], ["web eu availability 999000", "web none availability 999000"]],
  ])("%s", (_, objectives, documents, expected) => {
    expect(promises(objectives, ...documents)).toEqual(expected);
  });
});

/** The pure parts of the bench: its figures are only as good as its statistics, its reading of /proc and its fleets. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { resolvePolicy } from "../../admin/core/safety/defaults.ts";
import { canonicalJson } from "../../config/canonical.ts";
import { hasErrors } from "../../config/findings.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { ControlResult } from "../bench/control/control.ts";
import { controlDocuments, shiftsOf, weighedRules } from "../bench/control/fleet.ts";
import { benchSnapshot, type FleetShape, fleetTargets } from "../bench/fleet.ts";
import { comparison } from "../bench/http.ts";
import { loadRequests } from "../bench/load-requests.ts";
import { parseOptions } from "../bench/options.ts";
import { parseSchedstat } from "../bench/process-cpu.ts";
import { judge, toText } from "../bench/report.ts";
import { median, pairRatios, percentile, rotate, seededDraws, shuffle } from "../bench/statistics.ts";
import { COMPATIBILITY_DATE, EDGE_COMPATIBILITY_FLAGS } from "../bench/workerd-config.ts";

describe("statistics", () => {
  test.each([
    [[7], 7],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1, 1_000], 1],
  ])("the median of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test.each([
    [[7], 50, 7],
    [[4, 1, 3, 2], 50, 2],
    [[4, 1, 3, 2], 75, 3],
    [[4, 1, 3, 2], 76, 4],
    [Array.from({ length: 200 }, (_, index) => index + 1), 99, 198],
    [[1, 2, 3], 100, 3],
  ])("of %j at most %i percent are below %d", (values, percent, expected) => {
    expect(percentile(values, percent)).toBe(expected);
  });

  test("ratios are taken within a round", () => {
    expect(pairRatios([2, 30], [1, 10])).toEqual([2, 3]);
  });

  test("a comparison is the median over the starts, so that one lucky process decides nothing", () => {
    const starts = [
      { numerators: [12, 14, 13], denominators: [10, 10, 10] },
      { numerators: [30, 30, 30], denominators: [10, 10, 10] },
      { numerators: [11, 11, 12], denominators: [10, 11, 9] },
    ];
    const { ofMeans, starts: ofStarts, ofPairs } = comparison(starts);
    expect([ofMeans, ofStarts]).toEqual([1.3, [1.3, 3, 34 / 30]]);
    expect(ofPairs).toEqual({ median: 12 / 9, min: 1, max: 3 });
  });

  test("rounds rotate who goes first", () => {
    expect([0, 1, 2, 3].map((round) => rotate(["a", "b", "c"], round).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
  });

  test("many rounds are in any order, so that everybody comes behind everybody", () => {
    const draw = seededDraws(1);
    const orders = Array.from({ length: 60 }, () => shuffle(["a", "b", "c"], draw).join(""));
    expect([...new Set(orders)].toSorted()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  });

  test("draws are uint32 and repeat with their seed", () => {
    const [draw, again] = [seededDraws(1), seededDraws(1)];
    const draws = Array.from({ length: 1_000 }, draw);
    expect(draws.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true);
    expect(Array.from({ length: 1_000 }, again)).toEqual(draws);
    expect(new Set(draws).size).toBeGreaterThan(990);
  });
});

describe("CPU time", () => {
  test("is the first figure of schedstat", () => {
    expect(parseSchedstat("1934872615 28361904 7021\n")).toBe(1_934_872_615);
  });

  test.each(["", "12 34", "a b c", "-1 2 3"])("%j is not taken for one", (schedstat) => {
    expect(() => parseSchedstat(schedstat)).toThrow("schedstat holds three whole numbers");
  });
});

describe("fleets", () => {
  test.each<[number, FleetShape]>([
    [3, "services"],
    [30, "services"],
    [1_000, "services"],
    [30, "oneService"],
  ])("%i clusters as %s are a snapshot that an edge accepts", (clusters, shape) => {
    const parsed = parseSnapshot(canonicalJson(benchSnapshot(clusters, shape)));
    expect(parsed.ok && parsed.value.clusters.length).toBe(clusters);
    expect(parsed.ok && parsed.value.routes.length).toBe(fleetTargets(clusters, shape).length);
  });
});

test("the load asks from every place, with a header that workerd reads as request.cf", () => {
  const countries = loadRequests().map(({ headers }) => JSON.parse(headers["x-cf-blob"] ?? "null").country);
  expect(countries).toEqual(expect.arrayContaining(["DE", "US", "IN", "T1", undefined]));
});

test("Workers under test run by the date and the flags of the edge's deploy", async () => {
  const deploy = await readFile("wrangler.toml", "utf8");
  expect(deploy).toContain(`compatibility_date = "${COMPATIBILITY_DATE}"\n`);
  expect(deploy).toContain(`compatibility_flags = ${EDGE_COMPATIBILITY_FLAGS}\n`);
});

describe("options", () => {
  test("everything runs by default", () => {
    const options = parseOptions([]);
    expect(options.ok && options.value.parts).toEqual(["http", "decide", "snapshot", "control"]);
  });

  test.each([
    [["control"], ["control"]],
    [
      ["control", "decide"],
      ["decide", "control"],
    ],
    [["--only", "control"], ["control"]],
    [
      ["http", "--only", "snapshot"],
      ["http", "snapshot"],
    ],
  ])("%j runs %j", (argv, parts) => {
    const options = parseOptions(argv);
    expect(options.ok && options.value.parts).toEqual(parts);
  });

  test.each([
    [[], { quick: false, starts: 3, rounds: 25, requests: 1_000 }],
    [["--quick"], { quick: true, starts: 1, rounds: 5, requests: 1_000 }],
    [["--quick", "--rounds", "4"], { quick: true, starts: 1, rounds: 4, requests: 1_000 }],
  ])("%j takes so long", (argv, expected) => {
    const options = parseOptions(argv);
    expect(options.ok && options.value).toMatchObject(expected);
  });

  test.each([
    [["--starts", "21"], '--starts takes a whole number from 1 to 20, not "21"'],
    [["--rounds", "0"], '--rounds takes a whole number from 1 to 1000, not "0"'],
    [["--rounds", "1001"], '--rounds takes a whole number from 1 to 1000, not "1001"'],
    [["--requests", "99"], '--requests takes a whole number from 100 to 10000, not "99"'],
    [["--requests", "400.5"], '--requests takes a whole number from 100 to 10000, not "400.5"'],
    [["--only", "dns"], 'the parts are http, decide, snapshot, control; "dns" is none of them'],
    [["dns"], 'the parts are http, decide, snapshot, control; "dns" is none of them'],
    [["--fast"], "Unknown option '--fast'"],
  ])("%j is refused", (argv, sentence) => {
    const options = parseOptions(argv);
    expect(options.ok ? "" : options.error).toContain(sentence);
  });
});

test("a goal is met at its very value and is about the worst size", () => {
  const at = (value: number) => ({ median: value, min: value, max: value });
  const machine = { cpu: "x", cores: 1, loadAverage: 0, node: "24", workerd: "1" };
  const verdicts = judge({ machine, decide: { ns: { "3": at(1_000), "3000": at(1_501) }, ratio: 1.5 } });
  expect(verdicts).toEqual({
    decideNs: { value: 1_501, goal: 1_500, pass: false },
    decideRatio: { value: 1.5, goal: 1.5, pass: true },
  });
});

test("where more is better, a goal is met from its very value on", () => {
  const machine = { cpu: "x", cores: 1, loadAverage: 0, node: "24", workerd: "1" };
  const passes = (perSecond: number) =>
    judge({ machine, control: controlResult(perSecond) }).controlCommitsPerSecond?.pass;
  expect([99.9, 100, 100.1].map(passes)).toEqual([false, true, true]);
});

test("the control plane is judged by its largest fleet with much history, and by where history costs most", () => {
  const machine = { cpu: "x", cores: 1, loadAverage: 0, node: "24", workerd: "1" };
  const found = { machine, control: controlResult(120) };
  expect(judge(found)).toEqual({
    controlCommitsPerSecond: { value: 120, goal: 100, atLeast: true, pass: true },
    controlHistoryGrowth: { value: 1.2, goal: 1.1, pass: false },
    controlPlanMs: { value: 90, goal: 150, pass: true },
    auditVerifyMs: { value: 2_000, goal: 3_000, pass: true },
  });
  expect(toText(found)).toContain(">= 100");
});

/** Two sizes; only the larger one's commits with much history, and only the best of them, are `perSecond` fast. */
function controlResult(perSecond: number): ControlResult {
  const commits = (clients: number, history: "few" | "many", rate: number) => ({
    ...{ clients, history, revisions: 1, commits: 1, latencyMsP50: 1, latencyMsP99: 1, cpuMs: 1 },
    perSecond: { median: rate, min: rate - 5, max: rate + 5 },
  });
  const growth = (ofMedians: number) => ({ ofMedians, ofPairs: { median: 1, min: 1, max: 1 } });
  const plan = (latencyMsP50: number) => ({ latencyMsP50, latencyMsP99: 1_000 });
  const size = (clusters: number, cpuGrowth: number, rate: number) => ({
    clusters,
    rules: 1,
    commits: [commits(1, "many", 10), commits(16, "few", 500), commits(16, "many", rate)],
    growth: { cpu: growth(cpuGrowth), latency: growth(9) },
    plans: { plans: 1, shift: plan(80), drain: plan(clusters === 10 ? 900 : 90) },
    restartMs: 1,
  });
  return {
    sizes: [size(10, 1.2, 400), size(1_000, 1.0, perSecond)],
    audit: { leaves: 1, appendUs: { first: 1, last: 1 }, verifyMs: 2_000, bytes: 1 },
  };
}

describe("what the control plane is measured with", () => {
  test.each([
    [10, 8],
    [1_000, 418],
  ])(
    "a fleet of %i clusters has %i rules with weights, and a Policy that lets them change all the time",
    (clusters, rules) => {
      const { fleet, findings } = readFleet(controlDocuments(clusters), { environment: "bench", development: false });
      expect(hasErrors(findings)).toBe(false);
      expect(weighedRules(clusters)).toHaveLength(rules);
      expect(resolvePolicy(fleet)).toMatchObject({
        waitSameMs: undefined,
        stepMaxBps: undefined,
        midChange: undefined,
      });
    },
  );

  test("every shift of a rule is to other weights than the times before, and none to what is declared", () => {
    const rules = weighedRules(10);
    const next = shiftsOf(rules);
    const shifts = Array.from({ length: 40 * rules.length }, next);
    for (const { route, rule } of rules) {
      const weights = shifts.filter((shift) => shift.route === route && shift.rule === rule);
      expect(new Set(weights.map((shift) => shift.weights["eu-west"])).size).toBe(40);
      expect(weights.every((shift) => shift.weights["us-east"] === 40)).toBe(true);
    }
  });
});

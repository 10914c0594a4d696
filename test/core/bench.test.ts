/** The pure parts of the bench: its figures are only as good as its statistics, its reading of /proc and its fleets. */
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../config/canonical.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { benchSnapshot, type FleetShape, fleetTargets } from "../bench/fleet.ts";
import { loadRequests } from "../bench/load-requests.ts";
import { parseOptions } from "../bench/options.ts";
import { parseCpuTicks } from "../bench/process-cpu.ts";
import { judge } from "../bench/report.ts";
import { median, pairRatios, rotate, seededDraws } from "../bench/statistics.ts";

describe("statistics", () => {
  test.each([
    [[7], 7],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1, 1_000], 1],
  ])("the median of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test("ratios are taken within a round", () => {
    expect(pairRatios([2, 30], [1, 10])).toEqual([2, 3]);
  });

  test("rounds rotate who goes first", () => {
    expect([0, 1, 2, 3].map((round) => rotate(["a", "b", "c"], round).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
  });

  test("draws are uint32 and repeat with their seed", () => {
    const [draw, again] = [seededDraws(1), seededDraws(1)];
    const draws = Array.from({ length: 1_000 }, draw);
    expect(draws.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true);
    expect(Array.from({ length: 1_000 }, again)).toEqual(draws);
    expect(new Set(draws).size).toBeGreaterThan(990);
  });
});

describe("/proc/<pid>/stat", () => {
  test.each([
    ["workerd", 120 + 34],
    ["a) R 1 (b", 120 + 34],
  ])("user and system time of a process named %s", (name, expected) => {
    expect(parseCpuTicks(`42 (${name}) S 1 42 42 0 -1 4194560 9 0 0 0 120 34 5 6 20 0 4 0`)).toBe(expected);
  });

  test("something else is not taken for a time", () => {
    expect(() => parseCpuTicks("42 (workerd) S 1")).toThrow("utime and stime");
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

describe("options", () => {
  test("everything runs by default", () => {
    const options = parseOptions([]);
    expect(options.ok && options.value.parts).toEqual(["http", "decide", "snapshot"]);
  });

  test.each([
    [["--rounds", "0"], '--rounds takes a whole number from 1 to 100, not "0"'],
    [["--rounds", "101"], '--rounds takes a whole number from 1 to 100, not "101"'],
    [["--seconds", "1.5"], '--seconds takes a whole number from 1 to 60, not "1.5"'],
    [["--only", "dns"], '--only takes http, decide, snapshot; "dns" is none of them'],
    [["--fast"], "Unknown option '--fast'"],
    [["http"], "Unexpected argument 'http'"],
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

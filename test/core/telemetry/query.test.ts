/** Figures and their samples, steps, and stretches of time that cannot be answered. */
import { describe, expect, test } from "vitest";
import { evaluate, GROUPS_MAX, type MetricsQuery, STEPS_MAX, stepsOf } from "../../../admin/core/telemetry/query.ts";
import { type AskedStretch, readStretch } from "../../../admin/core/telemetry/stretch.ts";
import { addToTotals, DURATION_BUCKETS_MS, TOTALS_MAX } from "../../../admin/core/telemetry/totals.ts";
import { trafficShares } from "../../../admin/core/telemetry/traffic-shares.ts";
import { row } from "./rows.ts";

const NOW_MS = 10_000_000_000;
const QUERY: MetricsQuery = {
  ...{ measure: { kind: "requests" }, per: "request", filters: {}, groupBy: [] },
  ...{ fromMs: 0, toMs: 20_000, stepMs: 10_000 },
};
const steps = [
  { atMs: 0, rows: [row({}, [10, 20]), row({ statusClass: "own", region: "none" }, [1])] },
  { atMs: 10_000, rows: [] },
];

describe("figures", () => {
  test.each([
    // measure                                             value  samples
    [{ kind: "requests" }, 3, 3],
    [{ kind: "ratio", of: ["5xx", "own"] }, 1 / 3, 3],
    [{ kind: "ratio", of: ["5xx"] }, 0, 3],
  ] as const)("%j", (measure, value, samples) => {
    const [group] = evaluate({ ...QUERY, measure }, steps).groups;
    expect(group).toEqual({
      key: {},
      total: { state: "ok", value, samples },
      points: [
        { atMs: 0, state: "ok", value, samples },
        { atMs: 10_000, state: "noData", samples: 0 },
      ],
    });
  });

  test.each([
    // per                          value            samples
    ["request", "ratio", undefined, 0, 8],
    ["attempt", "ratio", undefined, 2 / 10, 10],
    ["request", "ratio", "europe-green", undefined, 0],
    ["attempt", "ratio", "europe-green", 1, 2],
    ["request", "requests", undefined, 8, 8],
    ["attempt", "requests", undefined, 10, 10],
  ] as const)("per %s: %s of %s", (per, kind, cluster, value, samples) => {
    const rows = [row({}, Array(8).fill(5)), row({ cluster: "europe-green", statusClass: "own" }, [], 2)];
    const measure = kind === "ratio" ? { kind, of: ["5xx", "own"] as const } : { kind };
    const filters = cluster === undefined ? {} : { cluster: [cluster] };
    const [group] = evaluate({ ...QUERY, measure, per, filters }, [{ atMs: 0, rows }]).groups;
    expect(group?.total).toEqual(value === undefined ? { state: "noData", samples } : { state: "ok", value, samples });
  });

  test("what has failovers only is no group of what clients saw", () => {
    const asked = { ...QUERY, groupBy: ["cluster"] as const };
    const step = { atMs: 0, rows: [row({ cluster: "europe-green", statusClass: "own" }, [], 2)] };
    expect(evaluate(asked, [step]).groups).toEqual([]);
    expect(evaluate({ ...asked, per: "attempt" }, [step]).groups).toMatchObject([{ key: { cluster: "europe-green" } }]);
  });

  test("a quantile is of all steps together", () => {
    const measure = { kind: "quantile", q: 1 } as const;
    const later = { atMs: 10_000, rows: [row({}, [400])] };
    const [group] = evaluate({ ...QUERY, measure }, [...steps, later]).groups;
    expect(group?.total.samples).toBe(4);
    expect(group?.total.state === "ok" && Math.abs(group.total.value - 400)).toBeLessThanOrEqual(4);
  });

  test("of nothing are no data, in one group without a key, or in none when grouped", () => {
    expect(evaluate(QUERY, [{ atMs: 0, rows: [] }]).groups).toMatchObject([{ key: {}, total: { state: "noData" } }]);
    expect(evaluate({ ...QUERY, groupBy: ["region"] }, [{ atMs: 0, rows: [] }]).groups).toEqual([]);
  });

  test("groups that are too many are left out, the busiest stay, and their number is said", () => {
    const rows = Array.from({ length: GROUPS_MAX + 5 }, (_, index) =>
      row({ cluster: `c${index}` }, Array(index + 1).fill(1)),
    );
    const { groups, groupsLeftOut } = evaluate({ ...QUERY, groupBy: ["cluster"] }, [{ atMs: 0, rows }]);
    expect([groups.length, groupsLeftOut, groups[0]?.key.cluster]).toEqual([GROUPS_MAX, 5, `c${GROUPS_MAX + 4}`]);
  });

  test("steps begin at multiples of their length", () => {
    expect(stepsOf({ fromMs: 15_000, toMs: 40_000, stepMs: 10_000 })).toEqual([10_000, 20_000, 30_000]);
    expect(stepsOf({ fromMs: 10_000, toMs: 10_001, stepMs: 10_000 })).toEqual([10_000]);
  });
});

describe("a stretch", () => {
  const HOUR_MS = 3_600_000;

  test.each<[AskedStretch, number, number]>([
    // asked                                length         step
    [{}, HOUR_MS, 30_000],
    [{ lastMs: 600_000 }, 600_000, 10_000],
    [{ lastMs: 6 * HOUR_MS }, 6 * HOUR_MS, 300_000],
    [{ lastMs: 72 * HOUR_MS }, 72 * HOUR_MS, HOUR_MS],
    [{ lastMs: 35 * 24 * HOUR_MS }, 35 * 24 * HOUR_MS, 24 * HOUR_MS],
    [{ fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS + HOUR_MS, stepMs: 60_000 }, HOUR_MS, 60_000],
  ])("%j has %i ms in steps of %i ms", (asked, lengthMs, stepMs) => {
    const stretch = readStretch(asked, NOW_MS);
    if (!stretch.ok) throw new Error(stretch.error.detail);
    const { value } = stretch;
    expect([value.toMs - value.fromMs, value.stepMs]).toEqual([lengthMs, stepMs]);
    expect(stepsOf(value).length).toBeLessThanOrEqual(STEPS_MAX + 1);
  });

  test.each<[AskedStretch, string]>([
    [{ toMs: 5 }, "from"],
    [{ fromMs: 5, lastMs: 5 }, "last"],
    [{ fromMs: NOW_MS }, "from"],
    [{ fromMs: NOW_MS - 1_000, toMs: NOW_MS - 2_000 }, "from"],
    [{ fromMs: NOW_MS - 36 * 24 * HOUR_MS }, "from"],
    [{ lastMs: 36 * 24 * HOUR_MS }, "last"],
    [{ lastMs: HOUR_MS, stepMs: 15_000 }, "step"],
    [{ lastMs: 2 * HOUR_MS, stepMs: 10_000 }, "step"],
    [{ lastMs: 48 * HOUR_MS, stepMs: 60_000 }, "step"],
    [{ lastMs: 24 * HOUR_MS, stepMs: 60_000 }, "step"],
  ])("%j is wrong at %s", (asked, parameter) => {
    const stretch = readStretch(asked, NOW_MS);
    expect(stretch.ok ? undefined : stretch.error.parameter).toBe(parameter);
  });
});

describe("totals", () => {
  test("only grow, and count times up to each bound", () => {
    const first = addToTotals([], [row({ continent: "EU" }, [3, 30]), row({ continent: "AS" }, [3_000])]);
    expect(first).toEqual([
      {
        key: { service: "web", region: "europe", cluster: "europe-blue", side: "stable", statusClass: "2xx" },
        requests: 3,
        latencySumMs: 3_033,
        latencyCounts: DURATION_BUCKETS_MS.map((boundMs) => [3, 30, 3_000].filter((ms) => ms <= boundMs).length),
      },
    ]);
    expect(addToTotals(first, [row({ revision: 8 }, [1], 2)])[0]).toMatchObject({ requests: 4, failovers: 2 });
    expect(addToTotals(first, [])).toEqual(first);
  });

  test("of too many series are the rest of their status class, and those that were first keep their own", () => {
    const rows = Array.from({ length: TOTALS_MAX + 10 }, (_, index) => row({ cluster: `c${index}` }, [1]));
    const totals = addToTotals([], rows);
    expect(totals.length).toBeLessThanOrEqual(TOTALS_MAX);
    expect(totals.reduce((sum, { requests }) => sum + requests, 0)).toBe(rows.length);
    expect(totals.at(-1)?.key).toMatchObject({ cluster: "rest", statusClass: "2xx" });
    expect(addToTotals(totals, [row({ cluster: "c0" }, [1])])[0]?.requests).toBe(2);
  });
});

test("shares of a continent's clients are exact, and nobody has a share in what the edge answered itself", () => {
  const rows = [row({}, [1, 1]), row({ region: "america" }, [1]), row({ region: "none", cluster: "none" }, [1])];
  expect(trafficShares(rows)).toMatchObject({
    ...{ requests: 4, unserved: 1 },
    continents: [
      {
        continent: "EU",
        regions: [
          { region: "america", shareBps: 3_333 },
          { region: "europe", shareBps: 6_667 },
        ],
      },
    ],
  });
  expect(trafficShares([...rows, row({ region: "asia" }, [], 9)])).toEqual(trafficShares(rows));
  expect(trafficShares([])).toEqual({ requests: 0, unserved: 0, regions: [], continents: [] });
});

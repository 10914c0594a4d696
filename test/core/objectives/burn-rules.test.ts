/**
 * The published tables of burn rates (Google SRE Workbook, chapter 5; sloth's windows for 28 and 7 days), and what they
 * come to. Here as they are written there; all rows of the file when its folder is named.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BurnRule,
  budgetRemainingPpm,
  burnRateOf,
  burnRules,
  burnsFaster,
  exhaustionMs,
  nameOfRule,
  ratioThreshold,
} from "../../../admin/core/objectives/burn-rules.ts";
import { parseDuration } from "../../../config/duration.ts";
import { OBJECTIVE_WINDOWS } from "../../../config/objectives.ts";
import { readVectors } from "../vectors.ts";
import { DAY_MS, MINUTE_MS, type Ratios, reportOf } from "./world.ts";

type Row = {
  readonly severity: string;
  readonly longWindow: string;
  readonly shortWindow: string;
  readonly budgetPercent: number;
  readonly burnRate: number;
};

type Vectors = {
  readonly period30d: readonly Row[];
  readonly period28d: readonly Row[];
  readonly period7d: readonly Row[];
  readonly thresholds: readonly (Omit<Row, "budgetPercent" | "burnRate"> & {
    readonly slo: number;
    readonly errorRatioThreshold: number;
  })[];
  readonly evaluation: readonly {
    readonly slo: number;
    readonly errorRatio: Ratios;
    readonly expected: readonly string[];
    readonly why: string;
  }[];
  readonly timeToExhaustion30d: readonly {
    readonly burnRate: number;
    readonly errorRatioAt999: number;
    readonly days?: number;
    readonly minutes?: number;
  }[];
  readonly detection: readonly {
    readonly slo: number;
    readonly windowMinutes: number;
    readonly burnRate: number;
    readonly errorRatio: number;
    readonly expectedSeconds: number;
  }[];
};

// biome-ignore format: a table reads in columns
const OWN: Vectors = {
  period30d: [
    { severity: "page",   longWindow: "1h", shortWindow: "5m",  budgetPercent: 2,    burnRate: 14.4 },
    { severity: "page",   longWindow: "6h", shortWindow: "30m", budgetPercent: 5,    burnRate: 6 },
    { severity: "ticket", longWindow: "1d", shortWindow: "2h",  budgetPercent: 10,   burnRate: 3 },
    { severity: "ticket", longWindow: "3d", shortWindow: "6h",  budgetPercent: 10,   burnRate: 1 },
  ],
  period28d: [
    { severity: "page",   longWindow: "1h", shortWindow: "5m",  budgetPercent: 2,    burnRate: 13.44 },
    { severity: "page",   longWindow: "6h", shortWindow: "30m", budgetPercent: 5,    burnRate: 5.6 },
    { severity: "ticket", longWindow: "1d", shortWindow: "2h",  budgetPercent: 10,   burnRate: 2.8 },
    { severity: "ticket", longWindow: "3d", shortWindow: "6h",  budgetPercent: 10,   burnRate: 0.933333 },
  ],
  period7d: [
    { severity: "page",   longWindow: "1h", shortWindow: "5m",  budgetPercent: 8,    burnRate: 13.44 },
    { severity: "page",   longWindow: "6h", shortWindow: "30m", budgetPercent: 12.5, burnRate: 3.5 },
    { severity: "ticket", longWindow: "1d", shortWindow: "2h",  budgetPercent: 20,   burnRate: 1.4 },
    { severity: "ticket", longWindow: "3d", shortWindow: "6h",  budgetPercent: 42,   burnRate: 0.98 },
  ],
  thresholds: [
    { slo: 0.99,   severity: "page",   longWindow: "1h", shortWindow: "5m",  errorRatioThreshold: 0.144 },
    { slo: 0.999,  severity: "page",   longWindow: "1h", shortWindow: "5m",  errorRatioThreshold: 0.0144 },
    { slo: 0.999,  severity: "page",   longWindow: "6h", shortWindow: "30m", errorRatioThreshold: 0.006 },
    { slo: 0.999,  severity: "ticket", longWindow: "1d", shortWindow: "2h",  errorRatioThreshold: 0.003 },
    { slo: 0.999,  severity: "ticket", longWindow: "3d", shortWindow: "6h",  errorRatioThreshold: 0.001 },
    { slo: 0.9999, severity: "page",   longWindow: "1h", shortWindow: "5m",  errorRatioThreshold: 0.00144 },
  ],
  evaluation: [
    { slo: 0.999, errorRatio: { "1h": 0.02,   "5m": 0.02,   "6h": 0.004,  "30m": 0.02,   "1d": 0.001,  "2h": 0.01,   "3d": 0.0004 }, expected: ["page 1h/5m"],   why: "fast" },
    { slo: 0.999, errorRatio: { "1h": 0.02,   "5m": 0.001,  "6h": 0.004,  "30m": 0.01,   "1d": 0.001,  "2h": 0.01,   "3d": 0.0004 }, expected: [],               why: "the short window is over" },
    { slo: 0.999, errorRatio: { "1h": 0.01,   "5m": 0.01,   "6h": 0.008,  "30m": 0.009,  "1d": 0.0025, "2h": 0.009,  "3d": 0.0008 }, expected: ["page 6h/30m"],  why: "slower" },
    { slo: 0.999, errorRatio: { "1h": 0.0035, "5m": 0.0035, "6h": 0.0035, "30m": 0.0035, "1d": 0.0035, "2h": 0.0035, "3d": 0.0009 }, expected: ["ticket 1d/2h"], why: "a ticket" },
    { slo: 0.999, errorRatio: { "1h": 0.0015, "5m": 0.0015, "6h": 0.0015, "30m": 0.0015, "1d": 0.0015, "2h": 0.0015, "3d": 0.0015 }, expected: ["ticket 3d/6h"], why: "a slow one" },
    { slo: 0.999, errorRatio: { "1h": 0.0144, "5m": 0.0144, "6h": 0.006,  "30m": 0.0144, "1d": 0.003,  "2h": 0.003,  "3d": 0.001 },  expected: [],               why: "at every threshold, and above none" },
  ],
  timeToExhaustion30d: [
    { burnRate: 1,     errorRatioAt999: 0.001, days: 30 },
    { burnRate: 1_000, errorRatioAt999: 1,     minutes: 43.2 },
  ],
  detection: [
    { slo: 0.999, windowMinutes: 60, burnRate: 14.4, errorRatio: 1, expectedSeconds: 51.84 },
  ],
};

const published = readVectors<Vectors>("slo-burn-rate.json");
const ALL = [OWN, ...(published === undefined ? [] : [published])];
const ppm = (slo: number) => Math.round(slo * 1_000_000);
const rowOf = ({ severity, longMs, shortMs, budgetPercent, burnRate }: BurnRule) => ({
  ...{ severity, budgetPercent, longWindow: longMs, shortWindow: shortMs },
  burnRate: Math.round(burnRate * 1e6) / 1e6,
});

describe.each(OBJECTIVE_WINDOWS)("rules for %s", (window) => {
  test.each(ALL)("are the published ones", (vectors) => {
    const rows = vectors[`period${window}`].map(({ longWindow, shortWindow, ...row }) => ({
      ...row,
      longWindow: parseDuration(longWindow),
      shortWindow: parseDuration(shortWindow),
    }));
    expect(burnRules(window).map(rowOf)).toEqual(rows);
  });

  test("a short window is a twelfth of the long one", () => {
    for (const { longMs, shortMs } of burnRules(window)) expect(shortMs * 12).toBe(longMs);
  });
});

test.each(ALL.flatMap(({ thresholds }) => thresholds))(
  "at $slo $severity $longWindow/$shortWindow holds above $errorRatioThreshold",
  (row) => {
    const rule = burnRules("30d").find(({ longMs }) => longMs === parseDuration(row.longWindow));
    expect(rule).toMatchObject({ severity: row.severity, shortMs: parseDuration(row.shortWindow) });
    expect(ratioThreshold(rule ?? { burnRate: 0 }, ppm(row.slo))).toBeCloseTo(row.errorRatioThreshold, 9);
  },
);

test.each(ALL.flatMap(({ evaluation }) => evaluation))("$why: $expected", ({ slo, errorRatio, expected }) => {
  const { "6h_short": _, ...ratios } = errorRatio;
  const { rules } = reportOf(ratios, { targetPpm: ppm(slo) });
  const burning = rules.filter(({ outcome }) => outcome === "burning").map(({ rule }) => nameOfRule(rule));
  expect(burning).toEqual(expected);
});

test.each(ALL.flatMap((vectors) => vectors.timeToExhaustion30d))(
  "at $burnRate times the budget is gone in time",
  (row) => {
    expect(exhaustionMs(row.burnRate, "30d")).toBeCloseTo((row.days ?? 0) * DAY_MS + (row.minutes ?? 0) * MINUTE_MS, 3);
    const total = 1_000_000;
    expect(burnRateOf({ total, bad: Math.round(total * row.errorRatioAt999) }, 999_000)).toBeCloseTo(row.burnRate, 9);
  },
);

test.each(ALL.flatMap(({ detection }) => detection))(
  "errors of $errorRatio are noticed in $expectedSeconds s",
  (row) => {
    const { slo, windowMinutes, burnRate, errorRatio } = row;
    // Until the part of the window that is full of them is above the threshold.
    const ms = (ratioThreshold({ burnRate }, ppm(slo)) / errorRatio) * windowMinutes * MINUTE_MS;
    expect(ms).toBeCloseTo(row.expectedSeconds * 1_000, 3);
  },
);

test("nothing burns without requests, and nothing is left to say of a budget", () => {
  expect(burnRateOf({ total: 0, bad: 0 }, 999_000)).toBeUndefined();
  expect(budgetRemainingPpm({ total: 0, bad: 0 }, 999_000)).toBeUndefined();
  expect(burnsFaster({ total: 0, bad: 0 }, 1, 999_000)).toBe(false);
  expect(exhaustionMs(0, "30d")).toBe(Number.POSITIVE_INFINITY);
});

// biome-ignore format: a table reads in columns
test.each([
  // total    bad     left
  [1_000,     0,      1_000_000],
  [1_000,     1,      0],
  [10_000,    5,      500_000],
  [1_000,     2,      -1_000_000],
])("of %i requests %i failed: %i ppm of a budget of 0.1%% are left", (total, bad, left) => {
  expect(budgetRemainingPpm({ total, bad }, 999_000)).toBe(left);
});

test("more errors never burn slower, and a laxer objective never faster", () => {
  const target = fc.integer({ min: 1, max: 999_998 });
  const total = fc.integer({ min: 1, max: 1_000_000_000 });
  fc.assert(
    fc.property(
      target,
      total,
      fc.nat(1_000_000_000),
      fc.constantFrom(...burnRules("30d")),
      (targetPpm, of, some, rule) => {
        const bad = some % of;
        const burns = burnsFaster({ total: of, bad }, rule.burnRate, targetPpm);
        if (burns) expect(burnsFaster({ total: of, bad: bad + 1 }, rule.burnRate, targetPpm)).toBe(true);
        if (!burns) expect(burnsFaster({ total: of, bad }, rule.burnRate, targetPpm - 1 || 1)).toBe(false);
      },
    ),
  );
});

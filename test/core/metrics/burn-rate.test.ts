/**
 * The burn alerts against the published table: Google SRE Workbook, chapter 5 (thresholds are burn rate times what the
 * objective allows, and both windows must be above). promtool evaluates the shipped rules on ratios as they are recorded.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readVectors } from "../vectors.ts";
import { promtool, skipWithoutPrometheus } from "./promtool.ts";
import { PROMETHEUS_FOLDER } from "./shipped.ts";

type Severity = "page" | "ticket";
type Threshold = {
  readonly slo: number;
  readonly severity: Severity;
  readonly longWindow: string;
  readonly shortWindow: string;
  readonly errorRatioThreshold: number;
};
type Evaluation = {
  readonly slo: number;
  readonly errorRatio: Readonly<Record<string, number>>;
  /** As in `page 1h/5m`. */
  readonly expected: readonly string[];
};
type Vectors = { readonly thresholds: readonly Threshold[]; readonly evaluation: readonly Evaluation[] };

/** Of the table for 30 days; the folder of published vectors has the other objectives too. */
const OWN: Vectors = {
  thresholds: [
    { slo: 0.999, severity: "page", longWindow: "1h", shortWindow: "5m", errorRatioThreshold: 0.0144 },
    { slo: 0.999, severity: "page", longWindow: "6h", shortWindow: "30m", errorRatioThreshold: 0.006 },
    { slo: 0.999, severity: "ticket", longWindow: "1d", shortWindow: "2h", errorRatioThreshold: 0.003 },
    { slo: 0.999, severity: "ticket", longWindow: "3d", shortWindow: "6h", errorRatioThreshold: 0.001 },
  ],
  evaluation: [
    {
      slo: 0.999,
      errorRatio: { "1h": 0.02, "5m": 0.001, "6h": 0.004, "30m": 0.01, "1d": 0.001, "2h": 0.01, "3d": 0.0004 },
      expected: [], // the short window has recovered
    },
  ],
};

const { thresholds, evaluation } = readVectors<Vectors>("slo-burn-rate.json") ?? OWN;
const WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

type Case = {
  readonly slo: number;
  readonly ratios: Readonly<Record<string, number>>;
  readonly expected: readonly Severity[];
};

const KINDS = [
  {
    name: "Error",
    ratio: "region:edge_requests:error_ratio_rate",
    objective: "region:edge_slo_availability:objective",
  },
  {
    ...{ name: "Latency", ratio: "region:edge_request_duration_seconds:slow_ratio_rate" },
    objective: "region:edge_slo_latency:objective",
  },
] as const;

const folder = mkdtempSync(path.join(tmpdir(), "fairlead-burn-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every case is a service of its own, so that one run of promtool, which reads YAML and so JSON, tells them all. */
function evaluate(cases: readonly Case[], { name, ratio, objective }: (typeof KINDS)[number]): string {
  const series = cases.flatMap(({ slo, ratios }, at) => [
    { series: `${objective}{service="case-${at}", region="us-east"}`, values: `${slo}` },
    ...WINDOWS.map((window) => ({
      series: `${ratio}${window}{service="case-${at}", region="us-east"}`,
      values: `${ratios[window] ?? 0}`,
    })),
  ]);
  const fired = cases.flatMap(({ expected }, at) =>
    expected.map((severity) => ({
      labels: `{service="case-${at}", region="us-east", severity="${severity}"}`,
      value: 1,
    })),
  );
  const file = path.join(folder, `${name}.test.yml`);
  const burning = `ALERTS{alertname=~"Fairlead${name}BudgetBurns(Fast|Slowly)"}`;
  const tests = [
    {
      ...{ interval: "1m", input_series: series },
      promql_expr_test: [
        { expr: `count by (service, region, severity) (${burning})`, eval_time: "0m", exp_samples: fired },
      ],
    },
  ];
  const ruleFiles = [path.resolve(PROMETHEUS_FOLDER, "rules", "alerts.yml")];
  writeFileSync(file, JSON.stringify({ rule_files: ruleFiles, tests }));
  const { fine, output } = promtool(["test", "rules", file]);
  return fine ? "" : output;
}

/** A thousandth to either side of the threshold, in one window of the pair or in both. */
const boundaries = thresholds.flatMap(({ slo, severity, longWindow, shortWindow, errorRatioThreshold }): Case[] => {
  const [above, below] = [errorRatioThreshold * 1.001, errorRatioThreshold * 0.999];
  return [
    { slo, ratios: { [longWindow]: above, [shortWindow]: above }, expected: [severity] },
    { slo, ratios: { [longWindow]: above, [shortWindow]: below }, expected: [] },
    { slo, ratios: { [longWindow]: below, [shortWindow]: above }, expected: [] },
  ];
});

const published = evaluation.map(
  ({ slo, errorRatio, expected }): Case => ({
    ...{ slo, ratios: errorRatio },
    expected: (["page", "ticket"] as const).filter((severity) => expected.some((one) => one.startsWith(severity))),
  }),
);

beforeEach(skipWithoutPrometheus);

describe("burn alerts", () => {
  test.each(KINDS)("$name: fire above each threshold when both windows are, and for nobody else", (kind) => {
    expect(boundaries.length).toBeGreaterThanOrEqual(12);
    expect(evaluate(boundaries, kind)).toBe("");
  });

  test.each(KINDS)("$name: fire as in the published cases", (kind) => {
    expect(published.length).toBeGreaterThan(0);
    expect(evaluate(published, kind)).toBe("");
  });

  test("a case with another outcome would be noticed", () => {
    const wrong: Case = { slo: 0.999, ratios: { "1h": 0.02, "5m": 0.02 }, expected: ["ticket"] };
    expect(evaluate([wrong], KINDS[0])).toContain("exp");
  });
});

/** The list of metrics: by the conventions of Prometheus and OpenMetrics, bounded, and shown to people as it is. */
import { describe, expect, test } from "vitest";
import { DEFINITIONS, WITHHELD } from "../../../admin/core/metrics/catalogue.ts";
import { familiesOf } from "../../../admin/core/metrics/families.ts";
import type { Definition } from "../../../admin/core/metrics/family.ts";
import { DURATION_BUCKETS_MS } from "../../../admin/core/telemetry/totals.ts";
import { FACTS } from "./facts.ts";

/** What operators of such systems look for by these names. */
const EXPECTED = [
  "edge_requests_total",
  "edge_request_duration_seconds",
  "edge_decision_duration_seconds",
  "edge_region_weight",
  "edge_region_healthy",
  "edge_region_drained",
  "edge_probe_success_total",
  "edge_release_stage",
  "edge_release_rollbacks_total",
  "edge_config_version_info",
  "edge_config_age_seconds",
  "edge_approvals_pending",
  "edge_build_info",
];

/** Buckets, the one beyond them, sum and count. */
const LINES_OF_HISTOGRAM = DURATION_BUCKETS_MS.length + 3;

/** Of one scrape, whatever the fleet. */
const LINES_MAX = 35_000;

describe("names", () => {
  test.each(DEFINITIONS)("$name ends as its kind does", ({ name, type, unit }) => {
    expect(name).toMatch(/^edge_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(name.endsWith("_info")).toBe(type === "info");
    expect(name.endsWith("_seconds")).toBe(unit === "seconds");
    expect(name.endsWith("_ratio")).toBe(unit === "ratio");
  });

  test("are there once, and nobody shows one that is withheld", () => {
    const names = DEFINITIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of Object.keys(WITHHELD)) expect(names).not.toContain(name);
    expect(EXPECTED.filter((name) => !names.includes(name) && !Object.hasOwn(WITHHELD, name))).toEqual([]);
  });
});

test("every metric of the list can be told, with the labels that it says, and no other", () => {
  const families = familiesOf(FACTS);
  const told = families.filter(({ samples }) => samples.length > 0).map(({ name }) => name);
  const omitted = "edge_series_omitted"; // of a small fleet nothing is
  expect(new Set([...told, omitted])).toEqual(new Set(DEFINITIONS.map(({ name }) => name)));
  for (const { name, samples } of families) {
    const labels = DEFINITIONS.find((one) => one.name === name)?.labels;
    for (const sample of samples) expect(new Set(Object.keys(sample.labels)), name).toEqual(new Set(labels));
  }
});

test("a scrape is bounded, whatever the fleet", () => {
  const lines = DEFINITIONS.map(({ type, seriesMax }) => seriesMax * (type === "histogram" ? LINES_OF_HISTOGRAM : 1));
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThan(LINES_MAX);
});

test("ops/METRICS.md is the list", async () => {
  await expect(render()).toMatchFileSnapshot("../../../ops/METRICS.md");
});

function render(): string {
  return [
    "# Metrics",
    "",
    "What `GET /metrics` shows and what is pushed by OTLP, under the same names. The list is `admin/core/metrics/catalogue.ts`;",
    "this page is written from it (`npx vitest run --project core test/core/metrics -u`). *At most* is the number of series,",
    `whatever the fleet; a series of the histogram has ${LINES_OF_HISTOGRAM} lines. Beyond it counters and histograms fold what is left into one series`,
    "`_other`, so that sums stay right, and gauges leave it out; `edge_series_omitted` says how many.",
    "",
    "| metric | type | labels | at most | says |",
    "|---|---|---|---|---|",
    ...DEFINITIONS.map(row),
    "",
    "Reserved, and not shown:",
    "",
    "| metric | why |",
    "|---|---|",
    ...Object.entries(WITHHELD).map(([name, why]) => `| \`${name}\` | ${why} |`),
    "",
  ].join("\n");
}

function row({ name, type, labels, seriesMax, help }: Definition): string {
  return `| \`${name}\` | ${type} | ${labels.join(", ")} | ${seriesMax.toLocaleString("en")} | ${help} |`;
}

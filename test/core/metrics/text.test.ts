/** The two texts: what differs between them, escapes, and that the series are the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { familiesOf } from "../../../admin/core/metrics/families.ts";
import type { MetricFamily } from "../../../admin/core/metrics/family.ts";
import { writeText } from "../../../admin/core/metrics/text.ts";
import { FACTS } from "./facts.ts";

const counter = (value: number, labels: Record<string, string> = {}): MetricFamily => ({
  ...{ name: "jobs_total", type: "counter", help: "Jobs.", omitted: 0 },
  samples: [{ labels, value }],
});

const duration: MetricFamily = {
  ...{ name: "job_duration_seconds", type: "histogram", help: "How long.", unit: "seconds", omitted: 0 },
  bounds: [0.005, 1, 2.5],
  samples: [{ labels: { queue: "a" }, counts: [1, 0, 2, 4], sum: 61.25 }],
};

describe("Prometheus text", () => {
  test("calls a counter by its whole name, and an info a gauge", () => {
    const info: MetricFamily = {
      ...{ name: "build_info", type: "info", help: "Which.", omitted: 0 },
      samples: [{ labels: { version: "1" }, value: 1 }],
    };
    expect(writeText([counter(3), info], "prometheus")).toBe(
      [
        "# HELP jobs_total Jobs.",
        "# TYPE jobs_total counter",
        "jobs_total 3",
        "# HELP build_info Which.",
        "# TYPE build_info gauge",
        'build_info{version="1"} 1',
        "",
      ].join("\n"),
    );
  });

  test("adds up the buckets of a histogram", () => {
    expect(writeText([duration], "prometheus")).toBe(
      [
        "# HELP job_duration_seconds How long.",
        "# TYPE job_duration_seconds histogram",
        'job_duration_seconds_bucket{queue="a",le="0.005"} 1',
        'job_duration_seconds_bucket{queue="a",le="1.0"} 1',
        'job_duration_seconds_bucket{queue="a",le="2.5"} 3',
        'job_duration_seconds_bucket{queue="a",le="+Inf"} 7',
        'job_duration_seconds_count{queue="a"} 7',
        'job_duration_seconds_sum{queue="a"} 61.25',
        "",
      ].join("\n"),
    );
  });

  test("says nothing of a metric without series", () => {
    expect(writeText([{ ...duration, samples: [] }], "prometheus")).toBe("\n");
  });
});

describe("OpenMetrics", () => {
  test("leaves _total out of the family's name, names the unit, and ends", () => {
    expect(writeText([counter(3)], "openMetrics")).toBe(
      ["# TYPE jobs counter", "# HELP jobs Jobs.", "jobs_total 3", "# EOF", ""].join("\n"),
    );
    expect(writeText([duration], "openMetrics")).toContain(
      "# TYPE job_duration_seconds histogram\n# UNIT job_duration_seconds seconds\n# HELP job_duration_seconds How long.\n",
    );
    expect(writeText([], "openMetrics")).toBe("# EOF\n");
  });
});

test.each([
  // text           in a label           in help of 0.0.4   in help of OpenMetrics
  ['say "so"', 'say \\"so\\"', 'say "so"', 'say \\"so\\"'],
  ["C:\\dir", "C:\\\\dir", "C:\\\\dir", "C:\\\\dir"],
  ["two\nlines", "two\\nlines", "two\\nlines", "two\\nlines"],
  ["größe", "größe", "größe", "größe"],
])("%j is escaped where it has to be", (text, label, help, openHelp) => {
  const family = { ...counter(1, { name: text }), help: text };
  expect(writeText([family], "prometheus")).toContain(`jobs_total{name="${label}"} 1`);
  expect(writeText([family], "prometheus")).toContain(`# HELP jobs_total ${help}\n`);
  expect(writeText([family], "openMetrics")).toContain(`# HELP jobs ${openHelp}\n`);
});

test.each([
  [0, "0"],
  [12.5, "12.5"],
  [1e21, "1e+21"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
])("%d is written %s", (value, text) => {
  expect(writeText([counter(value)], "prometheus")).toContain(`jobs_total ${text}\n`);
});

test("labels are in the order of their names, whatever order they came in", () => {
  expect(writeText([counter(1, { b: "2", a: "1" })], "prometheus")).toContain('jobs_total{a="1",b="2"} 1');
});

test("what is written can be read again, whatever is in the labels", () => {
  const meant: Readonly<Record<string, string>> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', "\\", "\n", "\r", "n", "é") }), (value) => {
      const text = writeText([counter(1, { v: value })], "prometheus");
      const [, written = ""] = /^jobs_total\{v="((?:[^"\\\n]|\\["\\n])*)"\} 1$/m.exec(text) ?? [];
      expect(written.replaceAll(/\\["\\n]/g, (escaped) => meant[escaped] ?? "")).toBe(value);
    }),
  );
});

test("every series has the same name, labels and value in both formats", () => {
  const seriesOf = (text: string) => text.split("\n").filter((line) => !line.startsWith("#"));
  const families = familiesOf(FACTS);
  expect(seriesOf(writeText(families, "openMetrics"))).toEqual(seriesOf(writeText(families, "prometheus")));
});

/** What is made of the figures, where there is something to make; and that bounds hold and lose no request. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METRICS } from "../../../admin/core/metrics/catalogue.ts";
import { familiesOf, type MetricFacts } from "../../../admin/core/metrics/families.ts";
import { family, LABEL_REST, type MetricFamily } from "../../../admin/core/metrics/family.ts";
import { writeText } from "../../../admin/core/metrics/text.ts";
import type { HealthState } from "../../../config/health.ts";
import { FACTS, NOW_MS } from "./facts.ts";

const textOf = (facts: Partial<MetricFacts>) => writeText(familiesOf({ ...FACTS, ...facts }), "prometheus");

function linesOf(name: string, facts: Partial<MetricFacts> = {}): readonly string[] {
  return textOf(facts)
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

describe("edge_region_healthy", () => {
  test.each([
    // blue        green        is
    ["healthy", "healthy", "1"],
    ["healthy", "unhealthy", "1"],
    ["degraded", "unhealthy", "1"],
    ["unknown", "unhealthy", "1"],
    ["unhealthy", "unhealthy", "0"],
    ["unknown", "unknown", undefined],
  ] as const)("%s and %s: %s", (blue, green, expected) => {
    const states: Record<string, HealthState> = { "eu-west-blue": blue, "eu-west-green": green };
    const lines = linesOf("edge_region_healthy", { health: { panic: false, states, vantages: [] } });
    expect(lines).toEqual(
      expected === undefined ? [] : [`edge_region_healthy{region="eu-west",service="web"} ${expected}`],
    );
  });

  test("a cluster that is not probed keeps a region from being down, but does not make one known", () => {
    const down = { panic: false, states: { "eu-west-blue": "unhealthy" as const }, vantages: [] };
    expect(linesOf("edge_region_healthy", { health: down })).toEqual([
      'edge_region_healthy{region="eu-west",service="web"} 1',
    ]);
    expect(linesOf("edge_region_healthy", { health: { ...down, states: {} } })).toEqual([]);
  });

  test("a region without a cluster in service is neither up nor down", () => {
    expect(linesOf("edge_region_healthy").filter((line) => line.includes("us-east"))).toEqual([]);
    expect(linesOf("edge_region_clusters")).toContain(
      'edge_region_clusters{region="us-east",service="web",state="outOfService"} 1',
    );
  });
});

test("an objective that nobody can judge is told, and no budget of it", () => {
  expect([...linesOf("edge_objective_ratio"), ...linesOf("edge_error_budget_remaining_ratio")]).toEqual([
    'edge_objective_ratio{region="eu-west",service="web",sli="availability"} 0.999',
    'edge_objective_ratio{region="us-east",service="web",sli="availability"} 0.9999',
    'edge_error_budget_remaining_ratio{region="eu-west",service="web",sli="availability"} -0.25',
  ]);
});

describe("edge_config_behind_seconds", () => {
  const behind = (oldest: number, released = 7) =>
    linesOf("edge_config_behind_seconds", {
      ...(FACTS.fleet === undefined ? {} : { fleet: { ...FACTS.fleet, releasedRevision: released } }),
      beacons: [
        { vantage: "weur", figures: { edges: [{ revision: oldest, isolates: 1, requests: 1 }], rejections: [] } },
      ],
    });

  test.each([
    // oldest  released  since
    [7, 7, "0"], // the newest
    [6, 7, "30"], // since 7 was committed
    [5, 7, "90"], // since 6 was
    [2, 7, "600"], // at least since what is remembered
    [6, 6, "0"], // 7 is tried elsewhere
    [9, 7, "0"], // a fleet object that is restored from a backup
  ])("%i while %i is released: %s s", (oldest, released, seconds) => {
    expect(behind(oldest, released)).toEqual([`edge_config_behind_seconds{vantage="weur"} ${seconds}`]);
  });

  test("is not told of a vantage from which no edge has reported", () => {
    expect(
      linesOf("edge_config_behind_seconds", {
        beacons: [{ vantage: "weur", figures: { edges: [], rejections: [] } }],
      }),
    ).toEqual([]);
  });
});

test("requests are counted by class, times by outcome", () => {
  expect(linesOf("edge_requests_total")).toEqual([
    'edge_requests_total{cluster="eu-west-blue",region="eu-west",service="web",side="stable",status_class="2xx"} 900',
    'edge_requests_total{cluster="eu-west-blue",region="eu-west",service="web",side="stable",status_class="5xx"} 100',
    'edge_requests_total{cluster="eu-west-blue",region="eu-west",service="web",side="stable",status_class="own"} 0',
    'edge_requests_total{cluster="us-east-blue",region="us-east",service="web",side="stable",status_class="2xx"} 50',
  ]);
  const labels = 'outcome="good",region="eu-west",service="web",side="stable"';
  expect(linesOf("edge_request_duration_seconds_bucket").filter((line) => line.includes(labels))).toEqual(
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"].map(
      (le, at) => `edge_request_duration_seconds_bucket{${labels},le="${le}"} ${at < 3 ? 0 : 900}`,
    ),
  );
  expect(linesOf("edge_request_duration_seconds_sum")[1]).toContain(" 27");
});

test("failovers are counted by the cluster that failed, in whatever way", () => {
  expect(linesOf("edge_failovers_total")).toEqual([
    'edge_failovers_total{cluster="eu-west-blue",region="eu-west",service="web",side="stable"} 7',
  ]);
});

test("what did not answer is missing, and nothing else is", () => {
  const { health: _, ...rest } = FACTS;
  const names = (facts: MetricFacts) => familiesOf(facts).map(({ name }) => name);
  expect(names(FACTS).filter((name) => !names(rest).includes(name))).toEqual([
    "edge_health_panic",
    "edge_vantage_trusted",
    "edge_vantage_clusters",
    "edge_region_healthy",
    "edge_region_clusters",
  ]);
});

test("nothing is younger than now, however clocks differ", () => {
  const fleet = FACTS.fleet;
  if (fleet === undefined) throw new Error("the facts have a fleet");
  expect(
    linesOf("edge_config_age_seconds", { fleet: { ...fleet, commits: [{ revision: 7, atMs: NOW_MS + 5 }] } }),
  ).toEqual(["edge_config_age_seconds 0"]);
});

describe("bounds", () => {
  const small = { ...METRICS.requests, seriesMax: 3 };
  const samplesOf = (values: readonly number[]) =>
    values.map((value, at) => ({
      labels: { service: `s${at}`, region: "r", cluster: "c", side: "stable", status_class: "2xx" },
      value,
    }));

  test("counters beyond them are folded, and every sum stays what it was", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (values) => {
        const { samples, omitted } = family(small, samplesOf(values));
        const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);
        expect(sum(valuesOf(samples))).toBe(sum(values));
        expect(samples.length).toBe(Math.min(values.length, 3));
        expect(omitted).toBe(Math.max(values.length - 3, 0));
      }),
    );
    expect(family(small, samplesOf([1, 2, 3, 4])).samples.at(-1)?.labels).toMatchObject({ service: LABEL_REST });
  });

  test("gauges beyond them are left out, and that is told", () => {
    const regions = Array.from({ length: 70 }, (_, at) => ({ region: `r${at}`, drained: false }));
    const topology = { digest: "", regions, clusters: [], weights: [], weightsOmitted: 12 };
    expect(linesOf("edge_region_drained", { topology })).toHaveLength(64);
    expect(linesOf("edge_series_omitted", { topology })).toEqual([
      'edge_series_omitted{metric="edge_region_drained"} 6',
      'edge_series_omitted{metric="edge_region_weight"} 12',
    ]);
    expect(linesOf("edge_series_omitted")).toEqual([]);
  });
});

function valuesOf(samples: MetricFamily["samples"]): readonly number[] {
  return samples.map((sample) => ("value" in sample ? sample.value : sample.sum));
}

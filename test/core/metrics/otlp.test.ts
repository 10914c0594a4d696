/** OTLP/JSON, read back by the definitions that OpenTelemetry publishes (opentelemetry-proto, as its SDK for JavaScript has them). */
import root from "@opentelemetry/otlp-transformer/build/src/generated/root.js";
import { describe, expect, test } from "vitest";
import { familiesOf } from "../../../admin/core/metrics/families.ts";
import type { MetricFamily } from "../../../admin/core/metrics/family.ts";
import { otlpMetrics } from "../../../admin/core/metrics/otlp.ts";
import { FACTS, NOW_MS } from "./facts.ts";

const Request = root.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const SOURCE = {
  resource: { "service.name": "fairlead", "service.version": "0.1.0" },
  scope: { name: "fairlead", version: "0.1.0" },
};

const families = familiesOf(FACTS);
const sent = otlpMetrics(SOURCE, families, NOW_MS);

/** As a receiver does: the JSON text to a message, to bytes and back. */
function receive(value: unknown) {
  const json: unknown = JSON.parse(JSON.stringify(value));
  const message = Request.fromObject(json as Record<string, unknown>); // the parsed text of an object is one
  return Request.decode(Request.encode(message).finish());
}

function metricNamed(name: string) {
  const metrics = receive(sent).resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  const found = metrics.find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

test("nothing is lost on the way through protobuf, and nothing is there that the definitions do not know", () => {
  // Numbers of 64 bits as text, as they were sent; what the definitions do not know would be missing here.
  const returned = Request.toObject(receive(sent), { longs: String });
  expect(returned).toEqual(JSON.parse(JSON.stringify(sent)));
});

test("every family arrives, under the name that Prometheus knows", () => {
  const names = receive(sent).resourceMetrics[0]?.scopeMetrics[0]?.metrics?.map(({ name }) => name);
  expect(names).toEqual(families.filter(({ samples }) => samples.length > 0).map(({ name }) => name));
});

describe("types", () => {
  test("a counter is a monotonic, cumulative sum of whole numbers since it began", () => {
    const { sum, unit } = metricNamed("edge_probe_success_total");
    expect(sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 });
    expect(unit ?? "").toBe("");
    const [point] = sum?.dataPoints ?? [];
    expect(point?.asInt?.toString()).toBe("700");
    expect(point?.startTimeUnixNano?.toString()).toBe(`${NOW_MS - 3_600_000}000000`);
    expect(point?.timeUnixNano?.toString()).toBe(`${NOW_MS}000000`);
  });

  test("a gauge is a gauge: whole without a unit, a fraction with one", () => {
    expect(metricNamed("edge_approvals_pending").gauge?.dataPoints?.[0]?.asInt?.toString()).toBe("2");
    const age = metricNamed("edge_config_age_seconds");
    expect(age.unit).toBe("s");
    expect(age.gauge?.dataPoints?.[0]?.asDouble).toBe(30);
  });

  test("a ratio says so, and may be below zero", () => {
    const { unit, gauge } = metricNamed("edge_error_budget_remaining_ratio");
    expect(unit).toBe("1");
    expect(gauge?.dataPoints?.map(({ asDouble }) => asDouble)).toEqual([-0.25]);
  });

  test("an info is a sum that does not grow, as OpenTelemetry has it", () => {
    const { sum } = metricNamed("edge_build_info");
    expect(sum?.isMonotonic).toBe(false);
    expect(sum?.dataPoints?.[0]?.attributes).toMatchObject([{ key: "version", value: { stringValue: "0.1.0" } }]);
  });

  test("a histogram has a count for each bucket and one beyond, which add up to all", () => {
    const { histogram, unit } = metricNamed("edge_request_duration_seconds");
    expect(unit).toBe("s");
    expect(histogram?.aggregationTemporality).toBe(2);
    for (const point of histogram?.dataPoints ?? []) {
      const counts = point.bucketCounts.map(Number);
      expect(counts).toHaveLength(point.explicitBounds.length + 1);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Number(point.count));
    }
    expect(histogram?.dataPoints).toHaveLength(3);
  });
});

test("a count without a unit that is none is a bug", () => {
  const half: MetricFamily = {
    ...{ name: "halves", type: "gauge", help: "", omitted: 0 },
    samples: [{ labels: {}, value: 0.5 }],
  };
  expect(() => otlpMetrics(SOURCE, [half], NOW_MS)).toThrow("what has no unit is counted");
});

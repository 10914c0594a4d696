/**
 * Families as an OTLP/JSON request for metrics (opentelemetry-proto 1.x, `ExportMetricsServiceRequest` in the JSON
 * mapping of protobuf): 64-bit integers as text, times in nanoseconds, cumulative temporality. Names are those that
 * Prometheus sees, suffixes included, so that rules and dashboards hold for both ways.
 */
import { invariant } from "../../../config/invariant.ts";
import { sortedBy } from "../../../config/order.ts";
import { type KeyValue, type OtlpSource, otlpAttributes, otlpResource, unixNano } from "../../../config/otlp.ts";
import type { Distribution, Labels, MetricFamily, Unit, Value } from "./family.ts";

/** `AGGREGATION_TEMPORALITY_CUMULATIVE`; in JSON enums are numbers. */
const CUMULATIVE = 2;

/** As UCUM writes them. What has no unit says none: `1` would make some receivers call it a ratio. */
const UCUM: Readonly<Record<Unit, string>> = { seconds: "s", ratio: "1" };

type PointHead = {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
};
type NumberPoint = PointHead & ({ readonly asInt: string } | { readonly asDouble: number });
type HistogramPoint = PointHead & {
  readonly count: string;
  readonly sum: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
};

export type OtlpMetric = { readonly name: string; readonly description: string; readonly unit?: string } & (
  | { readonly gauge: { readonly dataPoints: readonly NumberPoint[] } }
  | {
      readonly sum: {
        readonly dataPoints: readonly NumberPoint[];
        readonly aggregationTemporality: number;
        readonly isMonotonic: boolean;
      };
    }
  | { readonly histogram: { readonly dataPoints: readonly HistogramPoint[]; readonly aggregationTemporality: number } }
);

export type OtlpMetricsRequest = {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly metrics: readonly OtlpMetric[];
    }[];
  }[];
};

/** `atMs`: when they were read. */
export function otlpMetrics(source: OtlpSource, families: readonly MetricFamily[], atMs: number): OtlpMetricsRequest {
  const metrics = families.filter(({ samples }) => samples.length > 0).map((family) => metricOf(family, atMs));
  return {
    resourceMetrics: [{ resource: otlpResource(source), scopeMetrics: [{ scope: source.scope, metrics }] }],
  };
}

function metricOf(family: MetricFamily, atMs: number): OtlpMetric {
  const { name, help, unit } = family;
  const head = { name, description: help, ...(unit === undefined ? {} : { unit: UCUM[unit] }) };
  if (family.type === "histogram") {
    const dataPoints = family.samples.map((sample) => histogramPoint(sample, family.bounds, atMs));
    return { ...head, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
  }
  const dataPoints = family.samples.map((sample) => numberPoint(sample, { atMs, whole: unit === undefined }));
  if (family.type === "gauge") return { ...head, gauge: { dataPoints } };
  // An info is a sum that never grows, as OpenTelemetry's rules for OpenMetrics have it.
  return { ...head, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: family.type === "counter" } };
}

/** A metric is of whole numbers or of fractions as a whole: receivers do not like points of both kinds in one. */
function numberPoint(
  { labels, value, sinceMs }: Value,
  { atMs, whole }: { readonly atMs: number; readonly whole: boolean },
): NumberPoint {
  const head = pointHead(labels, sinceMs, atMs);
  if (!whole) return { ...head, asDouble: value };
  invariant(Number.isSafeInteger(value), "what has no unit is counted");
  return { ...head, asInt: String(value) };
}

function histogramPoint(
  { labels, counts, sum, sinceMs }: Distribution,
  bounds: readonly number[],
  atMs: number,
): HistogramPoint {
  return {
    ...pointHead(labels, sinceMs, atMs),
    count: String(counts.reduce((total, count) => total + count, 0)),
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
  };
}

function pointHead(labels: Labels, sinceMs: number | undefined, atMs: number): PointHead {
  return {
    ...(Object.keys(labels).length === 0 ? {} : { attributes: attributesOf(labels) }),
    ...(sinceMs === undefined ? {} : { startTimeUnixNano: unixNano(sinceMs) }),
    timeUnixNano: unixNano(atMs),
  };
}

function attributesOf(labels: Labels): readonly KeyValue[] {
  return otlpAttributes(Object.fromEntries(sortedBy(Object.entries(labels), ([key]) => key)));
}

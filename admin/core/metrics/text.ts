/**
 * Families as text: Prometheus 0.0.4 and OpenMetrics 1.0. The two differ in how a family is called (OpenMetrics leaves
 * out `_total` and `_info`), in types, escapes and the end; every series has the same name and labels in both, so that
 * nothing changes for whoever scrapes with another `Accept`. No `_created`: optional, and a series more for each.
 */
import { sortedBy } from "../../../config/order.ts";
import type { Distribution, Labels, MetricFamily } from "./family.ts";

export type TextFormat = "prometheus" | "openMetrics";

export const CONTENT_TYPES = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const satisfies Readonly<Record<TextFormat, string>>;

export function writeText(families: readonly MetricFamily[], format: TextFormat): string {
  const told = families.filter(({ samples }) => samples.length > 0);
  const lines = told.flatMap((family) => [...headLines(family, format), ...sampleLines(family)]);
  return `${[...lines, ...(format === "openMetrics" ? ["# EOF"] : [])].join("\n")}\n`;
}

function headLines(family: MetricFamily, format: TextFormat): readonly string[] {
  const { name, type, help, unit } = family;
  if (format === "prometheus") {
    const known = type === "info" ? "gauge" : type;
    return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${known}`];
  }
  const bare = name.replace(/_(?:total|info)$/, "");
  return [
    `# TYPE ${bare} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${bare} ${unit}`]),
    `# HELP ${bare} ${escapeHelp(help).replaceAll('"', '\\"')}`,
  ];
}

function sampleLines(family: MetricFamily): readonly string[] {
  const { name } = family;
  if (family.type !== "histogram")
    return family.samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`);
  return family.samples.flatMap((sample) => histogramLines(name, family.bounds, sample));
}

function histogramLines(
  name: string,
  bounds: readonly number[],
  { labels, counts, sum }: Distribution,
): readonly string[] {
  let count = 0;
  const buckets = counts.map((inBucket, at) => {
    count += inBucket;
    return `${name}_bucket${labelText(labels, boundText(bounds[at]))} ${numberText(count)}`;
  });
  const text = labelText(labels);
  return [...buckets, `${name}_count${text} ${numberText(count)}`, `${name}_sum${text} ${numberText(sum)}`];
}

/** As OpenMetrics wants it, in both formats: `le` is part of the name of a series. */
function boundText(bound: number | undefined): string {
  if (bound === undefined) return "+Inf";
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

/** In the order of their names, and `le` last, as everybody writes it. */
function labelText(labels: Labels, bound?: string): string {
  const sorted = sortedBy(Object.entries(labels), ([name]) => name);
  const pairs = bound === undefined ? sorted : [...sorted, ["le", bound]];
  if (pairs.length === 0) return "";
  return `{${pairs.map(([name, value = ""]) => `${name}="${escapeValue(value)}"`).join(",")}}`;
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value); // `NaN` is called so everywhere
}

/**
 * A metric with everything that it says at one moment, in no format yet: the writers (`text.ts`, `otlp.ts`) and the
 * catalogue of what there is (`catalogue.ts`) meet here. Bounds the number of series, whatever the fleet.
 */
import { invariant } from "../../../config/invariant.ts";

export type MetricType = "counter" | "gauge" | "info" | "histogram";

export type Unit = "seconds" | "ratio";

export type Labels = Readonly<Record<string, string>>;

export type Value = {
  readonly labels: Labels;
  /** Whole, unless the metric has a unit. */
  readonly value: number;
  /** Of counters: since when it has been counted, in milliseconds since the epoch. */
  readonly sinceMs?: number;
};

export type Distribution = {
  readonly labels: Labels;
  /** How many fell into each bucket alone, the last one beyond all bounds: one more than there are bounds. */
  readonly counts: readonly number[];
  /** Of all values, in the unit of the metric. */
  readonly sum: number;
  readonly sinceMs?: number;
};

type Head = {
  /** As queries write it: `_total` ends counters, `_info` infos, the unit everything that has one. */
  readonly name: string;
  readonly help: string;
  readonly unit?: Unit;
  /** Series that there was no room for: folded together in counters and histograms, left out of the others. */
  readonly omitted: number;
};

export type MetricFamily =
  | (Head & { readonly type: "counter" | "gauge" | "info"; readonly samples: readonly Value[] })
  | (Head & {
      readonly type: "histogram";
      /** Upper bounds of the buckets, inclusive, rising, in the unit of the metric. */
      readonly bounds: readonly number[];
      readonly samples: readonly Distribution[];
    });

export type Definition = {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit?: Unit;
  readonly labels: readonly string[];
  /** The most series that are ever shown. */
  readonly seriesMax: number;
};

/** No name in a fleet has an underscore, so this stands for nobody else. */
export const LABEL_REST = "_other";

type LabelsOf<D extends Definition> = { readonly labels: Readonly<Record<D["labels"][number], string>> };

/** Samples in the order in which they may stay: when there are too many, those at the end lose their own series. */
export function family<D extends Definition & { readonly type: "counter" | "gauge" | "info" }>(
  { name, type, help, unit, labels, seriesMax }: D,
  samples: readonly (Omit<Value, "labels"> & LabelsOf<D>)[],
): MetricFamily {
  const kept = type === "counter" ? foldRest(samples, labels, seriesMax) : samples.slice(0, seriesMax);
  const omitted = Math.max(samples.length - seriesMax, 0);
  return { ...{ name, type, help, omitted }, samples: kept, ...(unit === undefined ? {} : { unit }) };
}

export function histogram<D extends Definition & { readonly type: "histogram" }>(
  { name, type, help, unit, labels, seriesMax }: D,
  {
    bounds,
    samples,
  }: { readonly bounds: readonly number[]; readonly samples: readonly (Omit<Distribution, "labels"> & LabelsOf<D>)[] },
): MetricFamily {
  for (const { counts } of samples)
    invariant(counts.length === bounds.length + 1, "a bucket for each bound, and one beyond");
  const omitted = Math.max(samples.length - seriesMax, 0);
  const kept = foldDistributions(samples, labels, seriesMax);
  return { ...{ name, type, help, omitted, bounds }, samples: kept, ...(unit === undefined ? {} : { unit }) };
}

/** What is counted must not get lost: sums over all series stay what they are. */
function foldRest(samples: readonly Value[], labels: readonly string[], seriesMax: number): readonly Value[] {
  if (samples.length <= seriesMax) return samples;
  const rest = samples.slice(seriesMax - 1);
  const value = rest.reduce((sum, sample) => sum + sample.value, 0);
  return [...samples.slice(0, seriesMax - 1), { labels: restLabels(labels), value, ...earliest(rest) }];
}

function foldDistributions(
  samples: readonly Distribution[],
  labels: readonly string[],
  seriesMax: number,
): readonly Distribution[] {
  if (samples.length <= seriesMax) return samples;
  const rest = samples.slice(seriesMax - 1);
  const counts = rest.map((sample) => sample.counts).reduce((a, b) => a.map((count, at) => count + (b[at] ?? 0)));
  const sum = rest.reduce((total, sample) => total + sample.sum, 0);
  return [...samples.slice(0, seriesMax - 1), { labels: restLabels(labels), counts, sum, ...earliest(rest) }];
}

function restLabels(labels: readonly string[]): Labels {
  return Object.fromEntries(labels.map((label) => [label, LABEL_REST]));
}

function earliest(samples: readonly { readonly sinceMs?: number }[]): { readonly sinceMs?: number } {
  const known = samples.flatMap(({ sinceMs }) => (sinceMs === undefined ? [] : [sinceMs]));
  return known.length === 0 ? {} : { sinceMs: Math.min(...known) };
}

/**
 * Questions about telemetry, answered from rows: a count, a ratio or a time at a quantile, of what filters leave, for each
 * group, over the whole stretch and for each step of it. Beside every figure is the number of requests behind it, and
 * where there were none the figure is "no data", never 0: silence says nothing about a service.
 */
import { quantile, type Sketch, SketchBuilder } from "../../../config/sketch.ts";
import type { StatusClass, TelemetryKey, TelemetryRow } from "../../../config/telemetry.ts";

export const DIMENSIONS = ["service", "region", "cluster", "side", "continent", "statusClass", "revision"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Steps of one answer. */
export const STEPS_MAX = 400;
/** Groups of one answer: those with the most requests. */
export const GROUPS_MAX = 100;

export type Measure =
  /** Requests. */
  | { readonly kind: "requests" }
  /** The part of requests with one of these classes, from 0 to 1. */
  | { readonly kind: "ratio"; readonly of: readonly StatusClass[] }
  /** Milliseconds to the head of the answer. */
  | { readonly kind: "quantile"; readonly q: number };

export type MetricsQuery = {
  readonly measure: Measure;
  /**
   * `request`: as clients saw it, each request once, in the end. `attempt`: as clusters did, so that an attempt which
   * failed counts against its cluster though another one made it good.
   */
  readonly per: "request" | "attempt";
  /** Any of these values; absent: all. */
  readonly filters: Partial<Readonly<Record<Dimension, readonly string[]>>>;
  readonly groupBy: readonly Dimension[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
};

export type Figure =
  | { readonly state: "ok"; readonly value: number; readonly samples: number }
  | { readonly state: "noData"; readonly samples: 0 };

export type Group = {
  readonly key: Partial<Readonly<Record<Dimension, string>>>;
  /** Of the whole stretch. */
  readonly total: Figure;
  /** One for each step, in their order. */
  readonly points: readonly (Figure & { readonly atMs: number })[];
};

export type MetricsResult = {
  /** With the most requests first. One without key when nothing is grouped by. */
  readonly groups: readonly Group[];
  /** Groups that were too many to be in the answer. */
  readonly groupsLeftOut: number;
};

export type Step = { readonly atMs: number; readonly rows: readonly TelemetryRow[] };

/** Where the steps of a query begin: at multiples of the step, the first at or before `fromMs`. */
export function stepsOf({ fromMs, toMs, stepMs }: Pick<MetricsQuery, "fromMs" | "toMs" | "stepMs">): readonly number[] {
  const firstMs = Math.floor(fromMs / stepMs) * stepMs;
  return Array.from(
    { length: Math.max(0, Math.ceil((toMs - firstMs) / stepMs)) },
    (_, index) => firstMs + index * stepMs,
  );
}

export function evaluate(query: MetricsQuery, steps: readonly Step[]): MetricsResult {
  const groups = new Map<string, { key: Group["key"]; tallies: (Tally | undefined)[] }>();
  if (query.groupBy.length === 0) groups.set("[]", { key: {}, tallies: [] });
  for (const [index, { rows }] of steps.entries()) {
    for (const row of rows) {
      if (samplesOf(row, query.per) === 0 || !passes(row.key, query.filters)) continue;
      const name = JSON.stringify(query.groupBy.map((dimension) => row.key[dimension]));
      const group = groups.get(name) ?? { key: keyOf(row.key, query.groupBy), tallies: [] };
      groups.set(name, group);
      const tally = group.tallies[index] ?? new Tally(query);
      group.tallies[index] = tally;
      tally.add(row);
    }
  }
  const ranked = [...groups.values()]
    .map(({ key, tallies }) => groupOf(query, key, tallies, steps))
    .sort((a, b) => b.total.samples - a.total.samples);
  return { groups: ranked.slice(0, GROUPS_MAX), groupsLeftOut: Math.max(0, ranked.length - GROUPS_MAX) };
}

function groupOf(
  query: MetricsQuery,
  key: Group["key"],
  tallies: readonly (Tally | undefined)[],
  steps: readonly Step[],
): Group {
  const total = new Tally(query);
  for (const tally of tallies) if (tally !== undefined) total.addTally(tally);
  const points = steps.map(({ atMs }, index) => ({ atMs, ...(tallies[index]?.figure() ?? NO_DATA) }));
  return { key, total: total.figure(), points };
}

const NO_DATA: Figure = { state: "noData", samples: 0 };

/** What one figure is made of. */
class Tally {
  readonly #measure: Measure;
  readonly #per: MetricsQuery["per"];
  readonly #times: SketchBuilder | undefined;
  #samples = 0;
  #counted = 0;

  constructor({ measure, per }: Pick<MetricsQuery, "measure" | "per">) {
    this.#measure = measure;
    this.#per = per;
    this.#times = measure.kind === "quantile" ? new SketchBuilder() : undefined;
  }

  add(row: TelemetryRow): void {
    const { key, latency } = row;
    const samples = samplesOf(row, this.#per);
    this.#samples += samples;
    if (this.#measure.kind === "ratio" && this.#measure.of.includes(key.statusClass)) this.#counted += samples;
    this.#times?.addSketch(latency);
  }

  addTally(other: Tally): void {
    this.#samples += other.#samples;
    this.#counted += other.#counted;
    const times: Sketch | undefined = other.#times?.build();
    if (times !== undefined) this.#times?.addSketch(times);
  }

  figure(): Figure {
    const samples = this.#samples;
    const value = samples === 0 ? undefined : this.#value(samples);
    return value === undefined ? NO_DATA : { state: "ok", value, samples };
  }

  #value(samples: number): number | undefined {
    const measure = this.#measure;
    if (measure.kind === "requests") return samples;
    if (measure.kind === "ratio") return this.#counted / samples;
    return this.#times === undefined ? undefined : quantile(this.#times.build(), measure.q);
  }
}

function samplesOf({ requests, failovers = 0 }: TelemetryRow, per: MetricsQuery["per"]): number {
  return per === "attempt" ? requests + failovers : requests;
}

function passes(key: TelemetryKey, filters: MetricsQuery["filters"]): boolean {
  return DIMENSIONS.every((dimension) => filters[dimension]?.includes(String(key[dimension])) ?? true);
}

function keyOf(key: TelemetryKey, groupBy: readonly Dimension[]): Group["key"] {
  return Object.fromEntries(groupBy.map((dimension) => [dimension, String(key[dimension])]));
}

/**
 * What objectives are judged by: how many requests of a service in a region there were in a window that ends now, and how
 * many were bad, by cluster. A latency objective looks at answers that are no errors; those are the other objective's.
 */
import { groupBy } from "../../../config/group.ts";
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";
import type { ServiceCounts } from "../telemetry/counts.ts";
import { slowOf } from "../telemetry/counts.ts";
import type { Errors } from "./burn-rules.ts";
import type { Objective } from "./objective.ts";

/** What was counted in a window. No entry of a cluster: no requests. */
export type CountedWindow = {
  /** Where the window ends. */
  readonly atMs: number;
  readonly counts: readonly ServiceCounts[];
};

/** Of the window of that length that ended last; undefined when nobody could say. */
export type CountsOver = (windowMs: number) => CountedWindow | undefined;

export type SliCounts = Errors & {
  readonly atMs: number;
  readonly clusters: readonly ({ readonly cluster: string } & Errors)[];
};

/** What is counted is sorted by service once for each window, however many objectives there are. */
export class CountedWindows {
  readonly #countsOver: CountsOver;
  readonly #byWindow = new Map<number, Sorted | undefined>();

  constructor(countsOver: CountsOver) {
    this.#countsOver = countsOver;
  }

  /**
   * Undefined: nobody could say, which is not the same as no requests. What edges had to answer themselves is held against
   * all requests of the service: by itself it is nothing but errors.
   */
  counts(objective: Scope, windowMs: number): SliCounts | undefined {
    const sorted = this.#sorted(windowMs);
    if (sorted === undefined) return undefined;
    const { atMs, services } = sorted;
    const all = services.get(objective.service) ?? [];
    const clusters = all
      .filter(({ region }) => region === objective.region)
      .map((counts) => ({ cluster: counts.cluster, ...errorsOf(counts, objective) }));
    const own = sumOf(clusters);
    if (objective.region !== TELEMETRY_NONE) return { ...own, atMs, clusters };
    return { bad: own.bad, total: sumOf(all.map((counts) => errorsOf(counts, objective))).total, atMs, clusters };
  }

  #sorted(windowMs: number): Sorted | undefined {
    if (this.#byWindow.has(windowMs)) return this.#byWindow.get(windowMs);
    const counted = this.#countsOver(windowMs);
    const sorted = counted && { atMs: counted.atMs, services: groupBy(counted.counts, ({ service }) => service) };
    this.#byWindow.set(windowMs, sorted);
    return sorted;
  }
}

type Sorted = {
  readonly atMs: number;
  readonly services: ReadonlyMap<string, readonly ServiceCounts[]>;
};

type Scope = Pick<Objective, "service" | "region" | "sli" | "thresholdMs">;

function errorsOf(counts: ServiceCounts, { sli, thresholdMs = 0 }: Pick<Objective, "sli" | "thresholdMs">): Errors {
  const { total, bad } = counts;
  return sli === "availability" ? { total, bad } : { total: total - bad, bad: slowOf(counts, thresholdMs) };
}

export function sumOf(parts: readonly Errors[]): Errors {
  return parts.reduce((sum, { total, bad }) => ({ total: sum.total + total, bad: sum.bad + bad }), {
    total: 0,
    bad: 0,
  });
}

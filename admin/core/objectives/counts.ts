/**
 * What objectives are judged by: how many requests of a service in a region there were in a window that ends now, and how
 * many were bad, by cluster. A latency objective looks at answers that are no errors; those are the other objective's.
 */
import { groupBy } from "../../../config/checks/group.ts";
import type { ServiceCounts } from "../telemetry/counts.ts";
import { slowOf } from "../telemetry/counts.ts";
import type { Errors } from "./burn-rules.ts";
import type { Objective } from "./objective.ts";

/** Of the window that ends now; undefined when nobody could say. No entry: no requests. */
export type CountsOver = (windowMs: number) => readonly ServiceCounts[] | undefined;

export type SliCounts = Errors & {
  readonly clusters: readonly ({ readonly cluster: string } & Errors)[];
};

/** Sums by service and region are looked for once for each window, however many objectives there are. */
export class CountedWindows {
  readonly #countsOver: CountsOver;
  readonly #byPlace = new Map<number, ReadonlyMap<string, readonly ServiceCounts[]> | undefined>();

  constructor(countsOver: CountsOver) {
    this.#countsOver = countsOver;
  }

  /** Undefined: nobody could say, which is not the same as no requests. */
  counts(
    objective: Pick<Objective, "service" | "region" | "sli" | "thresholdMs">,
    windowMs: number,
  ): SliCounts | undefined {
    const places = this.#placesOf(windowMs);
    if (places === undefined) return undefined;
    const clusters = (places.get(placeOf(objective)) ?? []).map((counts) => ({
      cluster: counts.cluster,
      ...errorsOf(counts, objective),
    }));
    return { ...sumOf(clusters), clusters };
  }

  #placesOf(windowMs: number): ReadonlyMap<string, readonly ServiceCounts[]> | undefined {
    if (this.#byPlace.has(windowMs)) return this.#byPlace.get(windowMs);
    const counts = this.#countsOver(windowMs);
    const places = counts === undefined ? undefined : groupBy(counts, placeOf);
    this.#byPlace.set(windowMs, places);
    return places;
  }
}

function placeOf({ service, region }: { readonly service: string; readonly region: string }): string {
  return `${service}/${region}`;
}

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

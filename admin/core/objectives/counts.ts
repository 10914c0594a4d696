/**
 * What objectives are judged by: how many requests of a service in a region there were in a window that ends now, and how
 * many were bad, by cluster. A latency objective looks at answers that are no errors; those are the other objective's.
 */
import { groupBy } from "../../../config/checks/group.ts";
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";
import type { ServiceCounts } from "../telemetry/counts.ts";
import { slowOf } from "../telemetry/counts.ts";
import type { Errors } from "./burn-rules.ts";
import type { Objective } from "./objective.ts";

/** Of the window that ends now; undefined when nobody could say. No entry: no requests. */
export type CountsOver = (windowMs: number) => readonly ServiceCounts[] | undefined;

export type SliCounts = Errors & {
  readonly clusters: readonly ({ readonly cluster: string } & Errors)[];
};

/** What is counted is sorted by service once for each window, however many objectives there are. */
export class CountedWindows {
  readonly #countsOver: CountsOver;
  readonly #byWindow = new Map<number, ReadonlyMap<string, readonly ServiceCounts[]> | undefined>();

  constructor(countsOver: CountsOver) {
    this.#countsOver = countsOver;
  }

  /**
   * Undefined: nobody could say, which is not the same as no requests. What edges had to answer themselves is held against
   * all requests of the service: by itself it is nothing but errors.
   */
  counts(objective: Scope, windowMs: number): SliCounts | undefined {
    const services = this.#servicesOf(windowMs);
    if (services === undefined) return undefined;
    const all = services.get(objective.service) ?? [];
    const clusters = all
      .filter(({ region }) => region === objective.region)
      .map((counts) => ({ cluster: counts.cluster, ...errorsOf(counts, objective) }));
    const own = sumOf(clusters);
    if (objective.region !== TELEMETRY_NONE) return { ...own, clusters };
    return { bad: own.bad, total: sumOf(all.map((counts) => errorsOf(counts, objective))).total, clusters };
  }

  #servicesOf(windowMs: number): ReadonlyMap<string, readonly ServiceCounts[]> | undefined {
    if (this.#byWindow.has(windowMs)) return this.#byWindow.get(windowMs);
    const counts = this.#countsOver(windowMs);
    const services = counts === undefined ? undefined : groupBy(counts, ({ service }) => service);
    this.#byWindow.set(windowMs, services);
    return services;
  }
}

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

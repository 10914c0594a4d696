/**
 * How much traffic the edges of one vantage saw within the last minute, by country and by route, and some of its
 * requests. In memory and bounded. Rates are sums over a window, not averages that fade: they can be added up by hand.
 */
import { COUNTRIES_REST, type EdgeReport, REPORT_MS, type RequestSample, ROUTES_REST } from "../../../config/beacon.ts";
import { BoundedCounts } from "../../../config/bounded-counts.ts";
import { TimeBuckets } from "./time-buckets.ts";

export const DEMAND_WINDOW_MS = 60_000;
const BUCKET_MS = 10_000;

/** There are 250 countries. */
const COUNTRIES_MAX = 300;
/** A fleet may have five times as many routes; what is beyond is added up. */
const ROUTES_MAX = 1_000;

export const SAMPLES_KEPT_MAX = 200;
/** A request of yesterday is no example of today's, and nobody's paths should lie about for longer than they are of use. */
export const SAMPLES_KEPT_MS = 60 * 60_000;

/** Requests that had a route. Everything is a rate per second but `requests`, the number behind it. */
export type BeaconDemand = {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** ISO 3166-1 alpha-2; `XX` not known, `T1` Tor, `ZZ` all that were too many. */
  readonly countries: Readonly<Record<string, number>>;
  /** By name; `*` all that were too many. */
  readonly routes: Readonly<Record<string, number>>;
  /** Newest last. */
  readonly samples: readonly RequestSample[];
};

type Seen = { readonly countries: BoundedCounts; readonly routes: BoundedCounts };

export class RecentDemand {
  readonly #buckets = new TimeBuckets<Seen>({
    bucketMs: BUCKET_MS,
    keptMs: DEMAND_WINDOW_MS,
    make: () => ({
      countries: new BoundedCounts(COUNTRIES_MAX, COUNTRIES_REST),
      routes: new BoundedCounts(ROUTES_MAX, ROUTES_REST),
    }),
  });
  /** When the first report of the window was heard. */
  #sinceMs = 0;
  #samples: { readonly sample: RequestSample; readonly heardAtMs: number }[] = [];

  accept({ countries = {}, routes = {}, sample = [] }: EdgeReport, nowMs: number): void {
    if (this.#buckets.recent(nowMs).length === 0) this.#sinceMs = nowMs;
    const seen = this.#buckets.at(nowMs);
    for (const [country, count] of Object.entries(countries)) seen.countries.add(country, count);
    for (const [route, count] of Object.entries(routes)) seen.routes.add(route, count);
    const heard = sample.map((one) => ({ sample: one, heardAtMs: nowMs }));
    this.#samples = [...this.#samples, ...heard].slice(-SAMPLES_KEPT_MAX);
  }

  view(nowMs: number): BeaconDemand {
    const buckets = this.#buckets.recent(nowMs);
    const countries = sumOf(buckets.map(({ value }) => value.countries));
    const routes = sumOf(buckets.map(({ value }) => value.routes));
    const requests = [...countries.values()].reduce((sum, count) => sum + count, 0);
    const seconds = this.#coveredMs(nowMs, buckets[0]?.startMs ?? nowMs) / 1_000;
    return {
      requests,
      requestsPerSecond: requests / seconds,
      countries: rates(countries, seconds),
      routes: rates(routes, seconds),
      samples: this.#samples.filter(({ heardAtMs }) => nowMs - heardAtMs < SAMPLES_KEPT_MS).map(({ sample }) => sample),
    };
  }

  /**
   * What the sums stand for: the time since the oldest bucket began or, in the first minute, since the first report. A
   * report counts the ten seconds before it, so the shortest time is that.
   */
  #coveredMs(nowMs: number, oldestMs: number): number {
    return Math.max(REPORT_MS, nowMs - Math.max(this.#sinceMs, oldestMs));
  }
}

function sumOf(all: readonly BoundedCounts[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of all.flatMap((counts) => counts.entries())) sums.set(name, (sums.get(name) ?? 0) + count);
  return sums;
}

function rates(counts: ReadonlyMap<string, number>, seconds: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Array.from(counts, ([name, count]) => [name, count / seconds]));
}

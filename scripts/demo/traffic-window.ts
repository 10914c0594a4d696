/**
 * What the traffic of the last seconds looked like: who was served where, and what failed. A window, not a total, so
 * that a drain shows within seconds. The sums since the start are kept beside it, because an error must not scroll away.
 */

/** Short enough that a drain shows, long enough that a country with one request a second has a share. */
export const WINDOW_MS = 10_000;
const BUCKET_MS = 500;

export type Observation = {
  readonly country: string;
  /** Where it was served, or what went wrong. */
  readonly outcome:
    | { readonly kind: "served"; readonly region: string; readonly cluster: string; readonly revision: string }
    | { readonly kind: "failed"; readonly error: string };
};

export type TrafficSummary = {
  readonly windowMs: number;
  readonly requests: number;
  /** Largest first; countries of one size by code. */
  readonly countries: readonly CountryTraffic[];
  readonly byRegion: Readonly<Record<string, number>>;
  readonly byCluster: Readonly<Record<string, number>>;
  /** The revisions that the edge decided by: two for a moment, after a change. */
  readonly byRevision: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly sinceStart: { readonly requests: number; readonly errors: number };
};

export type CountryTraffic = {
  readonly code: string;
  readonly requests: number;
  readonly errors: number;
  readonly byRegion: Readonly<Record<string, number>>;
};

type Bucket = { readonly startMs: number; readonly observations: Observation[] };

export class TrafficWindow {
  #buckets: Bucket[] = [];
  #requests = 0;
  #errors = 0;

  record(observation: Observation, nowMs: number): void {
    this.#requests += 1;
    if (observation.outcome.kind === "failed") this.#errors += 1;
    const startMs = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS;
    const last = this.#buckets.at(-1);
    if (last?.startMs === startMs) last.observations.push(observation);
    else this.#buckets.push({ startMs, observations: [observation] });
    this.#forget(nowMs);
  }

  summarize(nowMs: number): TrafficSummary {
    this.#forget(nowMs);
    const observations = this.#buckets.flatMap((bucket) => bucket.observations);
    const byCountry = Map.groupBy(observations, ({ country }) => country);
    const countries = [...byCountry].map(([code, theirs]) => countryTraffic(code, theirs));
    return {
      windowMs: WINDOW_MS,
      requests: observations.length,
      countries: countries.sort((a, b) => b.requests - a.requests || (a.code < b.code ? -1 : 1)),
      byRegion: countRegions(observations),
      byCluster: count(observations, ({ outcome }) => (outcome.kind === "served" ? outcome.cluster : undefined)),
      byRevision: count(observations, ({ outcome }) => (outcome.kind === "served" ? outcome.revision : undefined)),
      errors: count(observations, ({ outcome }) => (outcome.kind === "failed" ? outcome.error : undefined)),
      sinceStart: { requests: this.#requests, errors: this.#errors },
    };
  }

  #forget(nowMs: number): void {
    this.#buckets = this.#buckets.filter(({ startMs }) => startMs > nowMs - WINDOW_MS);
  }
}

function countryTraffic(code: string, observations: readonly Observation[]): CountryTraffic {
  const errors = observations.filter(({ outcome }) => outcome.kind === "failed").length;
  return { code, requests: observations.length, errors, byRegion: countRegions(observations) };
}

function countRegions(observations: readonly Observation[]): Record<string, number> {
  return count(observations, ({ outcome }) => (outcome.kind === "served" ? outcome.region : undefined));
}

function count<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

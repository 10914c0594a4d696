/**
 * Ranks the regions of a service by the time to first byte that clients of one place see, from what this isolate
 * measures itself. A stateful core without I/O. Figures are exponentially weighted means; the order only changes when a
 * region is better by a clear margin, so that a metro between two regions does not swing back and forth.
 */

export type LatencyOptions = {
  /** Weight of the newest sample (Envoy's load-aware locality uses the same). */
  readonly alpha: number;
  /** Samples before a region counts as measured. */
  readonly samplesMin: number;
  /** Who overtakes must be faster by both: an absolute and a relative margin (NS1 Pulsar stabilization). */
  readonly marginMs: number;
  readonly marginPercent: number;
  /** Figures older than this are forgotten: better distance than yesterday's network. */
  readonly staleMs: number;
  /** Pairs of service and place that are remembered; the least recently measured go first. */
  readonly keysMax: number;
};

export const LATENCY_DEFAULTS: LatencyOptions = {
  alpha: 0.3,
  samplesMin: 5,
  marginMs: 10,
  marginPercent: 15,
  staleMs: 600_000,
  keysMax: 2_000,
};

type Figure = { ms: number; samples: number; atMs: number };
type Entry = { readonly figures: Map<string, Figure>; ranks: readonly string[] };

export class LatencyTracker {
  readonly #options: LatencyOptions;
  readonly #entries = new Map<string, Entry>();
  /** Rises when any ranking changes. */
  #generation = 0;

  constructor(options: LatencyOptions = LATENCY_DEFAULTS) {
    this.#options = options;
  }

  get generation(): number {
    return this.#generation;
  }

  /** `key` is that of `latencyKey`. */
  record(key: string, region: string, ms: number, now: number): void {
    const entry = this.#touch(key);
    const figure = entry.figures.get(region);
    if (figure === undefined || now - figure.atMs > this.#options.staleMs) {
      entry.figures.set(region, { ms, samples: 1, atMs: now });
    } else {
      figure.ms += this.#options.alpha * (ms - figure.ms);
      figure.samples += 1;
      figure.atMs = now;
    }
    this.#rank(entry, now);
  }

  /** Regions that are measured, fastest first, by key. */
  ranks(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#entries].map(([key, { ranks }]) => [key, ranks]));
  }

  /** Moves the key to the young end, and drops the oldest when there are too many. */
  #touch(key: string): Entry {
    const entry = this.#entries.get(key) ?? { figures: new Map(), ranks: [] };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > this.#options.keysMax) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return entry;
  }

  #rank(entry: Entry, now: number): void {
    const { samplesMin, staleMs } = this.#options;
    for (const [region, { atMs }] of entry.figures) if (now - atMs > staleMs) entry.figures.delete(region);
    const measured = [...entry.figures].filter(([, { samples }]) => samples >= samplesMin).map(([region]) => region);
    const ranks = settle(entry.ranks, measured, (region) => entry.figures.get(region)?.ms ?? 0, this.#options);
    if (ranks.length === entry.ranks.length && ranks.every((region, i) => region === entry.ranks[i])) return;
    entry.ranks = ranks;
    this.#generation += 1;
  }
}

/**
 * The old order as far as it still holds: newcomers go in by their figure, and a region overtakes the one before it only
 * by a clear margin. Insertion into the old order, so one slow sample moves nothing.
 */
export function settle(
  before: readonly string[],
  measured: readonly string[],
  msOf: (region: string) => number,
  { marginMs, marginPercent }: Pick<LatencyOptions, "marginMs" | "marginPercent">,
): readonly string[] {
  const overtakes = (region: string, ahead: string) =>
    msOf(ahead) - msOf(region) > Math.max(marginMs, (msOf(ahead) * marginPercent) / 100);
  const kept = before.filter((region) => measured.includes(region));
  const newcomers = measured.filter((region) => !before.includes(region)).sort((a, b) => msOf(a) - msOf(b));
  const order: string[] = [];
  for (const region of [...kept, ...newcomers]) {
    let at = order.length;
    const isNew = !before.includes(region);
    for (let ahead = order[at - 1]; ahead !== undefined; ahead = order[at - 1]) {
      // A newcomer has no place to defend, and nobody has one against it.
      const passes = isNew && before.length === 0 ? msOf(region) < msOf(ahead) : overtakes(region, ahead);
      if (!passes) break;
      at -= 1;
    }
    order.splice(at, 0, region);
  }
  return order;
}

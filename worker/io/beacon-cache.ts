/**
 * One answer of a beacon for all isolates of a data centre, through the Cache API. Without it each of them asks for
 * itself, and a beacon would see (and bill) every isolate on Earth; with it, every data centre.
 *
 * **Age.** An edge acts on what a beacon said for `beaconMs` at most; that is how fast a drain is. An answer from the
 * cache is not new when it is taken, so the oldest that an isolate can act on is cache age + its own interval of asking,
 * and `beaconMs` has to pay for both: half each. A larger half for the cache would save requests to beacons, and cost
 * as many more look-ups in the cache; half each is near the least of both. The age that counts is ours, from the moment
 * before the beacon was asked, kept in a header: the Cache API counts in whole seconds, and from when an answer arrived.
 *
 * **What is shared.** The state, for a moment. The text of a snapshot for ever, by revision *and* digest, because one
 * revision can be published again in another form. Health is part of the state and so never older than it.
 *
 * **Trust.** The host of the keys is in nobody's zone, so that no client's request and no purge of a zone meets them.
 * What comes out is read as if it came from the beacon: the state by its schema, a text by its digest and then, like any
 * other, by its signature. Anything else counts as not found.
 *
 * **Failure.** A cache that is absent (workerd without a cache service throws, workers.dev stores nothing), slow or
 * broken costs one log line an isolate, and everybody asks for themselves.
 */
import { BEACON_ORIGIN } from "../../config/beacon.ts";
import { beforeDeadline } from "../deadline.ts";

/** The cache is in the same building; a beacon may be on the next continent. Slower than this it saves nothing. */
const CACHE_MS_MAX = 100;

/** When the beacon was asked for what an entry holds: milliseconds since the epoch. */
const ASKED_AT_HEADER = "fairlead-asked-at";

/** What never changes; the cache drops what is not asked for long before. */
export const IMMUTABLE = Number.POSITIVE_INFINITY;
const IMMUTABLE_SECONDS = 31_536_000;

export type BeaconCacheOptions = {
  readonly environment: string;
  readonly now: () => number;
  /** `() => caches.default`; a function, because reading it may throw already. */
  readonly open: () => Pick<Cache, "match" | "put">;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

export type Shared<T> = {
  /** Names the entry within its environment; begins with `/`. */
  readonly path: string;
  /** What is as old as this is asked for anew; at 0 nothing is shared. */
  readonly ageMsMax: number;
  readonly load: () => Promise<string>;
  /** Throws when the text is not what it should be. Such a text is never stored, and never taken from the cache. */
  readonly parse: (text: string) => T | Promise<T>;
};

/** How `beaconMs` is spent: on an isolate's interval of asking, and on the age of an answer that isolates share. */
export function splitBeaconMs(beaconMs: number): { readonly askMs: number; readonly cacheMs: number } {
  return { askMs: beaconMs / 2, cacheMs: beaconMs / 2 };
}

export class BeaconCache {
  readonly #options: BeaconCacheOptions;
  #failed = false;

  constructor(options: BeaconCacheOptions) {
    this.#options = options;
  }

  /** Throws what `load` and `parse` throw, and nothing of its own. */
  async share<T>(entry: Shared<T>): Promise<T> {
    if (entry.ageMsMax <= 0) return entry.parse(await entry.load());
    const found = await this.#attempt(() => this.#find(entry));
    if (found !== undefined) return found.value;
    const askedAtMs = this.#options.now();
    const text = await entry.load();
    const value = await entry.parse(text);
    await this.#attempt(() => this.#store(entry, text, askedAtMs));
    return value;
  }

  async #find<T>({ path, ageMsMax, parse }: Shared<T>): Promise<{ readonly value: T } | undefined> {
    const response = await this.#options.open().match(this.#keyOf(path));
    if (response === undefined) return undefined;
    const text = await response.text();
    const askedAtMs = Number(response.headers.get(ASKED_AT_HEADER) ?? Number.NaN);
    // Machines of one data centre do not agree to the millisecond: a little ahead is as good as a little behind.
    const ageMs = Math.abs(this.#options.now() - askedAtMs);
    return ageMs < ageMsMax ? { value: await parse(text) } : undefined;
  }

  async #store({ path, ageMsMax }: Pick<Shared<unknown>, "path" | "ageMsMax">, text: string, askedAtMs: number) {
    const seconds = ageMsMax === IMMUTABLE ? IMMUTABLE_SECONDS : Math.ceil(ageMsMax / 1_000);
    const headers = {
      "cache-control": `max-age=${seconds}${ageMsMax === IMMUTABLE ? ", immutable" : ""}`,
      "content-type": "text/plain; charset=utf-8",
      [ASKED_AT_HEADER]: String(askedAtMs),
    };
    await this.#options.open().put(this.#keyOf(path), new Response(text, { headers }));
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await beforeDeadline(work(), CACHE_MS_MAX);
    } catch (error) {
      if (!this.#failed) this.#options.log("beaconCache.failed", { detail: String(error) });
      this.#failed = true;
      return undefined;
    }
  }

  #keyOf(path: string): string {
    return `${BEACON_ORIGIN}/${this.#options.environment}${path}`;
  }
}

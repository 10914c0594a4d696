/**
 * The snapshot that this isolate serves by, and how it is kept up to date:
 *
 *   memory (last known good, for ever) <- nearest beacon (at most every `beaconMs`) <- KV (fallback) <- built in
 *
 * Revisions only rise. Within one, the form that the beacon has is taken: while a revision is tried elsewhere, a part of
 * it may be given out here under its number, and the rest follows. What is off in any way is refused with one log line,
 * and the last good one stays. A cold isolate waits a moment for KV before it routes by the snapshot in its bundle, which may be weeks old and know nothing of a
 * drain; KV and not the beacon first, because the newest list of beacons is in the snapshot.
 *
 * workerd ties I/O to the request that started it, so requests share results here, never promises: each question is
 * asked under one request's `waitUntil`, and what it found is in memory for all.
 */
import type { BeaconState } from "../../config/beacon.ts";
import type { Revision } from "../../config/ids.ts";
import type { Attributes } from "../../config/otlp.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { Vantage } from "../../config/vantage.ts";
import { rankBeacons } from "../beacon-choice.ts";
import type { Place } from "../routing/facts.ts";
import { type LoadedSnapshot, loadSnapshot } from "../routing/loaded-snapshot.ts";
import { sha256Hex } from "./digest.ts";
import { type Asked, freshness, nextDueMs, WAIT_MS_MAX } from "./freshness.ts";
import type { HealthStore } from "./health.ts";
import type { Rejections } from "./rejections.ts";
import type { Sources } from "./sources.ts";
import type { SnapshotRefusal, Verifier } from "./verify.ts";

/** Without beacons KV is all there is; asking it more often than its cache changes costs money and brings nothing. */
const KV_MS = 30_000;

/** Distinct refusals remembered, so that each is logged once; then the memory starts over. */
const REFUSALS_MAX = 100;

export type SnapshotStoreOptions = {
  readonly builtin: Snapshot;
  readonly sources: Sources;
  readonly verify: Verifier;
  readonly health: HealthStore;
  /** Kept up to date with what is refused and what is made good. */
  readonly rejections: Rejections;
  /** Called behind a request's back when something was refused that was not refused before. */
  readonly tellRejection: (serving: LoadedSnapshot, coordinates: Place["coordinates"]) => Promise<void>;
  /** The interval of asking; an answer may have an age of its own (`beacon-cache.ts`). */
  readonly beaconMs: number;
  /** Runs a refresh, recorded as a span where somebody records; `outcome` is asked when it is over. */
  readonly inSpan: (work: () => Promise<void>, outcome: () => RefreshEnd, background: Background) => Promise<void>;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

/** What a span says of a refresh. */
type RefreshEnd = { readonly attributes: Attributes; readonly failed: boolean };

/** The part of an execution context that is needed here. */
type Background = { waitUntil(promise: Promise<unknown>): void };

/** Where a text came from, and as which revision it was offered: KV does not say. */
type Offer = { readonly source: "beacon" | "kv"; readonly revision?: Revision };

/** Which text is served, and where it came from. */
type Origin = { readonly source: Offer["source"]; readonly digest: string };

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  #current: LoadedSnapshot;
  /** Undefined for the one in the bundle. */
  #origin: Origin | undefined;
  #asked: Asked = { kind: "never" };
  #kvDueMs = 0;
  /** Failures in a row; picks the beacon that is asked next. */
  #failures = 0;
  /** Where this edge is, as well as its first client with coordinates tells. */
  #coordinates: Place["coordinates"];
  readonly #refusals = new Set<string>();
  /** The text that was refused, by revision and form: not loaded again before KV had its turn. */
  #refusedName: string | undefined;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#current = loadSnapshot(options.builtin);
  }

  current(): LoadedSnapshot {
    return this.#current;
  }

  /** Call once a request. Undefined, without a promise, when there is nothing to wait for. */
  freshen(place: Place, nowMs: number, background: Background): Promise<void> | undefined {
    const { beaconMs, chance } = this.#options;
    const verdict = freshness(this.#asked, beaconMs, nowMs);
    if (verdict === "fresh") return undefined;
    this.#coordinates ??= place.coordinates;
    const cold = this.#asked.kind === "never";
    // Claimed before anything is awaited: under load only one request asks. Requests that wait each ask for themselves.
    if (this.#asked.kind !== "never") this.#asked = { ...this.#asked, dueMs: nextDueMs(nowMs, beaconMs, chance()) };
    const { inSpan } = this.#options;
    const refreshed = inSpan(
      () => this.#refresh(cold),
      () => this.#refreshEnd(cold),
      background,
    );
    background.waitUntil(this.#tellAfter(refreshed));
    return verdict === "stale" ? this.#waitFor(refreshed) : undefined;
  }

  /** A source that is silent counts as failed after the wait, so that the requests after this one do not wait again. */
  async #waitFor(refreshed: Promise<void>): Promise<void> {
    const { now, beaconMs, chance } = this.#options;
    await Promise.race([refreshed, new Promise((resolve) => setTimeout(resolve, WAIT_MS_MAX))]);
    const nowMs = now();
    if (freshness(this.#asked, beaconMs, nowMs) !== "stale") return;
    this.#asked = { kind: "failed", dueMs: nextDueMs(nowMs, beaconMs, chance()) };
  }

  /** Apart from the refreshing itself, because a request may be waiting for that. */
  async #tellAfter(refreshed: Promise<void>): Promise<void> {
    await refreshed;
    const { rejections, tellRejection } = this.#options;
    if (rejections.takeNews()) await tellRejection(this.#current, this.#coordinates);
  }

  #refreshEnd(cold: boolean): RefreshEnd {
    const failed = this.#asked.kind !== "answered";
    const { revision } = this.#current;
    const source = this.#origin?.source ?? "bundle";
    return { attributes: { "fairlead.revision": revision, "fairlead.source": source, "fairlead.cold": cold }, failed };
  }

  async #refresh(cold: boolean): Promise<void> {
    const { now, beaconMs, chance } = this.#options;
    if (cold) await this.#refreshFromKv();
    const answered = await this.#refreshFromBeacon();
    const nowMs = now();
    const dueMs = nextDueMs(nowMs, beaconMs, chance());
    // What was published in the moment before the control plane broke is in KV, and nobody else will tell.
    const lostBeacon = !answered && this.#failures === 0 && !cold;
    this.#failures = answered ? 0 : this.#failures + 1;
    this.#asked = answered ? { kind: "answered", atMs: nowMs, dueMs } : { kind: "failed", dueMs };
    const behind = !answered || this.#refusedName !== undefined;
    if (lostBeacon || (behind && nowMs >= this.#kvDueMs)) await this.#refreshFromKv();
  }

  /** True when a beacon answered; the snapshot it has may still have been refused. */
  async #refreshFromBeacon(): Promise<boolean> {
    const vantage = this.#beacon();
    if (vantage === undefined) return false;
    const { sources, health, log } = this.#options;
    try {
      const state = await sources.loadBeaconState(vantage);
      health.accept(state.health, this.#options.now());
      const name = `${state.revision}/${state.snapshotDigest}`;
      if (this.#isNews(state) && name !== this.#refusedName) {
        const text = await sources.loadBeaconSnapshot(vantage, state);
        const accepted = await this.#accept(text, { source: "beacon", revision: state.revision });
        this.#refusedName = accepted ? undefined : name;
      }
      return true;
    } catch (error) {
      if (this.#failures === 0) log("beacon.failed", { vantage, detail: String(error) });
      return false;
    }
  }

  /** Also the same revision, when its text is another one. A state without a digest cannot say so. */
  #isNews({ revision, snapshotDigest }: BeaconState): boolean {
    if (revision !== this.#current.revision) return revision > this.#current.revision;
    return snapshotDigest !== undefined && snapshotDigest !== this.#origin?.digest;
  }

  /** The nearest beacon; after a failure the next nearest, and so on around. */
  #beacon(): Vantage | undefined {
    const ranked = rankBeacons(this.#current.beacons, this.#coordinates);
    return ranked[this.#failures % Math.max(1, ranked.length)];
  }

  async #refreshFromKv(): Promise<void> {
    const { sources, now, log } = this.#options;
    this.#kvDueMs = now() + KV_MS;
    this.#refusedName = undefined;
    try {
      const text = await sources.loadKvSnapshot();
      if (text !== null) await this.#accept(text, { source: "kv" });
    } catch (error) {
      log("kv.failed", { detail: String(error) });
    }
  }

  /** True when the text is sound, also when it is not newer than what is served. */
  async #accept(text: string, offer: Offer): Promise<boolean> {
    const { verify, rejections, log } = this.#options;
    const verified = await verify(text);
    if (!verified.ok) {
      this.#refuse(verified.error, offer, text);
      return false;
    }
    const snapshot = verified.value;
    const origin = { source: offer.source, digest: await sha256Hex(text) };
    // Asked after the last wait: another request may have brought a newer one meanwhile.
    if (!this.#supersedes(snapshot.revision, origin)) {
      if (offer.source === "kv") rejections.settleUnnumbered();
      return true;
    }
    try {
      this.#current = loadSnapshot(snapshot);
    } catch (error) {
      const detail = `revision ${snapshot.revision}: ${String(error)}`;
      this.#refuse({ code: "unloadable", detail }, { ...offer, revision: snapshot.revision }, text);
      return false;
    }
    this.#origin = origin;
    rejections.settle(snapshot.revision);
    log("snapshot.loaded", { revision: snapshot.revision, source: offer.source });
    return true;
  }

  /** KV may be a minute behind the beacons, so within one revision it only takes the place of what it gave itself. */
  #supersedes(revision: number, { source, digest }: Origin): boolean {
    if (revision !== this.#current.revision) return revision > this.#current.revision;
    return digest !== this.#origin?.digest && (source === "beacon" || this.#origin?.source === "kv");
  }

  #refuse({ code, detail }: SnapshotRefusal, { source, revision }: Offer, text: string): void {
    const { rejections, log } = this.#options;
    rejections.note(revision === undefined ? { code } : { revision, code });
    // The signature tells texts apart without keeping them; what is too short to have one is its own key.
    const key = `${source} ${code} ${detail} ${text.slice(0, 200)}`;
    if (this.#refusals.has(key)) return;
    if (this.#refusals.size >= REFUSALS_MAX) this.#refusals.clear();
    this.#refusals.add(key);
    log("snapshot.refused", { code, detail, source, serving: this.#current.revision });
  }
}

/**
 * What a demo cluster has seen, so that a reader of its control port can tell whether traffic still reaches it. What the
 * control plane's probers ask is counted apart: it goes on while a cluster is drained.
 */
import { STATUS_PATH } from "../../config/cluster-status.ts";

/** Paths and hosts are the client's text: what does not fit is counted under `OTHER`. */
const KEYS_MAX = 200;
const KEY_LENGTH_MAX = 200;
const OTHER = "(other)";

export type CounterReport = {
  readonly requests: number;
  readonly healthChecks: number;
  /** How often it was asked what it reports of itself. */
  readonly statusReads: number;
  readonly inFlight: number;
  /** Milliseconds since the epoch; null before the first. */
  readonly lastRequestMs: number | null;
  readonly byPath: Readonly<Record<string, number>>;
  readonly byHost: Readonly<Record<string, number>>;
};

export class RequestCounters {
  #requests = 0;
  #healthChecks = 0;
  #statusReads = 0;
  #inFlight = 0;
  #lastRequestMs: number | null = null;
  #byPath = new Map<string, number>();
  #byHost = new Map<string, number>();

  /** Counts a request that has arrived; call the result when it is over. */
  begin(request: { readonly path: string; readonly host: string; readonly nowMs: number }): () => void {
    if (request.path === "/healthz") {
      this.#healthChecks += 1;
      return () => {};
    }
    if (request.path === STATUS_PATH) {
      this.#statusReads += 1;
      return () => {};
    }
    this.#requests += 1;
    this.#inFlight += 1;
    this.#lastRequestMs = request.nowMs;
    increment(this.#byPath, request.path);
    increment(this.#byHost, request.host);
    let over = false;
    return () => {
      if (!over) this.#inFlight -= 1;
      over = true;
    };
  }

  /** Forgets what was counted; requests in flight stay in flight. */
  reset(): void {
    this.#requests = 0;
    this.#healthChecks = 0;
    this.#statusReads = 0;
    this.#lastRequestMs = null;
    this.#byPath.clear();
    this.#byHost.clear();
  }

  report(): CounterReport {
    return {
      requests: this.#requests,
      healthChecks: this.#healthChecks,
      statusReads: this.#statusReads,
      inFlight: this.#inFlight,
      lastRequestMs: this.#lastRequestMs,
      byPath: Object.fromEntries(this.#byPath),
      byHost: Object.fromEntries(this.#byHost),
    };
  }
}

function increment(counts: Map<string, number>, key: string): void {
  const fits = key.length <= KEY_LENGTH_MAX && (counts.has(key) || counts.size < KEYS_MAX);
  const slot = fits ? key : OTHER;
  counts.set(slot, (counts.get(slot) ?? 0) + 1);
}

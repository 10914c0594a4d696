/**
 * When an isolate asks for news, and when a request waits for them. Times in, a verdict out.
 *
 * Under traffic, asking always happens behind a request's back and nobody waits. But an isolate that had no requests for
 * a while knows nothing of what changed meanwhile: its next request would be sent to a region that was drained an hour
 * ago. That request, and a cold isolate's first, waits a moment (`WAIT_MS_MAX`). Nobody waits for a source that just
 * failed, so an outage of the control plane is never felt as latency.
 */

/** What is known of the last time that sources were asked. */
export type Asked =
  | { readonly kind: "never" }
  | { readonly kind: "answered"; readonly atMs: number; readonly dueMs: number }
  | { readonly kind: "failed"; readonly dueMs: number };

export type Freshness =
  /** Nothing to do. */
  | "fresh"
  /** Ask in the background. */
  | "due"
  /** Ask, and wait a moment for the answer. */
  | "stale";

/** News that take longer than this come too late for the request that asked; it is served by what is in memory. */
export const WAIT_MS_MAX = 250;

/** Room for one background question under way before requests start to wait for it. */
const STALE_GRACE_MS = 500;

/** Asking is spread over the last fifth of the interval, so that isolates which started together drift apart. */
const JITTER_SHARE = 0.2;

export function freshness(asked: Asked, beaconMs: number, now: number): Freshness {
  switch (asked.kind) {
    case "never":
      return "stale";
    case "answered":
      if (now >= asked.atMs + beaconMs + STALE_GRACE_MS) return "stale";
      return now >= asked.dueMs ? "due" : "fresh";
    case "failed":
      return now >= asked.dueMs ? "due" : "fresh";
  }
}

/** `chance` is uniform in [0, 1). */
export function nextDueMs(now: number, beaconMs: number, chance: number): number {
  return now + beaconMs * (1 - JITTER_SHARE * chance);
}

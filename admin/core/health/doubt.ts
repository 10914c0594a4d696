/**
 * When everything that a vantage sees goes down at once, the likelier cause is the vantage: its network, its resolver,
 * its clock. Then nothing that it says counts, until a while after that is over. When it is so at every vantage, nobody
 * is believed and all is unknown: routing goes by weights, as in a panic.
 */
import type { SeenCluster } from "./view.ts";

export type Doubt = {
  readonly sinceMs: number;
  /** When everything was down last. */
  readonly allDownAtMs: number;
  /** How many clusters were down then. */
  readonly clusters: number;
};

/** One cluster that is down is an outage, not a coincidence. */
const CLUSTERS_MIN = 2;

/**
 * At the default pace what fails at the same moment is seen down within 14 s of one another; at a check every 20 s within
 * half a minute. Clusters that went down minutes apart are an outage that spreads, and are believed.
 */
export const AT_ONCE_MS = 60_000;

/** Clusters come back one by one, each after its hold-down and some probes. The first of them must not get all traffic. */
export const DOUBT_KEPT_MS = 30_000;

export function reviewDoubt(seen: readonly SeenCluster[], before: Doubt | undefined, nowMs: number): Doubt | undefined {
  const down = allDownAtOnce(seen);
  if (down > 0) return { sinceMs: before?.sinceMs ?? nowMs, allDownAtMs: nowMs, clusters: down };
  return before !== undefined && nowMs - before.allDownAtMs < DOUBT_KEPT_MS ? before : undefined;
}

/** How many clusters are down, when that is all of which anything is known and they did not go one by one; else 0. */
function allDownAtOnce(seen: readonly SeenCluster[]): number {
  const known = seen.filter(({ state }) => state !== "unknown");
  if (known.length < CLUSTERS_MIN || known.some(({ state }) => state !== "unhealthy")) return 0;
  const latestMs = Math.max(...known.map(({ sinceMs }) => sinceMs));
  // What was down before does not matter: it was no part of what happened at once.
  const together = known.filter(({ sinceMs }) => latestMs - sinceMs <= AT_ONCE_MS);
  return together.length >= CLUSTERS_MIN ? known.length : 0;
}

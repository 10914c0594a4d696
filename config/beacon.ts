/**
 * What an edge asks a beacon, and what it gets. Two questions over the binding, both GET: `/state` is small and the same
 * for every edge, so a data centre can share one answer; `/snapshot/<revision>` never changes once it exists.
 */
import * as z from "zod/mini";
import { HealthReport } from "./health.ts";
import { Revision } from "./ids.ts";

/** How old an answer of the beacon an edge may act on; the interval at which one isolate asks. */
export const BEACON_MS_DEFAULT = 5_000;

/** In development: drains are seen within a second. */
export const BEACON_MS_DEVELOPMENT = 1_000;

/** Fields that an edge does not know are ignored: the admin Worker may be the newer of the two. */
export const BeaconState = z.object({
  /** The newest revision the control plane has published; 0 before the first. */
  revision: Revision,
  /** SHA-256 of the snapshot's signed text, hex: one revision may be published again in another form. */
  snapshotDigest: z.exactOptional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
  health: HealthReport,
});
export type BeaconState = z.infer<typeof BeaconState>;

export const BEACON_ORIGIN = "https://beacon.fairlead.internal";
export const BEACON_STATE_PATH = "/state";

export function beaconSnapshotPath(revision: number): string {
  return `/snapshot/${revision}`;
}

/** KV holds the current signed snapshot under this key: cold start and fallback. */
export const SNAPSHOT_KV_KEY = "snapshot";

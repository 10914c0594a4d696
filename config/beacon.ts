/**
 * What an edge asks a beacon and what it gets, over the binding. Two questions, both GET: `/state` is small and the same
 * for every edge, so a data centre can share one answer; `/snapshot/<revision>` is the signed text of what the state
 * names. And one thing that it says, `POST /report`: which revision it serves, so that people see a change arrive.
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

export const BEACON_REPORT_PATH = "/report";

/** An isolate reports at most this often, and only after it had requests. Each report is a billed request. */
export const REPORT_MS = 10_000;

/** An isolate that was not heard of for so long is gone or idle: six reports missed, or the jitter of five. */
export const REPORTS_KEPT_MS = 60_000;

/** What one beacon remembers, 100 bytes each. Beyond it the longest unheard are forgotten first. */
export const REPORTED_ISOLATES_MAX = 2_000;

/** A report has some 110 bytes. */
export const REPORT_BYTES_MAX = 512;

export const EdgeReport = z.strictObject({
  /** Random, and as long-lived as the isolate; tells reports apart, not edges or places. */
  isolate: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  revision: Revision,
  /** Decided by that revision since the report before. */
  requests: z.int().check(z.minimum(1), z.maximum(1_000_000_000)),
  /** By the edge's clock: orders the reports of one isolate and nothing else. */
  atMs: z.int().check(z.minimum(0)),
});
export type EdgeReport = z.infer<typeof EdgeReport>;

/** KV holds the current signed snapshot under this key: cold start and fallback. */
export const SNAPSHOT_KV_KEY = "snapshot";

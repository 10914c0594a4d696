/**
 * What an edge asks a beacon and what it gets, over the binding. Two questions, both GET: `/state` is small and the same
 * for every edge, so a data centre can share one answer; `/snapshot/<revision>` is the signed text of what the state
 * names. And one thing that it says, `POST /report`: which revision it serves, so that people see a change arrive.
 */
import * as z from "zod/mini";
import { HealthReport } from "./health.ts";
import { ClusterName, NAME_PATTERN, Revision } from "./ids.ts";

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

/** What cannot wait, a refused snapshot or a bug, goes out at once, but never sooner than this after the report before. */
export const REPORT_URGENT_MS = 1_000;

/** An isolate that was not heard of for so long is gone or idle: six reports missed, or the jitter of five. */
export const REPORTS_KEPT_MS = 60_000;

/** What one beacon remembers, some 200 bytes each. Beyond it the longest unheard are forgotten first. */
export const REPORTED_ISOLATES_MAX = 2_000;

/**
 * A report has some 110 bytes, and 20 for each country and route that it counts: a kilobyte in a busy isolate. With
 * every list at its limit and every name at its longest it has 14,600.
 */
export const REPORT_BYTES_MAX = 15 * 1024;

/** One broken revision is one entry, and the newest are kept. */
export const REJECTIONS_REPORTED_MAX = 4;
/** One isolate sees one data centre's countries: a dozen. */
export const COUNTRIES_REPORTED_MAX = 64;
/** Most fleets have fewer; of those with more, the routes that are asked for first are mostly the busiest. */
export const ROUTES_REPORTED_MAX = 64;
/** A few from each isolate are a few hundred a minute at each vantage. */
export const SAMPLES_REPORTED_MAX = 4;
/** Routes look at the beginning of a path, and a longer one is not sampled: cut off it would match something else. */
export const SAMPLE_PATH_LENGTH_MAX = 200;

/** An isolate that has taken out more clusters than this is more likely broken itself; the latest are told. */
export const EJECTIONS_REPORTED_MAX = 32;

/** Stands for the countries beyond the limit. User-assigned in ISO 3166-1, so no place has it. */
export const COUNTRIES_REST = "ZZ";
/** Stands for the routes beyond the limit. No route can be called that. */
export const ROUTES_REST = "*";

/** What clients say of themselves in the words of `request.cf`: `XX` not known, `T1` Tor. */
export const CountryCode = z.string().check(z.regex(/^(?:[A-Z]{2}|T1)$/));
export const COUNTRY_UNKNOWN = "XX";
export const COUNTRY_TOR = "T1";

const RouteOrRest = z.string().check(z.regex(new RegExp(`${NAME_PATTERN.source}|^\\*$`)));

/** Why an edge does not take a snapshot that it is offered (`worker/io/verify.ts`). */
export const RejectionCode = z.enum([
  "tooLarge",
  "malformed",
  "keyUnknown",
  "signatureWrong",
  "invalid",
  "environmentWrong",
  "unloadable",
]);
export type RejectionCode = z.infer<typeof RejectionCode>;

export const SnapshotRejection = z.strictObject({
  /** What was offered under this number. Absent when only the text could have told, as with KV, and cannot be trusted. */
  revision: z.exactOptional(Revision),
  code: RejectionCode,
});
export type SnapshotRejection = z.infer<typeof SnapshotRejection>;

/** Why passive detection takes a cluster out (`worker/routing/outlier.ts`). */
export const EjectionCause = z.enum(["consecutiveFailures", "successRate"]);
export type EjectionCause = z.infer<typeof EjectionCause>;

const Count = z.int().check(z.minimum(0), z.maximum(1_000_000_000));

/** A cluster that one isolate leaves alone for now, or, as the last of its region, gives a small share only. */
export const EdgeEjection = z.strictObject({
  cluster: ClusterName,
  /** By the edge's clock. */
  sinceMs: z.int().check(z.minimum(0)),
  because: EjectionCause,
  /** What spoke against it, of how many requests that say anything: shortly before it went out and since then. */
  failures: Count,
  requests: Count,
});
export type EdgeEjection = z.infer<typeof EdgeEjection>;

/** One request, as much as deciding it again takes. Never an address, a query, a header or a body. */
export const RequestSample = z.strictObject({
  host: z.string().check(z.minLength(1), z.maxLength(253)),
  method: z.string().check(z.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)),
  path: z.string().check(z.maxLength(SAMPLE_PATH_LENGTH_MAX), z.regex(/^\/[!-~]*$/)),
  /** Absent: not known. */
  country: z.exactOptional(CountryCode),
  continent: z.exactOptional(z.string().check(z.regex(/^[A-Z]{2}$/))),
  subdivision: z.exactOptional(z.string().check(z.regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/))),
  asn: z.exactOptional(z.int().check(z.minimum(0), z.maximum(2 ** 32 - 1))),
  /** Tells one client from another within one isolate's life, and cannot be led back to an address. */
  key: z.string().check(z.regex(/^[0-9a-f]{8}$/)),
});
export type RequestSample = z.infer<typeof RequestSample>;

const counts = (name: z.ZodMiniString, max: number) =>
  z
    .record(name, Count)
    .check(z.refine((record) => Object.keys(record).length <= max, `must not have more than ${max} entries`));

/** What is optional is left out when there is nothing to say, and by edges from before there was any of it. */
export const EdgeReport = z.strictObject({
  /** Random, and as long-lived as the isolate; tells reports apart, not edges or places. */
  isolate: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  revision: Revision,
  /** Decided by that revision since the report before. 0 when something could not wait for a request. */
  requests: Count,
  /** By the edge's clock: orders the reports of one isolate and nothing else. */
  atMs: z.int().check(z.minimum(0)),
  /** What this isolate refused and has not been made good since: a state, so a report that is lost loses nothing. */
  rejected: z.exactOptional(z.array(SnapshotRejection).check(z.maxLength(REJECTIONS_REPORTED_MAX))),
  /** Answers 500 because of a bug of the edge, while that revision was served. */
  invariants: z.exactOptional(Count),
  /**
   * Answers with a status of 500 and above that the edge made itself under that revision, bugs included. Not those that
   * a client can bring about at will, loops and broken uploads: or anybody could have a revision withdrawn.
   */
  ownErrors: z.exactOptional(Count),
  /** Requests for which there was a route, whatever became of them and by whichever revision. */
  countries: z.exactOptional(counts(CountryCode, COUNTRIES_REPORTED_MAX)),
  /** The same requests by the route's name. */
  routes: z.exactOptional(counts(RouteOrRest, ROUTES_REPORTED_MAX)),
  /** A few of them. */
  sample: z.exactOptional(z.array(RequestSample).check(z.maxLength(SAMPLES_REPORTED_MAX))),
  /** Out at the time of the report, the latest first: a state, and one isolate's own belief. */
  ejected: z.exactOptional(z.array(EdgeEjection).check(z.maxLength(EJECTIONS_REPORTED_MAX))),
});
export type EdgeReport = z.infer<typeof EdgeReport>;

/** KV holds the current signed snapshot under this key: cold start and fallback. */
export const SNAPSHOT_KV_KEY = "snapshot";

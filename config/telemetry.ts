/**
 * What edges say of the requests they answered, and to whom: each isolate folds the answers of a window of its clock into
 * rows, and reports them to the telemetry object of its data centre. Unlike the reports to beacons these are accounts:
 * numbered, so that one which comes twice counts once, and with the number of what had to be dropped. Who reads one checks
 * it with `telemetry-report.ts`; an edge only writes them, and does without.
 */
import type { Side } from "./shared-shapes.ts";
import { SKETCH_BINS, type Sketch } from "./sketch.ts";

/** The finest window that is kept; windows begin at multiples of it. */
export const TELEMETRY_WINDOW_MS = 10_000;

/** In development edges tell more often: who tries something out wants to see it. */
export const TELEMETRY_MS_DEVELOPMENT = 1_000;

/**
 * `own` is an answer of the edge itself with a status of 500 and above, whoever was asked before. Its other answers
 * (unknown hosts, loops, residency) are in the class of their status: nobody can make the service look bad with them.
 */
export const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "own"] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

/** What counts against a service's availability. */
export const BAD_STATUS_CLASSES: readonly StatusClass[] = ["5xx", "own"];

/** In place of a name: no service was found, or no cluster was asked. */
export const TELEMETRY_NONE = "none";
/** In place of a name: all that were too many to be told apart. */
export const TELEMETRY_REST = "rest";
/** User-assigned in ISO 3166-1, and no continent. */
export const CONTINENT_UNKNOWN = "ZZ";

export type TelemetryKey = {
  readonly service: string;
  /** Of the cluster that answered, or was asked last; `none` when none was. The same for `cluster` and `side`. */
  readonly region: string;
  readonly cluster: string;
  /** `stable` when no cluster was asked. */
  readonly side: Side;
  /** Of the client, two letters, as `request.cf` names it. */
  readonly continent: string;
  readonly statusClass: StatusClass;
  /** By which the request was decided; 0 in the rest. */
  readonly revision: number;
};

export type TelemetryRow = {
  readonly key: TelemetryKey;
  readonly requests: number;
  /** From the request's arrival at the edge to the head of its answer; one time for each request. */
  readonly latency: Sketch;
  /**
   * Attempts that failed in this way, after which another cluster was asked. Their requests are in the row of whoever was
   * asked last: clients saw nothing of it, but it says how this cluster does. Absent: none.
   */
  readonly failovers?: number;
};

/**
 * Rows of one window of one isolate, the rest's among them. An isolate sees one data centre's clients: two continents,
 * three classes, and each of the clusters that these are sent to.
 */
export const TELEMETRY_ROWS_MAX = 256;
/** Of a report: a window with more rows goes out in several. */
export const TELEMETRY_REPORT_ROWS_MAX = 64;

/** A row's key with three names of 63 characters and punctuation, and twelve characters for each of 782 bins. */
const ROW_BYTES_MAX = 400 + 12 * SKETCH_BINS;
/** 614 KiB. An ordinary row has 300 bytes, and an ordinary report 10 KiB. */
export const TELEMETRY_REPORT_BYTES_MAX = TELEMETRY_REPORT_ROWS_MAX * ROW_BYTES_MAX;

export type TelemetryDropped = { readonly reports: number; readonly requests: number };

export type TelemetryReport = {
  /** 16 hex digits: random, and as long-lived as the isolate. With the number it tells one report from another. */
  readonly isolate: string;
  readonly sequence: number;
  /** When the window began, by the edge's clock. */
  readonly fromMs: number;
  readonly rows: readonly TelemetryRow[];
  /** What this isolate gave up since the report before that came through. */
  readonly dropped?: TelemetryDropped;
};

export const TELEMETRY_ORIGIN = "https://telemetry.fairlead.internal";
export const TELEMETRY_REPORT_PATH = "/report";

/** Cloudflare names data centres by the nearest airport, in `request.cf.colo`. */
const COLO_PATTERN = /^[A-Z]{3}$/;
/** The data centre of a workerd that is in none. */
export const COLO_LOCAL = "local";

export function coloOf(colo: unknown): string {
  return typeof colo === "string" && COLO_PATTERN.test(colo) ? colo : COLO_LOCAL;
}

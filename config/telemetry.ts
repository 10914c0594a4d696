/**
 * What edges say of the requests they answered, and to whom: each isolate folds the answers of a window of its clock into
 * rows, and reports them to the telemetry object of its data centre. Unlike the reports to beacons these are accounts:
 * numbered, so that one which comes twice counts once, and with the number of what had to be dropped.
 */
import * as z from "zod/mini";
import { Name, Revision } from "./ids.ts";
import { Side } from "./shared-shapes.ts";
import { Sketch } from "./sketch.ts";

/** The finest window that is kept; windows begin at multiples of it. */
export const TELEMETRY_WINDOW_MS = 10_000;

/**
 * `own` is an answer of the edge itself with a status of 500 and above, whoever was asked before. Its other answers
 * (unknown hosts, loops, residency) are in the class of their status: nobody can make the service look bad with them.
 */
export const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "own"] as const;
export const StatusClass = z.enum(STATUS_CLASSES);
export type StatusClass = z.infer<typeof StatusClass>;

/** What counts against a service's availability. */
export const BAD_STATUS_CLASSES: readonly StatusClass[] = ["5xx", "own"];

/** In place of a name: no service was found, or no cluster was asked. */
export const TELEMETRY_NONE = "none";
/** In place of a name: all that were too many to be told apart. */
export const TELEMETRY_REST = "rest";
/** User-assigned in ISO 3166-1, and no continent. */
export const CONTINENT_UNKNOWN = "ZZ";

export const TelemetryKey = z.strictObject({
  service: Name,
  /** Of the cluster that answered, or was asked last; `none` when none was. The same for `cluster` and `side`. */
  region: Name,
  cluster: Name,
  /** `stable` when no cluster was asked. */
  side: Side,
  /** Of the client, as `request.cf` names it. */
  continent: z.string().check(z.regex(/^[A-Z]{2}$/)),
  statusClass: StatusClass,
  /** By which the request was decided; 0 in the rest. */
  revision: Revision,
});
export type TelemetryKey = Readonly<
  Omit<z.infer<typeof TelemetryKey>, "revision"> & {
    revision: number;
  }
>;

const Count = z.int().check(z.minimum(0));

export const TelemetryRow = z.strictObject({
  key: TelemetryKey,
  requests: z.int().check(z.minimum(1)),
  /** From the request's arrival at the edge to the head of its answer; one time for each request. */
  latency: Sketch,
});
export type TelemetryRow = { readonly key: TelemetryKey; readonly requests: number; readonly latency: Sketch };

/**
 * Rows of one window of one isolate, the rest's among them. An isolate sees one data centre's clients: two continents,
 * three classes, and each of the clusters that these are sent to.
 */
export const TELEMETRY_ROWS_MAX = 256;
/** Of a report: a window with more rows goes out in several. */
export const TELEMETRY_REPORT_ROWS_MAX = 64;

/** A row's key with three names of 63 characters and punctuation, and twelve characters for each of 782 bins. */
const ROW_BYTES_MAX = 400 + 12 * 782;
/** 614 KiB. An ordinary row has 300 bytes, and an ordinary report 10 KiB. */
export const TELEMETRY_REPORT_BYTES_MAX = TELEMETRY_REPORT_ROWS_MAX * ROW_BYTES_MAX;

export const TelemetryDropped = z.strictObject({ reports: Count, requests: Count });
export type TelemetryDropped = z.infer<typeof TelemetryDropped>;

export const TelemetryReport = z.strictObject({
  /** Random, and as long-lived as the isolate. With the number it tells one report from another, in whatever order. */
  isolate: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  sequence: Count,
  /** When the window began, by the edge's clock. */
  fromMs: Count,
  rows: z.array(TelemetryRow).check(z.maxLength(TELEMETRY_REPORT_ROWS_MAX)),
  /** What this isolate gave up since the report before that came through. */
  dropped: z.exactOptional(TelemetryDropped),
});
export type TelemetryReport = {
  readonly isolate: string;
  readonly sequence: number;
  readonly fromMs: number;
  readonly rows: readonly TelemetryRow[];
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

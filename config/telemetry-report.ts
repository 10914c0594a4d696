/** A report of telemetry as it comes over the binding: everything that the types of `telemetry.ts` cannot say. */
import * as z from "zod/mini";
import { Name, Revision } from "./ids.ts";
import { Side } from "./shared-shapes.ts";
import { countOf, SKETCH_BINS } from "./sketch.ts";
import { STATUS_CLASSES, TELEMETRY_REPORT_ROWS_MAX, type TelemetryReport } from "./telemetry.ts";

const Count = z.int().check(z.minimum(0));

export const SketchSchema = z.strictObject({
  sumUs: Count,
  bins: z
    .array(Count)
    .check(z.maxLength(2 * SKETCH_BINS), z.refine(isInOrder, "must be steps and counts of bins, in their order")),
});

function isInOrder(bins: readonly number[]): boolean {
  let bin = 0;
  for (let at = 0; at < bins.length; at += 2) {
    const step = bins[at] ?? 0;
    const count = bins[at + 1] ?? 0; // an odd length ends in a count of nothing
    bin += step;
    if (count < 1 || (at > 0 && step < 1)) return false;
  }
  return bin < SKETCH_BINS;
}

const Row = z
  .strictObject({
    key: z.strictObject({
      ...{ service: Name, region: Name, cluster: Name, side: Side, revision: Revision },
      continent: z.string().check(z.regex(/^[A-Z]{2}$/)),
      statusClass: z.enum(STATUS_CLASSES),
    }),
    requests: Count,
    latency: SketchSchema,
    failovers: z.exactOptional(z.int().check(z.minimum(1))),
  })
  .check(
    z.refine(({ requests, latency }) => countOf(latency) === requests, "must have one time for each request"),
    z.refine(({ requests, failovers = 0 }) => requests + failovers > 0, "must count something"),
  );

export const TelemetryReportSchema = z.strictObject({
  isolate: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  sequence: Count,
  fromMs: Count,
  rows: z.array(Row).check(z.maxLength(TELEMETRY_REPORT_ROWS_MAX)),
  dropped: z.exactOptional(z.strictObject({ reports: Count, requests: Count })),
}) satisfies z.ZodMiniType<TelemetryReport>;

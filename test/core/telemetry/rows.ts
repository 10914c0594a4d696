/** Rows for tests: a key with what matters, and times that make the sketch. */
import { sketchOf } from "../../../config/sketch.ts";
import type { TelemetryKey, TelemetryRow } from "../../../config/telemetry.ts";

export const KEY: TelemetryKey = {
  ...{ service: "web", region: "europe", cluster: "europe-blue", side: "stable", continent: "EU" },
  ...{ statusClass: "2xx", revision: 7 },
};

export function row(key: Partial<TelemetryKey>, times: readonly number[], failovers = 0): TelemetryRow {
  const made = { key: { ...KEY, ...key }, requests: times.length, latency: sketchOf(times) };
  return failovers === 0 ? made : { ...made, failovers };
}

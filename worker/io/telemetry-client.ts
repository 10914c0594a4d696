/** One report to the telemetry object of a data centre, over the binding, with an end to it. Throws when it is not taken. */
import { TELEMETRY_ORIGIN, TELEMETRY_REPORT_PATH, type TelemetryReport } from "../../config/telemetry.ts";
import type { Env } from "../settings.ts";

/** Nobody waits for it, and the object gathers reports for a moment before it writes them down. */
const TELEMETRY_TIMEOUT_MS = 4_000;

export function createTellTelemetry(env: Pick<Env, "TELEMETRY">, environment: string) {
  return async (colo: string, report: TelemetryReport): Promise<void> => {
    // A stub belongs to the request that made it. The object is made where it is first asked for: in this data centre.
    const object = env.TELEMETRY.getByName(`${environment}:${colo}`);
    const response = await object.fetch(TELEMETRY_ORIGIN + TELEMETRY_REPORT_PATH, {
      method: "POST",
      body: JSON.stringify(report),
      signal: AbortSignal.timeout(TELEMETRY_TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the telemetry object of ${colo} answered with ${response.status}`);
  };
}

/** Where metrics are pushed, and how often, from the variables that every OpenTelemetry exporter goes by. Off without them. */
import { type OtlpDestination, otlpEndpoint, readOtlpDestination } from "../../config/otlp.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";

export type PushSetting = { readonly destination: OtlpDestination; readonly intervalMs: number };

/** OpenTelemetry's own default. */
const INTERVAL_MS_DEFAULT = 60_000;
/** Edges report every ten seconds; pushing more often would say the same again. */
const INTERVAL_MS_MIN = 10_000;
const INTERVAL_MS_MIN_DEVELOPMENT = 1_000;
const INTERVAL_MS_MAX = 600_000;

export function hasPushSetting(env: AdminEnv): boolean {
  return otlpEndpoint(env, "metrics") !== undefined;
}

/** Undefined when none is declared. The error says which variable to mend, and never repeats the headers. */
export function readPushSetting(env: AdminEnv): Result<PushSetting | undefined, string> {
  const destination = readOtlpDestination(env, { signal: "metrics", development: isDevelopment(env) });
  if (!destination.ok) return destination;
  if (destination.value === undefined) return ok(undefined);
  const intervalMs = parseInterval(env);
  if (intervalMs === undefined)
    return err(`OTEL_METRIC_EXPORT_INTERVAL must be milliseconds, from ${intervalMin(env)} to ${INTERVAL_MS_MAX}`);
  return ok({ destination: destination.value, intervalMs });
}

function parseInterval(env: AdminEnv): number | undefined {
  const text = env.OTEL_METRIC_EXPORT_INTERVAL ?? "";
  if (text === "") return INTERVAL_MS_DEFAULT;
  const ms = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  return ms >= intervalMin(env) && ms <= INTERVAL_MS_MAX ? ms : undefined;
}

function intervalMin(env: AdminEnv): number {
  return isDevelopment(env) ? INTERVAL_MS_MIN_DEVELOPMENT : INTERVAL_MS_MIN;
}

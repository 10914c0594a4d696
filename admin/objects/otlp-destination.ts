/**
 * Where metrics are pushed, from the variables that every OpenTelemetry exporter goes by. Nothing is pushed without them.
 * Outside development only HTTPS: the headers are credentials.
 */
import { err, ok, type Result } from "../../config/result.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";

export type OtlpDestination = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
};

/** OpenTelemetry's own default. */
const INTERVAL_MS_DEFAULT = 60_000;
/** Edges report every ten seconds; pushing more often would say the same again. */
const INTERVAL_MS_MIN = 10_000;
const INTERVAL_MS_MIN_DEVELOPMENT = 1_000;
const INTERVAL_MS_MAX = 600_000;

/** The token characters of RFC 9110 §5.6.2. */
const HEADER_NAME_PATTERN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function hasOtlpDestination(env: AdminEnv): boolean {
  return endpointOf(env) !== undefined;
}

/** Undefined when none is declared. The error says which variable to mend, and never repeats the headers. */
export function readOtlpDestination(env: AdminEnv): Result<OtlpDestination | undefined, string> {
  const endpoint = endpointOf(env);
  if (endpoint === undefined) return ok(undefined);
  const url = URL.parse(endpoint.text);
  if (url === null) return err(`${endpoint.name} must be a URL, as in https://otlp.example.com`);
  const secure = url.protocol === "https:" || (isDevelopment(env) && url.protocol === "http:");
  if (!secure) return err(`${endpoint.name} must begin with https://`);
  if (url.username !== "" || url.password !== "" || url.hash !== "")
    return err(`${endpoint.name} must have no credentials and no fragment; OTEL_EXPORTER_OTLP_HEADERS is for those`);
  const headers = parseHeaders(env.OTEL_EXPORTER_OTLP_HEADERS ?? "");
  if (headers === undefined)
    return err("OTEL_EXPORTER_OTLP_HEADERS must be a list as in authorization=Bearer%20abc,x-scope=a");
  const intervalMs = parseInterval(env);
  if (intervalMs === undefined)
    return err(`OTEL_METRIC_EXPORT_INTERVAL must be milliseconds, from ${intervalMin(env)} to ${INTERVAL_MS_MAX}`);
  return ok({ url: url.href, headers, intervalMs });
}

/** The one for metrics is taken as it stands; the general one is where every signal has a path of its own. */
function endpointOf(env: AdminEnv): { readonly name: string; readonly text: string } | undefined {
  const { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: own = "", OTEL_EXPORTER_OTLP_ENDPOINT: general = "" } = env;
  if (own !== "") return { name: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", text: own };
  if (general === "") return undefined;
  return { name: "OTEL_EXPORTER_OTLP_ENDPOINT", text: `${general.replace(/\/+$/, "")}/v1/metrics` };
}

/** As in W3C Baggage, without properties: values are percent-encoded. */
function parseHeaders(text: string): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",").map((one) => one.trim())) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = pair.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const value = decode(pair.slice(at + 1).trim());
    if (!HEADER_NAME_PATTERN.test(name) || value === undefined || !/^[\t\x20-\x7e]*$/.test(value)) return undefined;
    headers[name] = value;
  }
  return headers;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
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

/**
 * What wrangler.toml binds to the edge, and its variables as typed settings. Variables are text from outside: they pass
 * a schema once per isolate, and a wrong one stops the deploy's first request with a log line that names it.
 */
import * as z from "zod/mini";
import { BEACON_MS_DEFAULT, BEACON_MS_DEVELOPMENT } from "../config/beacon.ts";
import { Name } from "../config/ids.ts";
import { type OtlpDestination, readOtlpDestination } from "../config/otlp.ts";
import { TELEMETRY_MS_DEVELOPMENT, TELEMETRY_WINDOW_MS } from "../config/telemetry.ts";
import type { AffinitySecrets } from "./affinity-cookie.ts";
import { fromBase64 } from "./base64.ts";

/** The seam for requests to clusters: a binding with mTLS or a private network in its place, else the global `fetch`. */
export type Egress = { fetch(url: string, init: RequestInit): Promise<Response> };

export type Env = {
  readonly CONFIG: KVNamespace;
  readonly BEACON: DurableObjectNamespace;
  readonly TELEMETRY: DurableObjectNamespace;
  /** Where telemetry goes besides (`io/analytics-engine.ts`). */
  readonly TELEMETRY_AE?: AnalyticsEngineDataset;
  readonly EGRESS?: Egress;
  readonly ENVIRONMENT: string;
  readonly DEVELOPMENT?: string;
  readonly TRUST_VISITOR_HEADERS?: string;
  readonly SNAPSHOT_PUBLIC_KEYS: string;
  readonly BEACON_MS?: string;
  readonly TELEMETRY_MS?: string;
  readonly AFFINITY_KEYS?: string;
  readonly SERVER_TIMING?: string;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: string;
  readonly OTEL_TRACES_SAMPLER_ARG?: string;
};

/** Variables have no booleans, and the empty string is how one is unset: only "true" is true. */
const flag = z._default(z.string(), "");

const Variables = z.object({
  ENVIRONMENT: Name,
  DEVELOPMENT: flag,
  TRUST_VISITOR_HEADERS: flag,
  SNAPSHOT_PUBLIC_KEYS: z.string(),
  BEACON_MS: z._default(z.string().check(z.regex(/^[0-9]{0,6}$/)), ""),
  TELEMETRY_MS: z._default(z.string().check(z.regex(/^(?:|0|1000|2000|5000|10000)$/)), ""),
  AFFINITY_KEYS: z._default(z.string(), "{}"),
  SERVER_TIMING: flag,
  OTEL_EXPORTER_OTLP_ENDPOINT: z._default(z.string(), ""),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z._default(z.string(), ""),
  OTEL_EXPORTER_OTLP_HEADERS: z._default(z.string(), ""),
  OTEL_TRACES_SAMPLER_ARG: z._default(z.string().check(z.regex(/^(?:|0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?)$/)), ""),
});

/** As many as of the platform's own traces (wrangler.toml): one request in a hundred shows what there is to see. */
const TRACES_RATIO_DEFAULT = 0.01;

/** Key id to 32 raw bytes, base64. */
const PublicKeys = z.record(
  z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/)),
  z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/)),
);

/** Key id to at least 32 secret bytes, base64. The first signs affinity cookies, a second one still verifies them. */
const AffinityKeys = z
  .record(z.string().check(z.regex(/^[a-z0-9]{1,16}$/)), z.string().check(z.regex(/^[A-Za-z0-9+/]{43,}={0,2}$/)))
  .check(z.refine((keys) => Object.keys(keys).length <= 2, "at most two keys"));

export type Settings = {
  readonly environment: string;
  readonly development: boolean;
  readonly trustVisitorHeaders: boolean;
  readonly publicKeys: Readonly<Record<string, string>>;
  /** How old what a beacon said may get; see `io/freshness.ts`. */
  readonly beaconMs: number;
  /** The windows in which answers are counted and told of; 0 for none. A whole number of them is in those that are kept. */
  readonly telemetryMs: number;
  readonly affinitySecrets: AffinitySecrets;
  /** Whether answers tell in `Server-Timing` how long decision and cluster took. */
  readonly serverTiming: boolean;
  /** Where spans go, and which share of the traces that begin here. Absent: nowhere, and nothing is recorded. */
  readonly traces?: { readonly destination: OtlpDestination; readonly ratio: number };
};

export function readSettings(env: Env): Settings {
  const variables = z.parse(Variables, env);
  const development = variables.DEVELOPMENT === "true";
  const affinityKeys = z.parse(
    AffinityKeys,
    JSON.parse(variables.AFFINITY_KEYS === "" ? "{}" : variables.AFFINITY_KEYS),
  );
  const telemetryMsDefault = development ? TELEMETRY_MS_DEVELOPMENT : TELEMETRY_WINDOW_MS;
  const beaconMsDefault = development ? BEACON_MS_DEVELOPMENT : BEACON_MS_DEFAULT;
  return {
    environment: variables.ENVIRONMENT,
    development,
    serverTiming: development || variables.SERVER_TIMING === "true",
    trustVisitorHeaders: variables.TRUST_VISITOR_HEADERS === "true",
    publicKeys: z.parse(PublicKeys, JSON.parse(variables.SNAPSHOT_PUBLIC_KEYS)),
    affinitySecrets: Object.fromEntries(
      Object.entries(affinityKeys).map(([id, secret]) => [id, fromBase64(secret)] as const),
    ),
    telemetryMs: variables.TELEMETRY_MS === "" ? telemetryMsDefault : Number(variables.TELEMETRY_MS),
    beaconMs: variables.BEACON_MS === "" ? beaconMsDefault : Number(variables.BEACON_MS),
    ...readTraces(variables, development),
  };
}

function readTraces(variables: z.output<typeof Variables>, development: boolean): Pick<Settings, "traces"> {
  const destination = readOtlpDestination(variables, { signal: "traces", development });
  if (!destination.ok) throw new Error(destination.error);
  if (destination.value === undefined) return {};
  const ratio =
    variables.OTEL_TRACES_SAMPLER_ARG === "" ? TRACES_RATIO_DEFAULT : Number(variables.OTEL_TRACES_SAMPLER_ARG);
  return { traces: { destination: destination.value, ratio } };
}

/**
 * What wrangler.toml binds to the edge, and its variables as typed settings. Variables are text from outside: they pass
 * a schema once per isolate, and a wrong one stops the deploy's first request with a log line that names it.
 */
import * as z from "zod/mini";
import { BEACON_MS_DEFAULT, BEACON_MS_DEVELOPMENT } from "../config/beacon.ts";
import { Name } from "../config/ids.ts";

/** The seam for requests to clusters: a binding with mTLS or a private network in its place, else the global `fetch`. */
export type Egress = { fetch(url: string, init: RequestInit): Promise<Response> };

export type Env = {
  readonly CONFIG: KVNamespace;
  readonly BEACON: DurableObjectNamespace;
  readonly EGRESS?: Egress;
  readonly ENVIRONMENT: string;
  readonly DEVELOPMENT?: string;
  readonly TRUST_VISITOR_HEADERS?: string;
  readonly SNAPSHOT_PUBLIC_KEYS: string;
  readonly BEACON_MS?: string;
};

/** Variables have no booleans, and the empty string is how one is unset: only "true" is true. */
const flag = z._default(z.string(), "");

const Variables = z.object({
  ENVIRONMENT: Name,
  DEVELOPMENT: flag,
  TRUST_VISITOR_HEADERS: flag,
  SNAPSHOT_PUBLIC_KEYS: z.string(),
  BEACON_MS: z._default(z.string().check(z.regex(/^[0-9]{0,6}$/)), ""),
});

/** Key id to 32 raw bytes, base64. */
const PublicKeys = z.record(
  z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/)),
  z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/)),
);

export type Settings = {
  readonly environment: string;
  readonly development: boolean;
  readonly trustVisitorHeaders: boolean;
  readonly publicKeys: Readonly<Record<string, string>>;
  /** How old what a beacon said may get; see `io/freshness.ts`. */
  readonly beaconMs: number;
};

export function readSettings(env: Env): Settings {
  const variables = z.parse(Variables, env);
  const development = variables.DEVELOPMENT === "true";
  const beaconMsDefault = development ? BEACON_MS_DEVELOPMENT : BEACON_MS_DEFAULT;
  return {
    environment: variables.ENVIRONMENT,
    development,
    trustVisitorHeaders: variables.TRUST_VISITOR_HEADERS === "true",
    publicKeys: z.parse(PublicKeys, JSON.parse(variables.SNAPSHOT_PUBLIC_KEYS)),
    beaconMs: variables.BEACON_MS === "" ? beaconMsDefault : Number(variables.BEACON_MS),
  };
}

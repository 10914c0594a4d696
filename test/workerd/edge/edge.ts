/** One edge isolate for a test: a fleet of two regions on real sockets, a signing key, and a request in one call. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { BEACON_ORIGIN, BEACON_STATE_PATH } from "../../../config/beacon.ts";
import { canonicalJson } from "../../../config/canonical.ts";
import { compile } from "../../../config/compile.ts";
import { debugTokenSignedText, encodeDebugToken } from "../../../config/debug-token.ts";
import { hasErrors } from "../../../config/findings.ts";
import type { HealthReport } from "../../../config/health.ts";
import { Revision } from "../../../config/ids.ts";
import { invariant } from "../../../config/invariant.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { encodeSigned } from "../../../config/signed.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import worker from "../../../worker/index.ts";
import type { Env } from "../../../worker/settings.ts";

export const ENVIRONMENT = "demo";
const KEY_ID = "test";

const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair; // not symmetric
const rawKey = (await crypto.subtle.exportKey("raw", keys.publicKey)) as ArrayBuffer; // only "jwk" gives anything else
const publicKey = btoa(String.fromCharCode(...new Uint8Array(rawKey)));

/** wrangler.toml's bindings, with the variables of production. */
// `env` is typed for every Worker of the project at once; in this pool it is the edge's.
const edgeEnv = env as unknown as Env;

export type Edge = {
  readonly fetch: (request: Request) => Promise<Response>;
};

/** A new isolate as far as the edge can tell: it has nothing in memory. */
export function startEdge(variables: Partial<Env> = {}): Edge {
  // Telemetry waits for the end of its window, and the helper below for it: only the tests about it have any.
  const bindings: Env = {
    ...edgeEnv,
    TELEMETRY_MS: "0",
    SNAPSHOT_PUBLIC_KEYS: JSON.stringify({ [KEY_ID]: publicKey }),
    ...variables,
  };
  return {
    fetch: async (request) => {
      const context = createExecutionContext();
      // What arrives at a Worker has more than what a test makes; the edge reads `cf` only, which may be given.
      const response = await worker.fetch(request as Parameters<typeof worker.fetch>[0], bindings, context);
      await waitOnExecutionContext(context);
      return response;
    },
  };
}

/** What the control plane does on commit, without it. */
export async function publish(snapshot: Snapshot): Promise<void> {
  await edgeEnv.CONFIG.put("snapshot", await signed(snapshot));
}

export async function signed(snapshot: Snapshot): Promise<string> {
  const payload = canonicalJson(snapshot);
  const bytes = new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, new TextEncoder().encode(payload)));
  return encodeSigned({ keyId: KEY_ID, payload, signature: btoa(String.fromCharCode(...bytes)) });
}

/** What the control plane gives to who may look at decisions. */
export async function debugToken(): Promise<string> {
  const claims = toBase64Url(
    new TextEncoder().encode(
      JSON.stringify({
        ...{ environment: ENVIRONMENT, tokenId: crypto.randomUUID(), actor: "somebody" },
        expiresAtMs: Date.now() + 60_000,
      }),
    ),
  );
  const text = new TextEncoder().encode(debugTokenSignedText({ keyId: KEY_ID, claims }));
  const signature = toBase64Url(new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, text)));
  return encodeDebugToken({ keyId: KEY_ID, claims, signature });
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The news of the beacon in Frankfurt. */
export async function tellHealth(revision: number, report: Partial<HealthReport>): Promise<void> {
  const health = { sequence: 1, atMs: 0, clusters: {}, recoveredAtMs: {}, ...report };
  await tellBeacon(BEACON_STATE_PATH, JSON.stringify({ revision, health }));
}

export async function tellBeacon(path: string, text: string): Promise<void> {
  await edgeEnv.BEACON.getByName(`${ENVIRONMENT}:weur`).fetch(BEACON_ORIGIN + path, { method: "PUT", body: text });
}

/** How often the beacon was asked for each path. */
export async function askedOfBeacon(): Promise<Readonly<Record<string, number>>> {
  const response = await edgeEnv.BEACON.getByName(`${ENVIRONMENT}:weur`).fetch(`${BEACON_ORIGIN}/asked`);
  return response.json();
}

/** What isolates have reported to the beacon. */
export async function reportedToBeacon(): Promise<readonly unknown[]> {
  const response = await edgeEnv.BEACON.getByName(`${ENVIRONMENT}:weur`).fetch(`${BEACON_ORIGIN}/reports`);
  return response.json();
}

/** Europe's clients go to Europe and everybody else to America; `accounts` serves Europe's clients from Europe only. */
export function fleet(revision: number, endpoints = inject("edgeOrigins")): Snapshot {
  const { fleet: sound, findings } = readFleet(documents(endpoints), { environment: ENVIRONMENT, development: true });
  invariant(!hasErrors(findings), `the fleet is sound: ${JSON.stringify(findings)}`);
  return compile({ fleet: sound, overlays: [], environment: ENVIRONMENT, revision: Revision.parse(revision) });
}

function documents({ europe, america }: { europe: string; america: string }): readonly unknown[] {
  const capacity = { requestsPerSecond: 1_000 };
  const place = (latitude: number, longitude: number) => ({ location: { latitude, longitude }, capacity });
  const timeouts = { firstByte: "500ms", total: "2s" };
  const cluster = (region: string, service: string, endpoint: string) =>
    document("Cluster", `${region}-${service}`, { region, service, endpoint, weight: 1 });
  return [
    document("Region", "america", { ...place(39, -77.5), jurisdictions: ["us"], vantage: "weur" }),
    document("Region", "europe", { ...place(50.1, 8.7), jurisdictions: ["eu"], vantage: "weur" }),
    document("Service", "web", { affinity: { by: "none" }, timeouts, flags: ["banner"] }),
    document("Flag", "banner", {
      ...{ state: "ENABLED", variants: { de: "Grüße", other: "hi" }, defaultVariant: "other" },
      targeting: { if: [{ "==": [{ var: "country" }, "DE"] }, "de"] },
      regions: { america: { state: "DISABLED" } },
    }),
    document("Service", "accounts", {
      affinity: { by: "none" },
      timeouts,
      residency: [
        { clients: { eu: true }, jurisdictions: ["eu"] },
        { clients: { countries: ["US"] }, jurisdictions: ["us"] },
      ],
    }),
    ...["web", "accounts"].flatMap((service) => [
      cluster("america", service, america),
      cluster("europe", service, europe),
    ]),
    ...["web", "accounts"].map((service) =>
      document("Route", service, {
        service,
        match: { hosts: [`${service}.example`] },
        steering: [{ name: "europe", when: { continents: ["EU"] }, weights: { europe: 1 } }],
        default: { weights: { america: 1 } },
      }),
    ),
  ];
}

function document(kind: string, name: string, spec: object): object {
  return { apiVersion: "fairlead.dev/v1", kind, metadata: { name }, spec };
}

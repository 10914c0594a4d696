/** Asks the admin Worker as a client would, holds every answer to the contract, and has a small fleet to ask about. */

import { exports, env as untypedEnv } from "cloudflare:workers";
import { Buffer } from "node:buffer";
import { inject } from "vitest";
import type { AdminEnv } from "../../../admin/env.ts";
import { type Exchange, type ExchangeRequest, isJson } from "../../contract/exchange.ts";
import { type PrincipalName, tokenOf } from "./principals.ts";

// The bindings of admin/wrangler.toml and of the global setup; the platform's type knows none of them.
export const env = untypedEnv as unknown as AdminEnv;

export const TOKEN = "token-of-the-admin-tests";

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  // Answers are read in many shapes; each test says what it expects.
  // biome-ignore lint/suspicious/noExplicitAny: a test that reads a field which is not there fails by itself.
  readonly body: any;
};

// The Worker's default export as it is served; typed by hand because the platform's types do not know our entry.
const worker = (exports as unknown as { readonly default: Fetcher }).default;

/** A raw request without token and headers but those given. An answer that breaks the contract is an error. */
export async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const request = new Request(`http://admin${path}`, init);
  const sent = await recordRequest(request, init.body);
  const response = await worker.fetch(request);
  const bytes = await response.arrayBuffer();
  const { status, headers } = response;
  await holdToContract({ request: sent, answer: { status, headers: [...headers], base64: base64Of(bytes) } });
  const text = new TextDecoder().decode(bytes);
  return { status, headers, body: isJson(headers.get("content-type")) && text !== "" ? JSON.parse(text) : text };
}

async function recordRequest({ method, url, headers }: Request, body: RequestInit["body"]): Promise<ExchangeRequest> {
  const { pathname, search } = new URL(url);
  return { method, target: `${pathname}${search}`, headers: [...headers], body: await recordBody(body) };
}

async function recordBody(body: RequestInit["body"]): Promise<ExchangeRequest["body"]> {
  if (body === undefined || body === null) return { kind: "none" };
  if (body instanceof ReadableStream) return { kind: "stream" };
  return { kind: "bytes", base64: base64Of(await new Response(body).arrayBuffer()) };
}

function base64Of(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString("base64");
}

/** Replays the exchange through the contract proxy, outside. */
async function holdToContract(exchange: Exchange): Promise<void> {
  const response = await fetch(inject("contractUrl"), { method: "POST", body: JSON.stringify(exchange) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the contract proxy failed: ${text}`);
  const findings: readonly string[] = JSON.parse(text);
  if (findings.length > 0) throw new Error(`the contract is broken:\n${findings.join("\n")}`);
}

export async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return ask(path, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
}

/** Sends JSON with the token, for whatever the state is unless the headers say otherwise. */
export async function send(
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return ask(path, {
    method,
    headers: {
      ...{ authorization: `Bearer ${TOKEN}`, "content-type": "application/json", "if-match": "*" },
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The headers of somebody else's request, for `get` and `send`. */
export function as(name: PrincipalName): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${tokenOf(name)}` };
}

const apiVersion = "fairlead.dev/v1";

export function region(name: string, options: { latitude: number; longitude: number; vantage: string }) {
  const { latitude, longitude, vantage } = options;
  return {
    apiVersion,
    kind: "Region",
    metadata: { name },
    spec: {
      location: { latitude, longitude },
      jurisdictions: [name.slice(0, 2)],
      vantage,
      capacity: { requestsPerSecond: 100 },
    },
  };
}

/** `probed` is the path on the test origin that its health check asks for; none when absent. */
export function cluster(name: string, regionName: string, probed?: string) {
  return {
    apiVersion,
    kind: "Cluster",
    metadata: { name },
    spec: {
      region: regionName,
      service: "web",
      endpoint: `http://127.0.0.1:${inject("originPort")}`,
      weight: 100,
      ...(probed === undefined
        ? {}
        : { healthCheck: { path: probed, interval: "1s", timeout: "900ms", rise: 2, fall: 2 } }),
    },
  };
}

/** Held down for less than the tests wait, and longer than `rise` takes. */
export const HOLD_DOWN_MS = 1_500;

export const SERVICE = {
  apiVersion,
  kind: "Service",
  metadata: { name: "web" },
  spec: { recovery: { holdDown: `${HOLD_DOWN_MS}ms` } },
};

export const ROUTE = {
  apiVersion,
  kind: "Route",
  metadata: { name: "web" },
  spec: {
    service: "web",
    match: { hosts: ["shop.example.com"] },
    steering: [{ name: "europe", when: { continents: ["EU"] }, weights: { "eu-west": 90, "us-east": 10 } }],
    default: { proximity: {} },
  },
};

const EU_WEST = region("eu-west", { latitude: 50.1, longitude: 8.7, vantage: "weur" });
const US_EAST = region("us-east", { latitude: 39, longitude: -77.5, vantage: "enam" });

/** Tests turn the same thing to and fro within milliseconds; what holds that up has tests of its own. */
export const POLICY = {
  apiVersion,
  kind: "Policy",
  metadata: { name: "unhurried" },
  spec: {
    safety: {
      ...{ waitSame: "off", waitOpposite: "off", stepMaxBps: "off", shiftPerHourMaxBps: "off", midChange: "off" },
      removalMaxPercent: "off",
    },
  },
};

/** Two regions with a cluster each, one route, and a Policy that lets tests hurry. */
export function smallFleet(probed?: { readonly eu: string; readonly us: string }): unknown[] {
  return [
    EU_WEST,
    US_EAST,
    SERVICE,
    cluster("eu-west-blue", "eu-west", probed?.eu),
    cluster("us-east-blue", "us-east", probed?.us),
    ROUTE,
    POLICY,
  ];
}

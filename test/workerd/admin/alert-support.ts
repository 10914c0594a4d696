/** A fleet that promises something, telemetry that says how it goes, and the alert object from within. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { inject } from "vitest";
import { packRows } from "../../../admin/core/telemetry/packed.ts";
import { telemetryRootStub } from "../../../admin/env.ts";
import { sketchOf } from "../../../config/sketch.ts";
import type { StatusClass, TelemetryRow } from "../../../config/telemetry.ts";
import { passTime } from "./fleet-object.ts";
import { env, SERVICE, send, smallFleet } from "./support.ts";
import type { Behaviour, Received } from "./webhook-receiver.ts";

export const alertObject = () => env.ALERT.getByName(env.ENVIRONMENT);

export const OBJECTIVES = {
  availability: { targetPpm: 999_000 },
  runbook: "https://wiki.example.com/web",
};

/** Of `web`, which others of the fleet may own parts of. */
export function promising(objectives: object = OBJECTIVES, owner?: string): object {
  const metadata = { name: "web", ...(owner === undefined ? {} : { owner }) };
  return { ...SERVICE, metadata, spec: { ...SERVICE.spec, objectives } };
}

export function webhook(name: string, spec: object = {}): object {
  return {
    ...{ apiVersion: "fairlead.dev/v1", kind: "Webhook", metadata: { name } },
    spec: { url: `http://127.0.0.1:${inject("originPort")}/hooks/${name}`, format: "standard", ...spec },
  };
}

/** The small fleet with what is given in the place of its own, and besides; of two with one name the last. */
export async function applyFleet(...documents: readonly object[]): Promise<void> {
  const idOf = (document: object) => {
    const { kind, metadata } = document as { kind: string; metadata: { name: string } }; // they are documents
    return `${kind}/${metadata.name}`;
  };
  const given = new Map(documents.map((document) => [idOf(document), document]));
  const kept = smallFleet().filter((document) => !given.has(idOf(document as object)));
  const { status, body } = await send("PUT", "/v1/fleet", { documents: [...kept, ...given.values()] });
  if (status !== 200) throw new Error(`the fleet was refused: ${JSON.stringify(body)}`);
}

// --- Receivers

const receiverUrl = (name: string) => `http://127.0.0.1:${inject("originPort")}/receiver/${name}`;

/** How it is from now on; it has got nothing yet. */
export async function receiver(name: string, behaviour: Behaviour = {}): Promise<void> {
  await fetch(receiverUrl(name), { method: "POST", body: JSON.stringify(behaviour) });
}

export async function receivedBy(name: string): Promise<readonly Received[]> {
  return (await fetch(receiverUrl(name))).json();
}

/** What it got, in short: `alert.firing page eu-west`. */
export async function toldTo(name: string): Promise<readonly string[]> {
  return (await receivedBy(name)).map(({ body }) => {
    const { type, data } = JSON.parse(body);
    return [type, data.severity, data.region ?? data.scope].filter(Boolean).join(" ");
  });
}

// --- Telemetry

let pushes = 0;

export type Traffic = {
  readonly region: string;
  readonly cluster?: string;
  readonly good: number;
  readonly bad: number;
};

/** Requests of `web` in one window of telemetry, `agoMs` before now. */
export async function count(traffic: readonly Traffic[], agoMs = 10_000): Promise<void> {
  const rows = traffic.flatMap(({ region, cluster = `${region}-blue`, good, bad }) => [
    ...rowOf(region, cluster, "2xx", good),
    ...rowOf(region, cluster, "5xx", bad),
  ]);
  const startMs = Math.floor((Date.now() - agoMs) / 10_000) * 10_000;
  const text = JSON.stringify({ windows: [[startMs, packRows(rows)]], lost: { reports: 0, requests: 0 } });
  pushes += 1;
  await telemetryRootStub(env).accept({ shard: `s${pushes}`, incarnation: "one", sequence: 0, text });
}

function rowOf(region: string, cluster: string, statusClass: StatusClass, requests: number): readonly TelemetryRow[] {
  if (requests === 0) return [];
  const key = { service: "web", region, cluster, side: "stable", continent: "EU", statusClass, revision: 1 } as const;
  return [{ key, requests, latency: sketchOf(Array<number>(requests).fill(50)) }];
}

// --- The object

/** It looks, now. */
export async function look(): Promise<void> {
  await runDurableObjectAlarm(alertObject());
}

/** It looks every ten seconds for so long. */
export async function lookFor(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    passTime(10_000);
    await look();
  }
}

export function stored<T>(query: string): Promise<readonly T[]> {
  return runInDurableObject(alertObject(), (_, { storage }) => storage.sql.exec(query).toArray() as T[]);
}

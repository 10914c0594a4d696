/**
 * A fleet that has nothing to be found: `web` in `eu` and `us`, declared, reported and with a way back, and `cart`, which
 * it talks to. Each test changes one thing of it.
 */
import * as z from "zod/mini";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { Drift } from "../../../admin/core/drift/drift.ts";
import type { Projection } from "../../../admin/core/plan/projection.ts";
import type { PreflightScope } from "../../../admin/core/preflight/examined.ts";
import type { PreflightReport } from "../../../admin/core/preflight/finding.ts";
import { preflight } from "../../../admin/core/preflight/preflight.ts";
import type { Compiled } from "../../../admin/core/safety/switches.ts";
import type { Statuses } from "../../../admin/core/status/statuses.ts";
import { ClusterStatus } from "../../../config/cluster-status.ts";
import { compile } from "../../../config/compile.ts";
import { hasErrors } from "../../../config/findings.ts";
import type { HealthState } from "../../../config/health.ts";
import { Revision } from "../../../config/ids.ts";
import { Overlay } from "../../../config/overlays.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, fleetOf, PRODUCTION, policy, region, route, service } from "../config/fixtures.ts";

export { policy, region, route, service };

export type Json = { readonly [key: string]: unknown };

export const NOW_MS = 10_000_000;
const HOUR_MS = 3_600_000;

export const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
export const NEW = digest("a");
export const OLD = digest("b");

/** What `web` must report, with some of it otherwise. */
export const reports = (fields: Json = {}): Json => ({
  ...{ version: "4.0.0", configDigest: digest("c"), platform: "linux/amd64", compliance: ["soc2"] },
  secrets: [{ name: "db", version: "v2" }],
  ...fields,
});

export const rollback = (fields: Json = {}): Json => ({ version: "3.9.0", imageDigest: OLD, ...fields });

/** A cluster of `web`; `name` begins with its region. */
export function web(name: string, fields: Json = {}): Json {
  return cluster(name, {
    region: name.slice(0, 2),
    image: `registry.example/web:4.0@${NEW}`,
    ...{ reports: reports(), rollback: rollback(), ...fields },
  });
}

export function cart(name: string, fields: Json = {}): Json {
  return cluster(name, { region: name.slice(0, 2), service: "cart", reports: { version: "3.4.0" }, ...fields });
}

export const WORLD: readonly Json[] = [
  region("eu"),
  region("us", { location: { latitude: 39, longitude: -77 }, jurisdictions: ["us"], vantage: "enam" }),
  service("web"),
  service("cart"),
  web("eu-web"),
  web("us-web"),
  cart("eu-cart"),
  route("web", { default: { weights: { eu: 1, us: 1 } } }),
  route("cart", { service: "cart", match: { hosts: ["cart.example.org"] }, default: { proximity: {} } }),
];

/** `WORLD` with documents of the same kind and name replaced, and others added. */
export function worldBut(...changes: readonly Json[]): readonly Json[] {
  const idOf = ({ kind, metadata }: Json) => JSON.stringify([kind, metadata]);
  const changed = new Map(changes.map((change) => [idOf(change), change]));
  const kept = WORLD.map((document) => changed.get(idOf(document)) ?? document);
  return [...kept, ...changes.filter((change) => !kept.includes(change))];
}

/** What a cluster of `web` reports when all is well. */
export const webStatus = (fields: Json = {}): Json => ({
  ...{ version: "4.0.0", imageDigest: NEW, configDigest: digest("c"), platform: "linux/amd64" },
  secrets: [{ name: "db", versions: ["v1", "v2"], active: "v2" }],
  compliance: ["gdpr", "soc2"],
  ...fields,
});

export const STATUSES: Readonly<Record<string, Json>> = {
  "eu-web": webStatus(),
  "us-web": webStatus(),
  "eu-cart": { version: "3.4.0" },
};

export type Case = {
  /** Proposed; the whole world when absent. */
  readonly documents?: readonly Json[];
  /** In force; what is proposed when absent. */
  readonly inForce?: readonly Json[];
  readonly overlays?: readonly Json[];
  /** By cluster, beside and instead of those of `STATUSES`; null for none. */
  readonly statuses?: Readonly<Record<string, Json | null>> | "unavailable";
  readonly health?: Readonly<Record<string, HealthState>> | "unavailable";
  readonly drift?: readonly Drift[];
  readonly scope?: PreflightScope;
  /** Requests/s and capacity by region. */
  readonly load?: Readonly<Record<string, readonly [rate: number, capacity: number]>>;
};

export function judge(one: Case = {}): PreflightReport {
  const { documents: given = WORLD, inForce: known, overlays = [], health = {}, load = {} } = one;
  const documents = plain(given);
  const inForce = known === undefined ? documents : plain(known);
  const read = readFleet(documents, PRODUCTION);
  const sound = !hasErrors(read.findings);
  // A broken set of documents is never in force: what is proposed then, is proposed to the sound world.
  const before = compiled(inForce === documents && !sound ? WORLD : inForce, overlays);
  const after = inForce === documents ? before : compiled(sound ? documents : WORLD, overlays);
  return preflight({
    inputs: documents,
    read,
    states: sound ? { before, after, projection: projectionOf(load) } : undefined,
    servesNow: before.state.fleet.routes.length > 0,
    statuses: statusesOf(one),
    health: health === "unavailable" ? undefined : new Map(Object.entries(health)),
    drift: one.drift ?? [],
    scope: one.scope ?? {},
    nowMs: NOW_MS,
  });
}

/** `code document path` of every finding, the way tables compare them; warnings carry a question mark. */
export function told({ findings }: PreflightReport): string[] {
  return findings.map(({ code, severity, document, path }) => {
    const inside = document === undefined ? path : path.replace(/^\/documents\/\d+/, document);
    return `${code}${severity === "warning" ? "?" : ""} ${inside}`;
  });
}

export const frozen = (fields: Json = {}): Json => ({
  kind: "freeze",
  name: "sale",
  expiresAtMs: NOW_MS + HOUR_MS,
  ...fields,
});

/** Without fields that a test sets to undefined, as JSON has none. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function compiled(inputs: readonly Json[], overlays: readonly Json[]): Compiled {
  const { fleet, documents } = fleetOf(inputs);
  const provenance = { author: "someone", reason: "a reason", createdAtMs: 0 };
  const state: FleetState = {
    ...{ environment: "production", revision: 7, documents, fleet },
    overlays: overlays.map((overlay) => z.parse(Overlay, { ...provenance, ...overlay })),
  };
  return { state, snapshot: compile({ ...state, revision: Revision.parse(7) }) };
}

function statusesOf({ statuses = {} }: Case): Statuses | undefined {
  if (statuses === "unavailable") return undefined;
  const reporting = Object.entries({ ...STATUSES, ...statuses }).filter(([, fields]) => fields !== null);
  return new Map(
    reporting.map(([cluster, fields]) => [
      cluster,
      z.parse(ClusterStatus, plain({ cluster, atMs: NOW_MS, ...fields })),
    ]),
  );
}

function projectionOf(load: NonNullable<Case["load"]>): Projection {
  const regions = Object.entries(load).map(([name, [rate, capacity]]) => ({
    ...{ region: name, shareBps: 0, capacityRequestsPerSecond: capacity },
    ...{ requestsPerSecond: rate, utilizationBps: (rate / capacity) * 10_000 },
  }));
  return { demand: { source: "policy" }, regions, clusters: [], countries: [], unservedBps: 0 };
}

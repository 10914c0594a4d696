/** Small fleets and clients for routing tests: literals with the least that a test has to say. */

import type { HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { Snapshot as SnapshotSchema } from "../../../config/snapshot.ts";
import { type DecideInput, traceDecision } from "../../../worker/routing/decide.ts";
import type { Reason, TracedDecision } from "../../../worker/routing/decision.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import { HEALTH_UNKNOWN, type HealthView } from "../../../worker/routing/health-view.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { type Geo, readAsn, readPlace } from "../../../worker/routing/place.ts";

type Json = Record<string, unknown>;

export const ENABLED = { adminState: "enabled" };

const PLACES: Readonly<Record<string, Json>> = {
  "eu-west": { latitude: 50.1, longitude: 8.7, jurisdictions: ["eu"] },
  "us-east": { latitude: 39, longitude: -77.5, jurisdictions: ["us"] },
  "ap-south": { latitude: 19.1, longitude: 72.9, jurisdictions: ["in"] },
};

/** Three regions, a blue cluster each (and a green canary where asked for), one service, one route for every host. */
export function world(
  overrides: {
    readonly regions?: Readonly<Record<string, Json>>;
    readonly service?: Json;
    readonly clusters?: readonly Json[];
    readonly route?: Json;
    readonly routes?: readonly Json[];
    readonly flags?: readonly Json[];
  } = {},
): Snapshot {
  const regions = Object.entries(PLACES).map(([name, place]) => ({
    name,
    ...place,
    availability: ENABLED,
    ...overrides.regions?.[name],
  }));
  return SnapshotSchema.parse({
    schemaVersion: 1,
    environment: "test",
    revision: 1,
    beacons: ["weur"],
    regions,
    services: [
      {
        name: "web",
        affinity: { by: "clientAddress" },
        canaryShareBps: {},
        attemptsMax: 3,
        firstByteMs: 1_000,
        totalMs: 5_000,
        recovery: { rampMs: 60_000, floorBps: 1_000 },
        load: { lean: false },
        ...overrides.service,
      },
    ],
    clusters: overrides.clusters ?? regions.map(({ name }) => cluster(name)),
    routes: overrides.routes ?? [route(overrides.route)],
    ...(overrides.flags === undefined ? {} : { flags: overrides.flags }),
  });
}

export function cluster(region: string, overrides: Json = {}): Json {
  return {
    name: `${region}-blue`,
    service: "web",
    region,
    endpoint: `https://${region}.example.net`,
    side: "stable",
    weight: 100,
    availability: ENABLED,
    ...overrides,
  };
}

export function route(overrides: Json = {}): Json {
  return {
    name: "web",
    service: "web",
    hosts: ["*"],
    paths: [{ prefix: "/" }],
    steering: [],
    default: { by: "proximity", regions: [] },
    failover: { order: "proximity", overprovisioningFactor: 140, panicThreshold: 50, onPanic: "spread" },
    ...overrides,
  };
}

export type Client = Partial<Omit<Facts, "header" | "place">> & {
  readonly geo?: Geo;
  readonly headers?: Record<string, string>;
};

export function facts({ geo = {}, headers = {}, ...rest }: Client = {}): Facts {
  const asn = readAsn(geo);
  return {
    method: "GET",
    host: "shop.example.com",
    path: "/",
    header: (name) => (Object.hasOwn(headers, name) ? (headers[name] ?? null) : null),
    place: readPlace(geo),
    ...(asn === undefined ? {} : { asn }),
    ...rest,
  };
}

export function view(
  states: Readonly<Record<string, HealthState>>,
  ejected: readonly string[] = [],
  more: Partial<HealthView> = {},
): HealthView {
  return { ...HEALTH_UNKNOWN, states: new Map(Object.entries(states)), ejected: new Set(ejected), ...more };
}

export function run(
  snapshot: Snapshot,
  client: Client = {},
  more: Partial<Omit<DecideInput, "snapshot" | "facts">> = {},
): TracedDecision {
  return traceDecision({
    snapshot: loadSnapshot(snapshot),
    facts: facts(client),
    health: view({}),
    draw: 0,
    now: 0,
    ...more,
  });
}

/** The clusters in the order of the attempts, or the code of the refusal. */
export function outcome(decision: TracedDecision): readonly string[] | string {
  return decision.kind === "forward" ? decision.attempts.map((attempt) => attempt.cluster) : decision.code;
}

export function reason<C extends Reason["code"]>(
  decision: TracedDecision,
  code: C,
): Extract<Reason, { code: C }> | undefined {
  return decision.reasons.find((candidate): candidate is Extract<Reason, { code: C }> => candidate.code === code);
}

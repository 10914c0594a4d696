/**
 * Fleets of any size, as documents that people could have written. Two shapes: `services` grows the way real fleets
 * grow (more services, each in three regions with a stable and a canary side), `oneService` puts every cluster behind
 * one service in three regions. What is generated is checked and compiled by the same code as any other fleet.
 */
import { compile } from "../../config/compile.ts";
import { API_VERSION } from "../../config/documents/envelope.ts";
import type { Document, Fleet } from "../../config/documents.ts";
import { hasErrors } from "../../config/findings.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { Snapshot } from "../../config/snapshot.ts";

export type FleetShape = "services" | "oneService";

export const BENCH_ENVIRONMENT = "bench";

const REGIONS = [
  { name: "eu-west", latitude: 50.1, longitude: 8.7, jurisdictions: ["eu"], vantage: "weur" },
  { name: "us-east", latitude: 39, longitude: -77.5, jurisdictions: ["us"], vantage: "enam" },
  { name: "ap-south", latitude: 19.1, longitude: 72.9, jurisdictions: ["in"], vantage: "apac" },
] as const;

/** Below six clusters a service has no canary side, so that three clusters are one service in three regions. */
const SIDES = ["stable", "canary"] as const;
const CLUSTERS_PER_SERVICE = REGIONS.length * SIDES.length;

const RESIDENCY = [
  { clients: { eu: true }, jurisdictions: ["eu"] },
  { clients: { unknown: true }, jurisdictions: ["eu"] },
  { clients: { any: true }, jurisdictions: ["eu", "us", "in"] },
];

const STEERING = [
  { name: "europe", when: { continents: ["EU"] }, weights: { "eu-west": 90, "us-east": 10 } },
  { name: "americas", when: { continents: ["NA", "SA"] }, weights: { "us-east": 100 } },
  { name: "asia", when: { continents: ["AS", "OC"] }, weights: { "ap-south": 80, "us-east": 20 } },
];

/** What a client can ask for, and be answered, in a generated fleet. */
export type FleetTarget = { readonly host: string; readonly path: string };

export const SHARED_HOST = "api.example.com";

export function fleetTargets(clusters: number, shape: FleetShape): readonly FleetTarget[] {
  return serviceNames(clusters, shape).flatMap((service) => [
    { host: `${service}.example.com`, path: "/items/4711" },
    { host: SHARED_HOST, path: `/${service}/items/4711` },
  ]);
}

export function fleetDocuments(clusters: number, shape: FleetShape): readonly unknown[] {
  const services = serviceNames(clusters, shape);
  return [
    ...REGIONS.map(({ name, latitude, longitude, jurisdictions, vantage }) =>
      document("Region", name, {
        location: { latitude, longitude },
        jurisdictions,
        vantage,
        capacity: { requestsPerSecond: 10_000 },
      }),
    ),
    ...services.map((name, index) => serviceDocument(name, index, clusters)),
    ...Array.from({ length: clusters }, (_, index) => clusterDocument(services, index, shape)),
    ...services.flatMap(routeDocuments),
  ];
}

/** Checked as a production fleet would be: a generator that makes findings is a bug of the bench. */
export function benchFleet(clusters: number, shape: FleetShape): { documents: readonly Document[]; fleet: Fleet } {
  const { documents, fleet, findings } = readFleet(fleetDocuments(clusters, shape), {
    environment: BENCH_ENVIRONMENT,
    development: false,
  });
  invariant(!hasErrors(findings), `the generated fleet has no errors: ${JSON.stringify(findings.slice(0, 3))}`);
  return { documents, fleet };
}

export function benchSnapshot(clusters: number, shape: FleetShape): Snapshot {
  const { fleet } = benchFleet(clusters, shape);
  return compile({ fleet, overlays: [], environment: BENCH_ENVIRONMENT, revision: Revision.parse(1) });
}

export function document(kind: string, name: string, spec: unknown) {
  return { apiVersion: API_VERSION, kind, metadata: { name, owner: "bench" }, spec };
}

function serviceNames(clusters: number, shape: FleetShape): readonly string[] {
  const count = shape === "oneService" ? 1 : Math.ceil(clusters / CLUSTERS_PER_SERVICE);
  return Array.from({ length: count }, (_, index) => `service-${String(index + 1).padStart(4, "0")}`);
}

/** Affinity and residency vary from service to service, the first has what most services have. */
function serviceDocument(name: string, index: number, clusters: number) {
  const affinity =
    index % 3 === 1 ? { by: "none" } : index % 7 === 6 ? { by: "header", header: "x-session" } : undefined;
  return document("Service", name, {
    tier: "standard",
    affinity: affinity ?? { by: "clientAddress" },
    ...(clusters < CLUSTERS_PER_SERVICE ? {} : { canaryShareBps: 1_000 }),
    ...(index % 5 === 4 ? { residency: RESIDENCY } : {}),
  });
}

function clusterDocument(services: readonly string[], index: number, shape: FleetShape) {
  const service = services[shape === "oneService" ? 0 : Math.floor(index / CLUSTERS_PER_SERVICE)];
  const region = REGIONS[index % REGIONS.length];
  const side = SIDES[Math.floor(index / REGIONS.length) % SIDES.length];
  invariant(service !== undefined && region !== undefined && side !== undefined, "an index falls on one of each");
  const name = `${service}-${region.name}-${index}`;
  return document("Cluster", name, {
    region: region.name,
    service,
    endpoint: `https://${name}.origin.example.com`,
    weight: 100,
    side,
  });
}

/** Each service has a host of its own and a path on the host that all share; every fourth is steered by rules. */
function routeDocuments(service: string, index: number) {
  const steering = index % 4 === 0 ? { steering: STEERING } : {};
  const fallback = index % 2 === 0 ? { proximity: {} } : { weights: { "eu-west": 50, "us-east": 30, "ap-south": 20 } };
  return [
    document("Route", `${service}-host`, {
      service,
      match: { hosts: [`${service}.example.com`] },
      ...steering,
      default: fallback,
    }),
    document("Route", `${service}-path`, {
      service,
      match: { hosts: [SHARED_HOST], paths: [{ prefix: `/${service}` }] },
      ...steering,
      default: fallback,
    }),
  ];
}

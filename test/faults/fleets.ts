/**
 * Fleets for the edge on loopback, written as documents and compiled like any other. Every client is meant for the first
 * region and fails over to the second, so that a test knows without any geography which cluster is asked first.
 */
import { compile } from "../../config/compile.ts";
import { hasErrors } from "../../config/findings.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { Snapshot } from "../../config/snapshot.ts";

export const WIRE_ENVIRONMENT = "wire";

/** Short, so that a cluster that never answers costs a test little; long enough for a busy machine. */
export const FIRST_BYTE_MS = 600;
const TOTAL_MS = 2_000;

const REGIONS = [
  { name: "eu-west", latitude: 50.1, longitude: 8.7, vantage: "weur" },
  { name: "us-east", latitude: 39, longitude: -77.5, vantage: "enam" },
] as const;

/** `endpoints` in the order in which they are tried. */
export function wireSnapshot(endpoints: readonly [first: string, second?: string]): Snapshot {
  return snapshotOf(documents(endpoints, { firstByte: `${FIRST_BYTE_MS}ms`, total: `${TOTAL_MS}ms` }));
}

/** For real programs behind the edge, which start processes and may be slow on a busy machine: nothing times out. */
export function patientSnapshot(endpoint: string): Snapshot {
  return snapshotOf(documents([endpoint], { firstByte: "60s", total: "2m" }));
}

/** Compiles documents that are known to be sound. */
export function snapshotOf(documents: readonly unknown[]): Snapshot {
  const { fleet, findings } = readFleet(documents, { environment: WIRE_ENVIRONMENT, development: true });
  invariant(!hasErrors(findings), `the fleet is sound: ${JSON.stringify(findings)}`);
  const snapshot = compile({ fleet, overlays: [], environment: WIRE_ENVIRONMENT, revision: Revision.parse(1) });
  // There is no control plane to ask.
  return { ...snapshot, beacons: [] };
}

function documents(endpoints: readonly (string | undefined)[], timeouts: object): readonly unknown[] {
  const clusters = REGIONS.flatMap(({ name: region }, i) => {
    const endpoint = endpoints[i];
    if (endpoint === undefined) return [];
    return [document("Cluster", `${region}-blue`, { region, service: "web", endpoint, weight: 1 })];
  });
  const regions = REGIONS.map(({ name, vantage, ...location }) =>
    document("Region", name, { location, jurisdictions: ["eu"], vantage, capacity: { requestsPerSecond: 1_000 } }),
  );
  const service = document("Service", "web", {
    affinity: { by: "none" },
    timeouts,
  });
  const route = document("Route", "web", {
    service: "web",
    match: { hosts: ["*"] },
    default: { weights: { "eu-west": 1 } },
  });
  return [...regions, service, ...clusters, route];
}

export function document(kind: string, name: string, spec: object): object {
  return { apiVersion: "fairlead.dev/v1", kind, metadata: { name }, spec };
}

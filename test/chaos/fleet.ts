/**
 * One service for everybody, spread over as many regions and clusters as a run wants. Clients keep to their address, as
 * they do unless a service says otherwise. Timeouts are long: a run is to show that nobody waits for one.
 */
import type { Snapshot } from "../../config/snapshot.ts";
import { document, snapshotOf } from "../faults/fleets.ts";

export const FIRST_BYTE_MS = 10_000;

/** Where the regions are decides nothing here: all have the same weight. */
const LOCATION = { latitude: 50, longitude: 8 };

export type Place = { readonly name: string; readonly region: string; readonly endpoint: string };

/** `service` is what else the service says. */
export function compactFleet(places: readonly Place[], service: object = {}): Snapshot {
  const regions = [...new Set(places.map(({ region }) => region))];
  return snapshotOf([
    ...regions.map((name) =>
      document("Region", name, {
        location: LOCATION,
        jurisdictions: ["eu"],
        vantage: "weur",
        capacity: { requestsPerSecond: 1_000 },
      }),
    ),
    document("Service", "web", {
      timeouts: { firstByte: `${FIRST_BYTE_MS}ms`, total: `${2 * FIRST_BYTE_MS}ms` },
      ...service,
    }),
    ...places.map(({ name, region, endpoint }) =>
      document("Cluster", name, { region, service: "web", endpoint, weight: 1 }),
    ),
    document("Route", "web", {
      service: "web",
      match: { hosts: ["*"] },
      default: { weights: Object.fromEntries(regions.map((name) => [name, 1])) },
    }),
  ]);
}

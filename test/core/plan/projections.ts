/** Projections of small worlds for tests: `test/core/routing/world.ts` with a demand in a few words. */
import { type ProjectInput, type ProjectionState, project, settledHealth } from "../../../admin/core/plan/project.ts";
import type { Demand, Projection } from "../../../admin/core/plan/projection.ts";
import type { HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { world } from "../routing/world.ts";

export type Given = Parameters<typeof world>[0] & {
  /** By country; Germany alone when absent. */
  readonly countries?: Demand["countries"];
  readonly demandedRoutes?: NonNullable<Demand["routes"]>;
  readonly rate?: number;
  /** Clusters that are not healthy. */
  readonly health?: Readonly<Record<string, HealthState>>;
  /** Requests/s of every region; 1,000 when absent. */
  readonly capacity?: number;
};

export function inputOf({ countries, demandedRoutes, rate, health, capacity, ...overrides }: Given): ProjectInput {
  return inputFor(world(overrides), {
    ...(countries === undefined ? {} : { countries }),
    ...(demandedRoutes === undefined ? {} : { demandedRoutes }),
    ...(rate === undefined ? {} : { rate }),
    ...(health === undefined ? {} : { health }),
    ...(capacity === undefined ? {} : { capacity }),
  });
}

export function inputFor(
  snapshot: Snapshot,
  {
    countries = { DE: 1 },
    demandedRoutes,
    rate,
    health = {},
    capacity = 1_000,
  }: Pick<Given, "countries" | "demandedRoutes" | "rate" | "health" | "capacity"> = {},
): ProjectInput {
  const demand: Demand = {
    source: rate === undefined ? "countryMix" : "policy",
    countries,
    ...(demandedRoutes === undefined ? {} : { routes: demandedRoutes }),
    ...(rate === undefined ? {} : { requestsPerSecond: rate }),
  };
  return {
    snapshot,
    demand,
    health: settledHealth(new Map(Object.entries(health))),
    capacities: new Map(snapshot.regions.map(({ name }) => [name, capacity])),
  };
}

export function projected(given: Given): ProjectionState {
  return project(inputOf(given));
}

/** Basis points by name, with what is unserved; what has none is left out. */
export function shares({ regions, unservedBps }: Projection): Record<string, number> {
  const entries = regions.filter(({ shareBps }) => shareBps > 0).map(({ region, shareBps }) => [region, shareBps]);
  return Object.fromEntries(unservedBps === 0 ? entries : [...entries, ["unserved", unservedBps]]);
}

export function clusterShares({ clusters }: Projection): Record<string, number> {
  return Object.fromEntries(clusters.map(({ cluster, shareBps }) => [cluster, shareBps]));
}

export const FAILOVER = {
  order: "proximity",
  overprovisioningFactor: 140,
  panicThreshold: 50,
  onPanic: "spread",
} as const;

export function byWeights(weights: Readonly<Record<string, number>>, failover = {}) {
  return { default: { by: "weights", weights }, failover: { ...FAILOVER, ...failover } };
}

export const EU_ONLY = [{ clients: { eu: true }, jurisdictions: ["eu"] }];
export const DRAINED = { availability: { adminState: "disabled" } };

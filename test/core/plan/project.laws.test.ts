/** What holds for every fleet, demand and health. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { placeOf, requestOf } from "../../../admin/core/plan/clients.ts";
import { type ProjectInput, project, projectAgain } from "../../../admin/core/plan/project.ts";
import type { Demand } from "../../../admin/core/plan/projection.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { distributionOf } from "../../../worker/routing/distribution.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { demands, fleets, neighbours, states } from "./generated-fleets.ts";

function inputOf(snapshot: Snapshot, demand: Demand, health: HealthView): ProjectInput {
  return { snapshot, demand, health, capacities: new Map(snapshot.regions.map(({ name }) => [name, 100])) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Without any sharing of work: each route and country by itself. */
function expectedShares({ snapshot, demand, health }: ProjectInput): ReadonlyMap<string, number> {
  const { routes } = loadSnapshot(snapshot);
  const routeWeight = (name: string) =>
    demand.routes === undefined || sum(Object.values(demand.routes)) === 0 ? 1 : (demand.routes[name] ?? 0);
  const routesTotal = sum(Object.values(demand.routes ?? {})) || routes.length;
  const countriesTotal = sum(Object.values(demand.countries));
  const shares = new Map<string, number>();
  const add = (name: string, share: number) => shares.set(name, (shares.get(name) ?? 0) + share);
  for (const route of routes) {
    for (const [country, weight] of Object.entries(demand.countries)) {
      const part = (routeWeight(route.name) / routesTotal) * (weight / countriesTotal);
      const { regions, clusters } = distributionOf(route, requestOf(route, placeOf(country)), health);
      for (const [name, share] of regions) add(name, part * share);
      for (const [name, share] of clusters) add(name, part * share);
    }
  }
  return shares;
}

describe("laws of the projection", () => {
  test("it is the mean of what happens to each route's clients from each country", () => {
    fc.assert(
      fc.property(fleets, demands, states, (snapshot, demand, health) => {
        const input = inputOf(snapshot, demand, health);
        const { regions, clusters } = project(input).projection;
        const expected = expectedShares(input);
        for (const { region, shareBps } of regions)
          expect(Math.abs(shareBps - 10_000 * (expected.get(region) ?? 0)), region).toBeLessThan(1.001);
        // A cluster's basis points are rounded within those of its region, which are rounded already.
        for (const { cluster, shareBps } of clusters)
          expect(Math.abs(shareBps - 10_000 * (expected.get(cluster) ?? 0)), cluster).toBeLessThan(2.001);
      }),
      { numRuns: 150 },
    );
  });

  test("all of it, and each country, sums to 10,000; a region's clusters sum to its share", () => {
    fc.assert(
      fc.property(fleets, demands, states, (snapshot, demand, health) => {
        const { regions, clusters, countries, unservedBps } = project(inputOf(snapshot, demand, health)).projection;
        expect(sum(regions.map(({ shareBps }) => shareBps)) + unservedBps).toBe(10_000);
        for (const country of countries) expect(sum(Object.values(country.regions)) + country.unservedBps).toBe(10_000);
        for (const { region, shareBps } of regions) {
          const own = clusters.filter((cluster) => cluster.region === region);
          expect(sum(own.map((cluster) => cluster.shareBps))).toBe(shareBps);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("made from another projection it is the same as made anew, after one change and after two", () => {
    fc.assert(
      fc.property(
        neighbours,
        demands,
        states,
        demands,
        states,
        ({ before, after }, demand, health, demand2, health2) => {
          const first = project(inputOf(before, demand, health));
          const second = projectAgain(first, inputOf(after, demand, health2));
          expect(second.projection).toEqual(project(inputOf(after, demand, health2)).projection);
          const third = projectAgain(second, inputOf(before, demand2, health));
          expect(third.projection).toEqual(project(inputOf(before, demand2, health)).projection);
          expect([...third.spreads.keys()].sort()).toEqual(
            [...project(inputOf(before, demand2, health)).spreads.keys()].sort(),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test("the same input is the same projection, and nothing is worked out again for it", () => {
    fc.assert(
      fc.property(fleets, demands, states, (snapshot, demand, health) => {
        const state = project(inputOf(snapshot, demand, health));
        expect(projectAgain(state, inputOf(snapshot, { ...demand }, { ...health }))).toBe(state);
        expect(project(inputOf(structuredClone(snapshot), demand, health)).projection).toEqual(state.projection);
      }),
    );
  });
});

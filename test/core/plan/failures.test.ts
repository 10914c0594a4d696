/** Failures worked out by hand, and by brute force. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { placeOf, requestOf } from "../../../admin/core/plan/clients.ts";
import { analyseFailures } from "../../../admin/core/plan/failures.ts";
import { type ProjectInput, type ProjectionState, project, projectAgain } from "../../../admin/core/plan/project.ts";
import { distributionOf } from "../../../worker/routing/distribution.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import type { LoadedCluster, LoadedService } from "../../../worker/routing/loaded-snapshot.ts";
import { conditionOf } from "../../../worker/routing/region-health.ts";
import { cluster, route, world } from "../routing/world.ts";
import { demands, fleets, merged, neighbours, states } from "./generated-fleets.ts";
import { byWeights, DRAINED, EU_ONLY, type Given, inputFor, projected } from "./projections.ts";

/** `regions: unserved basis points, service: stranded countries` of the worst single and double failure. */
function worst(given: Given): { single?: string; double?: string } {
  const { single, double } = analyseFailures(projected(given));
  const text = (failure: typeof single) => {
    const stranded = failure?.stranded.map(({ service, countries }) => `, ${service}: ${countries.join(" ")}`) ?? [];
    return `${failure?.regions.join(" ")}: ${failure?.unservedBps}${stranded.join("")}`;
  };
  return { ...(single ? { single: text(single) } : {}), ...(double ? { double: text(double) } : {}) };
}

const NO_PANIC = { order: "none", panicThreshold: 0 };
const THREE = { "eu-west": 1, "us-east": 1, "ap-south": 1 };

describe("the worst that can happen to", () => {
  test.each<[string, Given, { single?: string; double?: string }]>([
    ["clients whom every region may serve", {}, { single: "eu-west: 0", double: "eu-west ap-south: 0" }],
    [
      // Those from the US are refused as it is: they do not lose what they do not have.
      "clients whose residency leaves them one region",
      { service: { residency: EU_ONLY }, countries: { DE: 6, US: 4 } },
      { single: "eu-west: 10000, web: DE" },
    ],
    [
      "clients of two zones",
      {
        service: { residency: [...EU_ONLY, { clients: { any: true }, jurisdictions: ["us", "in"] }] },
        countries: { DE: 1, FR: 1, US: 2, IN: 6 },
      },
      // Indians go to ap-south and can go to us-east, Europeans have nowhere else to go.
      { single: "eu-west: 2000, web: DE FR", double: "ap-south us-east: 8000, web: IN US" },
    ],
    [
      "clients of a route that fails over to nobody",
      { route: byWeights({ "eu-west": 1 }, { order: "none" }) },
      { single: "eu-west: 10000, web: DE" },
    ],
    [
      "clients of a route that names where it fails over to",
      { route: byWeights({ "eu-west": 1 }, { order: ["ap-south"] }) },
      { single: "eu-west: 0", double: "eu-west ap-south: 10000, web: DE" },
    ],
    [
      "clients of a region with weight 0 elsewhere",
      { route: byWeights({ "eu-west": 1, "us-east": 0, "ap-south": 0 }) },
      { single: "eu-west: 10000, web: DE" },
    ],
    [
      "clients who have lost a region to a drain already",
      { regions: { "us-east": DRAINED, "ap-south": DRAINED } },
      { single: "eu-west: 10000, web: DE" },
    ],
    [
      // A third of the level is left; in panic it is spread over all of it, and the edge's second attempt succeeds.
      "a level in panic",
      { route: byWeights(THREE, { order: "none" }) },
      { single: "ap-south: 0", double: "ap-south eu-west: 0" },
    ],
    [
      "a level in panic that rejects",
      { route: byWeights(THREE, { order: "none", onPanic: "reject" }) },
      { single: "ap-south: 0", double: "ap-south eu-west: 10000, web: DE" },
    ],
    [
      "a level that never panics",
      { route: byWeights(THREE, NO_PANIC) },
      { single: "ap-south: 0", double: "ap-south eu-west: 0" },
    ],
    [
      "clients who lean on a region that is down for them already",
      { route: byWeights({ "eu-west": 1 }, { order: ["us-east"] }), health: { "us-east-blue": "unhealthy" } },
      // Nothing is well then, so the first level is used in panic: it is the one that failed.
      { single: "eu-west: 10000, web: DE", double: "eu-west us-east: 10000, web: DE" },
    ],
  ])("%s", (_, given, expected) => {
    expect(worst(given)).toEqual(expected);
  });

  test("each service is told by its own name, with its own countries", () => {
    const zones = { residency: [...EU_ONLY, { clients: { any: true }, jurisdictions: ["us", "in"] }] };
    const snapshot = merged([world({ service: zones }), world(), world({ service: { residency: EU_ONLY } })]);
    const { single } = analyseFailures(project(inputFor(snapshot, { countries: { DE: 1, FR: 1, US: 2 } })));
    expect(single?.regions).toEqual(["eu-west"]);
    expect(single?.stranded).toEqual([
      { service: "s0", countries: ["DE", "FR"] },
      { service: "s2", countries: ["DE", "FR"] },
    ]);
  });
});

describe("regions over their capacity", () => {
  test.each([
    // weights, failover, rate,     single failure and what is over capacity then
    [{ "eu-west": 3, "us-east": 2 }, "none", 1_000, ["eu-west"], [["us-east", 16_667]]],
    // 60% of the level are left, times 1.4: 84% stay with eu-west, 16% go on to ap-south.
    [{ "eu-west": 3, "us-east": 2 }, "proximity", 1_000, ["us-east"], [["eu-west", 14_000]]],
    [{ "eu-west": 3, "us-east": 2 }, "proximity", 700, ["us-east"], []],
    [{ "eu-west": 3, "us-east": 2 }, "proximity", 2_000, ["us-east"], [["eu-west", 28_000]]],
    [{ "eu-west": 3, "us-east": 2 }, "none", undefined, ["eu-west"], []],
  ])("%j with failover %s at %s requests/s", (weights, order, rate, regions, over) => {
    const given = { route: byWeights(weights, { order }), capacity: 600, ...(rate === undefined ? {} : { rate }) };
    const { single } = analyseFailures(projected(given));
    expect(single?.regions).toEqual(regions);
    expect(single?.overCapacity.map(({ region, utilizationBps }) => [region, utilizationBps])).toEqual(over);
  });
});

describe("how many are looked at", () => {
  test.each<[string, number, Given]>([
    ["three regions", 6, {}],
    ["three, one of them drained", 3, { regions: { "us-east": DRAINED } }],
    ["three, one without a cluster", 3, { clusters: [cluster("eu-west"), cluster("us-east")] }],
    ["three, one that nobody is sent to", 3, { route: byWeights({ "eu-west": 1, "us-east": 1, "ap-south": 0 }) }],
    ["one region", 1, { clusters: [cluster("eu-west")] }],
    ["no route", 0, { routes: [] }],
  ])("%s: all of %i", (_, total, given) => {
    expect(analyseFailures(projected(given)).scenarios).toEqual({ examined: total, total });
  });

  test("of a very large fleet the heaviest regions only, and it says so", () => {
    const names = Array.from({ length: 64 }, (_, index) => `r${index}`);
    const base = world();
    const [first] = base.regions;
    const snapshot = {
      ...base,
      regions: names.map((name) => ({ ...first, name })),
      clusters: names.map((region) => cluster(region)),
      // Routes that are all steered differently, each over every region, most of all over r7 and r40.
      routes: Array.from({ length: 200 }, (_, index) =>
        route({
          name: `x${index}`,
          ...byWeights({ ...Object.fromEntries(names.map((name) => [name, 10])), r7: 1_000 + index, r40: 500 }),
        }),
      ),
    } as unknown as typeof base;
    const { single, double, scenarios } = analyseFailures(project(inputFor(snapshot)));
    expect(scenarios.total).toBe(64 + 2_016);
    expect(scenarios.examined).toBeGreaterThan(2);
    expect(scenarios.examined).toBeLessThan(64);
    expect(single).toMatchObject({ regions: ["r7"] });
    expect(double).toMatchObject({ regions: ["r7", "r40"] });
  });
});

test("a service that stood for others no longer does when it is not like them any more", () => {
  const snapshot = merged(
    Array.from({ length: 3 }, () => world({ route: byWeights({ "eu-west": 1 }, { order: ["us-east"] }) })),
  );
  const before = project(inputFor(snapshot));
  const { single } = analyseFailures(
    projectAgain(before, inputFor(snapshot, { health: { "s0-eu-west-blue": "unhealthy" } })),
  );
  // Only s0 leans on us-east; the others are still well in eu-west.
  expect(single).toMatchObject({ regions: ["us-east"], unservedBps: 3_333 });
  expect(single?.stranded).toEqual([{ service: "s0", countries: ["DE"] }]);
});

/**
 * Without any sharing of work: the part of all clients whom nobody serves when these regions have failed. Whoever is sent
 * where nothing is up is served by another region that he could be sent to, if there is one.
 */
function unservedWithout(state: ProjectionState, failed: readonly string[]): number {
  const { snapshot, health } = state.input;
  const down = snapshot.clusters.filter(({ region }) => failed.includes(region)).map(({ name }) => name);
  const view = { ...health, ejected: new Set<string>(down) };
  let unserved = 1 - state.routeParts.reduce((total, part) => total + part, 0);
  for (const [index, { route }] of state.routes.entries()) {
    for (const [at, country] of state.countries.entries()) {
      const { regions, clusters, refused } = distributionOf(route, requestOf(route, placeOf(country)), view);
      const isServed = [...regions.keys()].some((region) => isUp(route.service, region, view));
      const part = (state.routeParts[index] ?? 0) * (state.countryParts[at] ?? 0);
      unserved += part * (isServed ? refused : 1);
      expect(isServed || [...clusters.keys()].every((name) => conditionOf(name, view) === "down")).toBe(true);
    }
  }
  return unserved;
}

function isUp({ regions }: LoadedService, name: string, health: HealthView): boolean {
  const region = regions.find((one) => one.name === name);
  if (region === undefined) return false;
  const isUsable = (cluster: LoadedCluster) => conditionOf(cluster.name, health) !== "down";
  return region.stable.some(isUsable) || (region.canaryShareBps > 0 && region.canary.some(isUsable));
}

function inputOf(snapshot: ProjectInput["snapshot"], demand: ProjectInput["demand"], health: ProjectInput["health"]) {
  return { snapshot, demand, health, capacities: new Map(snapshot.regions.map(({ name }) => [name, 1_000])) };
}

describe("laws of failures", () => {
  test("the worst is as bad as it is by brute force, and no region that is in use is worse", () => {
    fc.assert(
      fc.property(fleets, demands, states, (snapshot, demand, health) => {
        const state = project(inputOf(snapshot, demand, health));
        const { single, double } = analyseFailures(state);
        for (const failure of [single, double]) {
          if (failure === undefined) continue;
          expect(Math.abs(10_000 * unservedWithout(state, failure.regions) - failure.unservedBps)).toBeLessThan(1.001);
        }
        const inUse = state.projection.regions.filter(({ shareBps }) => shareBps > 0).map(({ region }) => region);
        for (const region of inUse)
          expect(10_000 * unservedWithout(state, [region])).toBeLessThan((single?.unservedBps ?? 0) + 1.001);
      }),
      { numRuns: 100 },
    );
  });

  test("on a projection that was made from another one it is the same", () => {
    fc.assert(
      fc.property(neighbours, demands, states, states, ({ before, after }, demand, health, health2) => {
        const again = projectAgain(project(inputOf(before, demand, health)), inputOf(after, demand, health2));
        expect(analyseFailures(again)).toEqual(analyseFailures(project(inputOf(after, demand, health2))));
      }),
      { numRuns: 100 },
    );
  });
});

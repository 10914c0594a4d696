/** Projections worked out by hand, and what holds for every one of them. */
import { describe, expect, test } from "vitest";
import { capacitiesOf, project } from "../../../admin/core/plan/project.ts";
import { fleetOf, SOUND } from "../config/fixtures.ts";
import { cluster, route, world } from "../routing/world.ts";
import { merged } from "./generated-fleets.ts";
import { byWeights, clusterShares, DRAINED, EU_ONLY, type Given, inputFor, projected, shares } from "./projections.ts";

const WEST_EAST = byWeights({ "eu-west": 75, "us-east": 25 });

describe("shares of all traffic", () => {
  test.each<[string, Given, Record<string, number>]>([
    ["weights", { route: WEST_EAST }, { "eu-west": 7_500, "us-east": 2_500 }],
    ["a drained region", { route: WEST_EAST, regions: { "eu-west": DRAINED } }, { "us-east": 10_000 }],
    ["clients of two continents", { countries: { DE: 3, US: 1 } }, { "eu-west": 7_500, "us-east": 2_500 }],
    [
      "clients without a place",
      { countries: { XX: 1, T1: 1 } },
      { "eu-west": 3_334, "us-east": 3_333, "ap-south": 3_333 },
    ],
    [
      "residency that denies clients from elsewhere",
      { route: WEST_EAST, service: { residency: EU_ONLY }, countries: { DE: 6, US: 4 } },
      { "eu-west": 6_000, unserved: 4_000 },
    ],
    [
      "half of a region down: 50% of 140 stay",
      {
        clusters: [cluster("eu-west", { name: "w1" }), cluster("eu-west", { name: "w2" }), cluster("us-east")],
        health: { w2: "unhealthy" },
      },
      { "eu-west": 7_000, "us-east": 3_000 },
    ],
    [
      "everything down, and nobody spreads over it",
      {
        route: byWeights({ "eu-west": 1 }, { order: "none", onPanic: "reject" }),
        health: { "eu-west-blue": "unhealthy" },
      },
      { unserved: 10_000 },
    ],
    [
      "routes alike, each the same",
      { routes: [route({ name: "a", ...WEST_EAST }), route({ name: "b", ...byWeights({ "us-east": 1 }) })] },
      { "eu-west": 3_750, "us-east": 6_250 },
    ],
    [
      "routes by the demand; one that it does not name gets nothing",
      {
        routes: [route({ name: "a" }), route({ name: "b", ...byWeights({ "us-east": 1 }) }), route({ name: "idle" })],
        demandedRoutes: { a: 1, b: 3 },
      },
      { "eu-west": 2_500, "us-east": 7_500 },
    ],
    [
      "a route that is gone leaves its clients behind",
      { demandedRoutes: { web: 3, gone: 1 } },
      { "eu-west": 7_500, unserved: 2_500 },
    ],
    ["no route at all", { routes: [] }, { unserved: 10_000 }],
    [
      "rules for networks match nobody, those for a header that the route itself wants match everybody",
      {
        routes: [
          route({
            headers: [{ name: "x-beta", value: "yes" }],
            steering: [
              { name: "network", when: { asns: [3320] }, weights: { "ap-south": 1 } },
              { name: "other", when: { headers: [{ name: "x-beta", value: "no" }] }, weights: { "ap-south": 1 } },
              { name: "beta", when: { headers: [{ name: "x-beta", value: "yes" }] }, weights: { "us-east": 1 } },
            ],
          }),
        ],
      },
      { "us-east": 10_000 },
    ],
  ])("%s", (_, given, expected) => {
    expect(shares(projected(given).projection)).toEqual(expected);
  });

  test("a canary split of 1,000 basis points, exactly, and the clusters of a region sum to it", () => {
    const green = (region: string) => cluster(region, { name: `${region}-green`, side: "canary" });
    const { projection } = projected({
      route: WEST_EAST,
      service: { canaryShareBps: { "eu-west": 1_000, "us-east": 1_000 } },
      clusters: [cluster("eu-west"), green("eu-west"), cluster("us-east"), green("us-east")],
    });
    expect(clusterShares(projection)).toEqual({
      "eu-west-blue": 6_750,
      "eu-west-green": 750,
      "us-east-blue": 2_250,
      "us-east-green": 250,
    });
  });

  test("services that are steered alike share the work, not the clusters", () => {
    const state = project(inputFor(merged([world(), world({ clusters: [cluster("eu-west", { name: "eu-other" })] })])));
    expect(state.spreads.size).toBe(2);
    expect(clusterShares(state.projection)).toEqual({ "s0-eu-west-blue": 5_000, "s1-eu-other": 5_000 });

    const alike = project(inputFor(merged([world(), world(), world()])));
    expect(alike.spreads.size).toBe(1);
    expect(clusterShares(alike.projection)).toEqual({
      "s0-eu-west-blue": 3_334,
      "s1-eu-west-blue": 3_333,
      "s2-eu-west-blue": 3_333,
    });
  });
});

describe("shares of a country", () => {
  test("each sums to 10,000 by itself, in the order of the codes; countries without clients are left out", () => {
    const { projection } = projected({
      route: WEST_EAST,
      service: { residency: [{ clients: { eu: true }, jurisdictions: ["eu", "us"] }] },
      countries: { US: 1, FR: 0, DE: 1 },
    });
    expect(projection.countries).toEqual([
      { country: "DE", regions: { "eu-west": 7_500, "us-east": 2_500 }, unservedBps: 0 },
      { country: "US", regions: {}, unservedBps: 10_000 },
    ]);
  });
});

describe("load against capacity", () => {
  test("requests/s and how much of the capacity they are, when the demand has a rate", () => {
    const { projection } = projected({ route: WEST_EAST, rate: 1_000, capacity: 500 });
    const figures = projection.regions.map(({ region, requestsPerSecond, utilizationBps }) => [
      region,
      requestsPerSecond,
      utilizationBps,
    ]);
    expect(figures).toEqual([
      ["eu-west", 750, 15_000],
      ["us-east", 250, 5_000],
      ["ap-south", 0, 0],
    ]);
    expect(projection.demand).toEqual({ source: "policy", requestsPerSecond: 1_000 });
  });

  test("without a rate nothing is said of it", () => {
    const { projection } = projected({ route: WEST_EAST });
    expect(projection.demand).toEqual({ source: "countryMix" });
    for (const region of projection.regions) {
      expect(region).not.toHaveProperty("requestsPerSecond");
      expect(region).not.toHaveProperty("utilizationBps");
      expect(region.capacityRequestsPerSecond).toBe(1_000);
    }
  });

  test("capacities are those of the documents", () => {
    expect(capacitiesOf(fleetOf(SOUND).fleet)).toEqual(
      new Map([
        ["eu", 100],
        ["us", 100],
      ]),
    );
  });
});

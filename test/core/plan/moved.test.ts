import { describe, expect, test } from "vitest";
import { movedBy } from "../../../admin/core/plan/moved.ts";
import { type ProjectInput, project } from "../../../admin/core/plan/project.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { cluster, route, world } from "../routing/world.ts";
import { merged } from "./generated-fleets.ts";
import { byWeights, DRAINED, EU_ONLY, type Given, inputFor, inputOf } from "./projections.ts";

function moved(before: ProjectInput, after: ProjectInput) {
  return movedBy({
    projected: { before: project(before), after: project(after) },
    loaded: { before: loadSnapshot(before.snapshot), after: loadSnapshot(after.snapshot) },
    nowMs: 0,
  });
}

function movedBetween(before: Given, after: Given) {
  return moved(inputOf(before), inputOf(after));
}

/** Four standard deviations of 10,000 clients, at one half. */
const TOLERANCE_BPS = 200;

/** Nobody and everybody are no matter of chance. */
function toleranceOf(bps: number): number {
  return bps === 0 || bps === 10_000 ? 0 : TOLERANCE_BPS;
}

const EAST = { clusters: [cluster("eu-west"), cluster("us-east")] };
const GREEN = [cluster("eu-west"), cluster("eu-west", { name: "eu-west-green", side: "canary" })];
const split = (canaryShareBps: number) => ({
  clusters: GREEN,
  service: { canaryShareBps: { "eu-west": canaryShareBps } },
});

describe("clients who would be elsewhere", () => {
  test.each<[string, Given, Given, number, number]>([
    // change                              before                                             after                                                 cluster region
    [
      "a shift of a quarter",
      { route: byWeights({ "eu-west": 100, "us-east": 0 }) },
      { route: byWeights({ "eu-west": 75, "us-east": 25 }) },
      2_500,
      2_500,
    ],
    [
      "weights in the same proportion",
      { route: byWeights({ "eu-west": 3, "us-east": 1 }) },
      { route: byWeights({ "eu-west": 75, "us-east": 25 }) },
      0,
      0,
    ],
    [
      "a drain: its own clients and nobody else",
      { route: byWeights({ "eu-west": 3, "us-east": 1 }) },
      { route: byWeights({ "eu-west": 3, "us-east": 1 }), regions: { "us-east": DRAINED } },
      2_500,
      2_500,
    ],
    ["a canary that grows: within the region", split(1_000), split(3_000), 2_000, 0],
    [
      "a second cluster: within the region",
      { clusters: [cluster("eu-west")] },
      { clusters: [cluster("eu-west"), cluster("eu-west", { name: "eu-west-two" })] },
      5_000,
      0,
    ],
    [
      "another endpoint of the same cluster",
      EAST,
      { clusters: [cluster("eu-west", { endpoint: "https://other.example.net" }), cluster("us-east")] },
      0,
      0,
    ],
    [
      "residency that shuts out a third",
      { countries: { DE: 2, US: 1 } },
      { countries: { DE: 2, US: 1 }, service: { residency: EU_ONLY } },
      3_333,
      3_333,
    ],
    [
      "residency that lets them in again",
      { countries: { DE: 2, US: 1 }, service: { residency: EU_ONLY } },
      { countries: { DE: 2, US: 1 } },
      0,
      0,
    ],
    ["a route that goes", { routes: [route({ hosts: ["a.example"] })] }, { routes: [] }, 10_000, 10_000],
    ["a route that comes", { routes: [] }, { routes: [route({ hosts: ["a.example"] })] }, 0, 0],
    [
      "another host: nobody answers at the one that clients know",
      { routes: [route({ hosts: ["a.example"] })] },
      { routes: [route({ hosts: ["b.example"] })] },
      10_000,
      10_000,
    ],
  ])("%s", (_, before, after, bps, regionBps) => {
    const result = movedBetween(before, after);
    expect(Math.abs(result.bps - bps)).toBeLessThanOrEqual(toleranceOf(bps));
    expect(Math.abs(result.regionBps - regionBps)).toBeLessThanOrEqual(toleranceOf(regionBps));
    expect(result.decisions).toBe(20_000);
    expect(movedBetween(before, after)).toEqual(result);
  });

  test("nothing changes, nothing is asked", () => {
    expect(movedBetween({}, {})).toEqual({ bps: 0, regionBps: 0, decisions: 0 });
  });

  test("who is kept by a header, by an address or by nothing is sampled alike", () => {
    for (const affinity of [{ by: "none" }, { by: "clientAddress" }, { by: "header", header: "x-user" }]) {
      const { bps } = movedBetween(
        { service: { affinity }, route: byWeights({ "eu-west": 1 }) },
        { service: { affinity }, route: byWeights({ "eu-west": 1, "us-east": 1 }) },
      );
      expect(Math.abs(bps - 5_000)).toBeLessThanOrEqual(TOLERANCE_BPS);
    }
  });
});

describe("of several routes", () => {
  const fleet = (change: Parameters<typeof world>[0]): Snapshot => merged([world(), world(), world(), world(change)]);
  const drained = { clusters: [cluster("us-east"), cluster("ap-south")] };

  test("only those that are touched are asked about, and they count for their part of all clients", () => {
    const { bps, decisions } = moved(inputFor(fleet({})), inputFor(fleet(drained)));
    expect(bps).toBe(2_500);
    expect(decisions).toBe(20_000);
  });

  test("the demand says what their part is", () => {
    const demand = { demandedRoutes: { s0: 9, s3: 1 } };
    expect(moved(inputFor(fleet({}), demand), inputFor(fleet(drained), demand)).bps).toBe(1_000);
    const idle = { demandedRoutes: { s0: 1 } };
    expect(moved(inputFor(fleet({}), idle), inputFor(fleet(drained), idle))).toEqual({
      bps: 0,
      regionBps: 0,
      decisions: 0,
    });
  });

  test("however many are touched, the number of decisions is bounded", () => {
    const many = (change: Parameters<typeof world>[0]) => merged(Array.from({ length: 300 }, () => world(change)));
    const { bps, decisions } = moved(inputFor(many({})), inputFor(many(drained)));
    expect(bps).toBe(10_000);
    expect(decisions).toBeGreaterThan(19_000);
    expect(decisions).toBeLessThanOrEqual(20_000);
  });
});

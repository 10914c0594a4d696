import { describe, expect, test } from "vitest";
import { analyseFailures } from "../../../admin/core/plan/failures.ts";
import type { PlanWarning } from "../../../admin/core/plan/plan.ts";
import { warningsOf } from "../../../admin/core/plan/warnings.ts";
import { cluster } from "../routing/world.ts";
import { byWeights, DRAINED, EU_ONLY, type Given, projected } from "./projections.ts";

function warnings(before: Given, after: Given): readonly PlanWarning[] {
  const states = { before: projected(before), after: projected(after) };
  return warningsOf({ ...states, failures: analyseFailures(states.after) });
}

/** A demand with a rate that everybody can carry, so that capacity is no matter. */
const CALM = { rate: 10 };
const BOTH = {
  clusters: [cluster("eu-west"), cluster("eu-west", { name: "eu-west-green", side: "canary" }), cluster("us-east")],
};
const drained = (name: string, overrides = {}) =>
  cluster("eu-west", { name, ...overrides, availability: { adminState: "draining" } });
const CANARY = { service: { canaryShareBps: { "eu-west": 1_000 } } };

describe("a change that", () => {
  test.each<[string, Given, Given, Record<string, string>]>([
    ["does nothing of note", CALM, { ...CALM, route: byWeights({ "eu-west": 1 }) }, {}],
    [
      "leaves clients unserved",
      { ...CALM, countries: { DE: 3, US: 1 } },
      {
        ...CALM,
        countries: { DE: 3, US: 1 },
        service: { residency: [{ clients: { countries: ["US"] }, jurisdictions: ["us"] }] },
      },
      {
        unservedRises:
          "Nobody would serve 75% of all traffic; now it is 0%. More clients than now would be refused in DE.",
        failureStrands:
          "If us-east failed afterwards, clients from US of web would lose the service that they have now: 100% of all traffic would be unserved.",
      },
    ],
    [
      "leaves as many unserved as before",
      { ...CALM, countries: { US: 1 }, service: { residency: EU_ONLY } },
      { ...CALM, countries: { US: 1 }, service: { residency: EU_ONLY } },
      {},
    ],
    [
      "fills a region",
      { rate: 2_000, route: byWeights({ "eu-west": 1, "us-east": 1 }), capacity: 1_200 },
      { rate: 2_000, route: byWeights({ "eu-west": 3, "us-east": 1 }), capacity: 1_200 },
      {
        overCapacity: "eu-west would get 1500 requests/s, which is 125% of its capacity of 1200; now it is 83.33%.",
        // 75% of the level are left without us-east, which is enough with 140%.
        failureOverCapacity:
          "If us-east failed afterwards, others would get more than they can carry: eu-west 166.67% of capacity.",
      },
    ],
    [
      "is judged without a demand",
      {},
      {},
      {
        noDemand:
          "Nothing is said of capacity: edges have reported no requests, and the Policy states no demand. Shares go by where people are.",
      },
    ],
    [
      "takes the canary away",
      { ...CALM, ...CANARY, ...BOTH },
      {
        ...CALM,
        ...CANARY,
        clusters: [cluster("eu-west"), drained("eu-west-green", { side: "canary" }), cluster("us-east")],
      },
      {
        canaryFallback:
          "No canary cluster of web takes clients in eu-west, so its stable clusters serve the 10% that are meant for the canary.",
      },
    ],
    [
      "takes everything but the canary away",
      { ...CALM, ...CANARY, ...BOTH },
      {
        ...CALM,
        ...CANARY,
        clusters: [
          drained("eu-west-blue"),
          cluster("eu-west", { name: "eu-west-green", side: "canary" }),
          cluster("us-east"),
        ],
      },
      {
        canaryAlone:
          "Only canary clusters of web take clients in eu-west: they keep to about the 10% that are theirs, and the others fail over to other regions.",
      },
    ],
    [
      "finds the canary gone already",
      { ...CALM, ...CANARY },
      { ...CALM, ...CANARY, regions: { "us-east": DRAINED } },
      {},
    ],
  ])("%s", (_, before, after, expected) => {
    expect(Object.fromEntries(warnings(before, after).map(({ code, sentence }) => [code, sentence]))).toEqual(expected);
  });

  test("lets many countries down names a few of them", () => {
    const countries = { AT: 1, BE: 1, CZ: 1, DE: 1, DK: 1, ES: 1, FR: 1 };
    const [first] = warnings(
      { ...CALM, countries },
      { ...CALM, countries, regions: { "eu-west": DRAINED }, service: { residency: EU_ONLY } },
    );
    expect(first?.sentence).toContain("refused in AT, BE, CZ, DE, DK and 2 more.");
  });

  test("was not looked at from all sides says so", () => {
    const state = projected(CALM);
    const found = warningsOf({ before: state, after: state, failures: { scenarios: { examined: 12, total: 2_080 } } });
    expect(found).toEqual([
      {
        code: "failuresNotAllExamined",
        sentence: "Of 2080 failures of one or two regions, the 12 of the heaviest were examined.",
      },
    ]);
  });
});

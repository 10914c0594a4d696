/** Flags in the decision: rules and sides that go by them, what clusters are handed, and what a plan makes of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientKeyText } from "../../../worker/routing/affinity.ts";
import { decide } from "../../../worker/routing/decide.ts";
import { distributionOf } from "../../../worker/routing/distribution.ts";
import { flagsHeader } from "../../../worker/routing/edge-flags.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { type Client, cluster, facts, outcome, reason, route, run, view, world } from "./world.ts";

const BOOLEAN = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off" };
const flag = (name: string, rest: object) => ({ name, ...BOOLEAN, ...rest });
const HALF = {
  targeting: {
    fractional: [
      ["on", 1],
      ["off", 1],
    ],
  },
};
const GERMANS = { targeting: { if: [{ "==": [{ var: "country" }, "DE"] }, "on"] } };

const gated = (...flags: object[]) =>
  world({
    route: { steering: [{ name: "beta", when: { any: true }, flag: "beta", weights: { "us-east": 1 } }] },
    flags: flags as never,
  });
const de = (address = "192.0.2.1"): Client => ({
  geo: { country: "DE", continent: "EU", latitude: "50", longitude: "8" },
  clientAddress: address,
});
const us = (address = "192.0.2.1"): Client => ({
  geo: { country: "US", continent: "NA", latitude: "40", longitude: "-75" },
  clientAddress: address,
});

// biome-ignore format: a table reads in columns
test.each([
  // affinity                                address                     x-user   key
  [{ by: "clientAddress" },                  "192.0.2.1",                "ada",   "192.0.2.1"],
  [{ by: "clientAddress" },                  "2001:db8:0:1:a:b:c:d",     null,    "2001:db8:0:1::/64"],
  [{ by: "clientAddress" },                  "2001:DB8::1",              null,    "2001:db8:0:0::/64"],
  [{ by: "clientAddress" },                  "::1",                      null,    "0:0:0:0::/64"],
  [{ by: "clientAddress" },                  "2001:0db8:0001:0002::",    null,    "2001:db8:1:2::/64"],
  [{ by: "clientAddress" },                  "some:body",                null,    "some:body"],
  [{ by: "header", header: "x-user" },       "192.0.2.1",                "ada",   "ada"],
  [{ by: "header", header: "x-user" },       "192.0.2.1",                "",      "192.0.2.1"],
  [{ by: "none" },                           "192.0.2.1",                "ada",   undefined],
])("kept by %j, the client at %s with %j has the targeting key %j", (affinity, clientAddress, user, key) => {
  const service = loadSnapshot(world({ service: { affinity } })).services.get("web");
  if (service === undefined) throw new Error("the world has the service");
  expect(clientKeyText(service, facts({ clientAddress, ...(user === null ? {} : { headers: { "x-user": user } }) }))).toBe(key);
});

describe("a rule that goes by a flag", () => {
  test.each([
    // the flag                                                            client                       first cluster
    [GERMANS, de(), "us-east-blue"],
    [GERMANS, { geo: { country: "IN", latitude: "19", longitude: "72" } }, "ap-south-blue"],
    [{ ...GERMANS, state: "DISABLED" }, de(), "eu-west-blue"],
    [{ targeting: { nonsense: [] } }, de(), "eu-west-blue"],
    // The nearest region is the client's own, wherever the rule would send it.
    [{ regions: { "eu-west": { rollout: { variant: "on", shareBps: 10_000 } } } }, de(), "us-east-blue"],
    [{ regions: { "us-east": { rollout: { variant: "on", shareBps: 10_000 } } } }, de(), "eu-west-blue"],
    [{ ...GERMANS, regions: { "eu-west": { state: "DISABLED" } } }, de(), "eu-west-blue"],
    [{ targeting: { if: [{ "==": [{ var: "region" }, "eu-west"] }, "on"] } }, de(), "us-east-blue"],
    // Somebody without a place is in no region.
    [
      { regions: { "eu-west": { rollout: { variant: "on", shareBps: 10_000 } } } },
      { clientAddress: "192.0.2.1" },
      "eu-west-blue",
    ],
  ])("%j", (definition, client, first) => {
    const decided = run(gated(flag("beta", definition)), client, { draw: 5 });
    const [found] = outcome(decided);
    if (client.geo === undefined) expect(reason(decided, "steer.rule")).toBeUndefined();
    else expect(found).toBe(first);
  });

  test("counts for the same clients again, for half of them here", () => {
    const snapshot = loadSnapshot(gated(flag("beta", HALF)));
    let flagged = 0;
    for (let client = 0; client < 2_000; client += 1) {
      const question = {
        snapshot,
        facts: facts(de(`198.18.${client >> 8}.${client & 255}`)),
        health: view({}),
        draw: 0,
        now: 0,
      };
      const first = decide(question);
      expect(decide(question)).toEqual(first);
      if (first.kind === "forward" && first.first.region === "us-east") flagged += 1;
    }
    expect(Math.abs(flagged - 1_000)).toBeLessThan(120);
  });

  test("is asked by the header that the service keeps clients by, which an SDK can send as well", () => {
    const snapshot = world({
      service: { affinity: { by: "header", header: "x-user" } },
      route: { steering: [{ name: "beta", when: { any: true }, flag: "beta", weights: { "us-east": 1 } }] },
      flags: [flag("beta", { targeting: { if: [{ "==": [{ var: "targetingKey" }, "ada"] }, "on"] } })],
    });
    expect(outcome(run(snapshot, { ...de(), headers: { "x-user": "ada" } }))[0]).toBe("us-east-blue");
    expect(outcome(run(snapshot, { ...de(), headers: { "x-user": "eve" } }))[0]).toBe("eu-west-blue");
  });

  test("never leads out of what residency permits", () => {
    const snapshot = world({
      service: { residency: [{ clients: { any: true }, jurisdictions: ["eu"] }] },
      route: { steering: [{ name: "beta", when: { any: true }, flag: "beta", weights: { "us-east": 1 } }] },
      flags: [flag("beta", GERMANS)],
    });
    expect(outcome(run(snapshot, de()))).toEqual(["eu-west-blue"]);
  });

  test("is explained: what the flag gives, where, and why", () => {
    expect(reason(run(gated(flag("beta", GERMANS)), de()), "flag.asked")).toEqual({
      ...{ code: "flag.asked", flag: "beta", variant: "on", reason: "TARGETING_MATCH", region: null },
      use: { for: "rule", rule: "beta" },
    });
  });
});

const SIDES = ["eu-west", "us-east", "ap-south"].flatMap((region) => [
  cluster(region),
  cluster(region, { name: `${region}-green`, side: "canary" }),
]);

describe("a side that goes by a flag", () => {
  const sided = (definition: object, service: object = {}) =>
    world({
      clusters: SIDES,
      service: { canaryFlag: { flag: "engine", variant: "on" }, ...service },
      flags: [flag("engine", definition)],
    });

  test("is the canary's for whom the flag has the variant, at every attempt, and the split's for all others", () => {
    expect(outcome(run(sided(GERMANS), de()))).toEqual(["eu-west-green", "eu-west-blue", "us-east-green"]);
    expect(outcome(run(sided(GERMANS), us()))).toEqual(["us-east-blue", "eu-west-blue", "ap-south-blue"]);
    expect(outcome(run(sided(GERMANS, { canaryShareBps: { "us-east": 10_000 } }), us()))[0]).toBe("us-east-green");
  });

  test("goes by the region that serves", () => {
    const there = { regions: { "us-east": { rollout: { variant: "on", shareBps: 10_000 } } } };
    expect([outcome(run(sided(there), us()))[0], outcome(run(sided(there), de()))[0]]).toEqual([
      "us-east-green",
      "eu-west-blue",
    ]);
  });

  test("falls back to stable clusters where there is no canary", () => {
    const snapshot = world({
      service: { canaryFlag: { flag: "engine", variant: "on" } },
      flags: [flag("engine", GERMANS)],
    });
    expect(outcome(run(snapshot, de()))[0]).toBe("eu-west-blue");
  });

  test("says which flag it was", () => {
    expect(reason(run(sided(GERMANS), de()), "split.flag")).toEqual({
      code: "split.flag",
      flag: "engine",
      variant: "on",
    });
  });
});

describe("what clusters are handed", () => {
  const FLAGS = [
    flag("beta", { ...GERMANS, regions: { "us-east": { state: "DISABLED" } } }),
    { name: "size", state: "ENABLED", variants: { large: 50 }, defaultVariant: "large" },
    { name: "none", state: "DISABLED", variants: { x: "x" }, defaultVariant: "x" },
  ];
  const service = loadSnapshot(world({ service: { flags: ["beta", "none", "size"] }, flags: FLAGS })).services.get(
    "web",
  );

  test.each([
    [de(), "eu-west", 'beta;v="on", size=50;v="large"'],
    [de(), "us-east", 'size=50;v="large"'],
    [us(), "eu-west", 'beta=?0;v="off", size=50;v="large"'],
  ])("%j in %s", (client, region, header) => {
    if (service === undefined) throw new Error("the world has the service");
    expect(flagsHeader({ service, facts: facts(client), nowMs: 0 }, region)).toBe(header);
  });

  test("is in the trace", () => {
    const snapshot = world({ service: { flags: ["size"] }, flags: FLAGS });
    expect(run(snapshot, de()).reasons.at(-1)).toMatchObject({
      code: "flag.asked",
      flag: "size",
      use: { for: "cluster" },
    });
  });
});

test("a plan's shares are what the clients of all keys are decided", () => {
  const share = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(share, share, (rule, side) => {
      const snapshot = loadSnapshot(
        world({
          clusters: SIDES,
          service: { canaryFlag: { flag: "engine", variant: "on" }, canaryShareBps: { "eu-west": 2_000 } },
          route: { steering: [{ name: "beta", when: { any: true }, flag: "beta", weights: { "us-east": 1 } }] },
          flags: [
            flag("beta", {
              targeting: {
                fractional: [
                  ["on", rule],
                  ["off", 100 - rule],
                ],
              },
            }),
            flag("engine", {
              targeting: {
                fractional: [
                  ["on", side],
                  ["off", 100 - side],
                ],
              },
            }),
          ],
        }),
      );
      const [only] = snapshot.routes;
      if (only === undefined) throw new Error("the world has a route");
      const { clusters } = distributionOf(only, facts(de()), view({}));
      const counted = new Map<string, number>();
      for (let client = 0; client < 1_000; client += 1) {
        const decided = decide({
          snapshot,
          facts: facts(de(`198.19.${client >> 8}.${client & 255}`)),
          health: view({}),
          draw: 0,
          now: 0,
        });
        if (decided.kind === "forward")
          counted.set(decided.first.cluster, (counted.get(decided.first.cluster) ?? 0) + 1 / 1_000);
      }
      // Both sides are samples of a thousand: five deviations of their difference are 11%.
      for (const name of new Set([...clusters.keys(), ...counted.keys()]))
        expect(Math.abs((clusters.get(name) ?? 0) - (counted.get(name) ?? 0)), name).toBeLessThan(0.12);
    }),
    { numRuns: 10 },
  );
});

test("a snapshot without flags asks none", () => {
  const [only] = loadSnapshot(world({ route: route() })).routes;
  expect([only?.asksFlags, only?.service.flags, only?.service.canaryFlag]).toEqual([false, [], undefined]);
});

/** Requests that tolerate only so much lag, step by step. What holds for all of them is in `replica-lag.laws.test.ts`. */
import { describe, expect, test } from "vitest";
import { decide } from "../../../worker/routing/decide.ts";
import { distributionOf } from "../../../worker/routing/distribution.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { cluster, facts, outcome, reason, route, run, view, world } from "./world.ts";

type Lags = Readonly<Record<string, number>>;

const GERMAN = { geo: { country: "DE" } };
const LIMITS = { replicaLag: { readsMs: 30_000, writesMs: 2_000 } };
const lag = (lagMs: Lags, states: Parameters<typeof view>[0] = {}) =>
  view(states, [], { lagMs: new Map(Object.entries(lagMs)) });

const EU = "eu-west-blue";
const US = "us-east-blue";
const IN = "ap-south-blue";

describe("reads and writes", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, Lags, readonly string[] | string]>([
    // method    lag of clusters                            clusters in the order of the attempts
    ["GET",      {},                                        [EU, US, IN]],
    ["GET",      { [EU]: 30_000 },                          [EU, US, IN]],
    ["GET",      { [EU]: 30_001 },                          [US, IN]],
    ["HEAD",     { [EU]: 30_001 },                          [US, IN]],
    ["OPTIONS",  { [EU]: 30_001 },                          [US, IN]],
    ["POST",     { [EU]: 2_000 },                           [EU, US, IN]],
    ["POST",     { [EU]: 2_001 },                           [US, IN]],
    ["DELETE",   { [EU]: 2_001 },                           [US, IN]],
    ["PROPFIND", { [EU]: 2_001 },                           [US, IN]],
    ["POST",     { [US]: 9_000 },                           [EU, IN]],
    ["POST",     { [EU]: 9_000, [US]: 9_000 },              [IN]],
    ["GET",      { [EU]: 9_000, [US]: 9_000 },              [EU, US, IN]],
    ["POST",     { [EU]: 9_000, [US]: 9_000, [IN]: 9_000 }, "replicaLagging"],
    ["POST",     { mars: 9_000 },                           [EU, US, IN]],
  ])("%s with lag %j", (method, lagMs, expected) => {
    const decision = run(world({ service: LIMITS }), { ...GERMAN, method }, { health: lag(lagMs) });
    expect(outcome(decision)).toEqual(expected);
  });

  test.each([
    [{ replicaLag: { readsMs: 1_000 } }, "POST"],
    [{ replicaLag: { writesMs: 1_000 } }, "GET"],
    [{ replicaLag: {} }, "GET"],
    [{}, "POST"],
  ])("what %j leaves out for %s tolerates any lag", (service, method) => {
    const health = lag({ [EU]: 1e9, [US]: 1e9, [IN]: 1e9 });
    expect(outcome(run(world({ service }), { ...GERMAN, method }, { health }))).toEqual([EU, US, IN]);
  });
});

describe("what a route states for itself", () => {
  // biome-ignore format: a table reads in columns
  test.each<[object, object, string, Lags, readonly string[] | string]>([
    // service                route                  method  lag                clusters in the order of the attempts
    [{},                     { readsMs: 1_000 },    "GET",  { [EU]: 1_001 },   [US, IN]],
    [{},                     { readsMs: 1_000 },    "POST", { [EU]: 1_001 },   [EU, US, IN]],
    [{ readsMs: 30_000 },    { readsMs: 1_000 },    "GET",  { [EU]: 1_001 },   [US, IN]],
    [{ readsMs: 1_000 },     { readsMs: 30_000 },   "GET",  { [EU]: 1_001 },   [EU, US, IN]],
    [{ readsMs: 1_000 },     { readsMs: 30_000 },   "GET",  { [EU]: 30_001 },  [US, IN]],
    [{ writesMs: 1_000 },    { readsMs: 30_000 },   "POST", { [EU]: 1_001 },   [US, IN]],
    [{ writesMs: 1_000 },    {},                    "POST", { [EU]: 1_001 },   [US, IN]],
    [{},                     { writesMs: 1_000 },   "POST", { [EU]: 2_000, [US]: 2_000, [IN]: 2_000 }, "replicaLagging"],
  ])("service %j, route %j: %s with lag %j", (ofService, ofRoute, method, lagMs, expected) => {
    const snapshot = world({ service: { replicaLag: ofService }, route: { replicaLag: ofRoute } });
    expect(outcome(run(snapshot, { ...GERMAN, method }, { health: lag(lagMs) }))).toEqual(expected);
  });

  test("holds for that route alone, whichever was asked first", () => {
    const strict = { name: "pay", paths: [{ prefix: "/pay" }], replicaLag: { readsMs: 1_000 } };
    const snapshot = loadSnapshot(world({ service: LIMITS, routes: [route(), route(strict)] }));
    const health = lag({ [EU]: 5_000 });
    const firstOn = (path: string) => {
      const decision = decide({ snapshot, facts: facts({ ...GERMAN, path }), health, draw: 0, now: 0 });
      return decision.kind === "forward" ? decision.first.cluster : decision.code;
    };
    expect([firstOn("/"), firstOn("/pay"), firstOn("/"), firstOn("/pay")]).toEqual([EU, US, EU, US]);
  });

  test("is what the trace says is tolerated", () => {
    const snapshot = world({ service: LIMITS, route: { replicaLag: { readsMs: 1_000 } } });
    expect(reason(run(snapshot, GERMAN, { health: lag({ [EU]: 5_000 }) }), "replicaLag.filtered")).toEqual({
      ...{ code: "replicaLag.filtered", requests: "reads", lagMsMax: 1_000, lagMs: { [EU]: 5_000 } },
    });
  });
});

describe("one cluster of a region", () => {
  const clusters = [
    ...[cluster("eu-west"), cluster("eu-west", { name: "eu-west-two" }), cluster("us-east")],
    cluster("eu-west", { name: "eu-west-green", side: "canary" }),
  ];
  const service = { ...LIMITS, canaryShareBps: { "eu-west": 5_000 } };

  function shares(lagMs: Lags): Record<string, number> {
    const [route] = loadSnapshot(world({ clusters, service })).routes;
    if (route === undefined) throw new Error("a world has a route");
    const found = distributionOf(route, facts({ ...GERMAN, method: "PUT" }), lag(lagMs));
    return Object.fromEntries([...found.clusters].map(([name, share]) => [name, Math.round(share * 100)]));
  }

  test.each<[Lags, Record<string, number>]>([
    [{}, { "eu-west-blue": 25, "eu-west-two": 25, "eu-west-green": 50 }],
    // The others of its side stand in for it, as when it is disabled.
    [{ "eu-west-blue": 9_000 }, { "eu-west-two": 50, "eu-west-green": 50 }],
    // A canary leaves its share to the stable side,
    [{ "eu-west-green": 9_000 }, { "eu-west-blue": 50, "eu-west-two": 50 }],
    // and takes no more than it when the stable side is gone: 140% of a half stays, the rest goes elsewhere.
    [
      { "eu-west-blue": 9_000, "eu-west-two": 9_000 },
      { "eu-west-green": 70, "us-east-blue": 30 },
    ],
    [{ "eu-west-blue": 9_000, "eu-west-two": 9_000, "eu-west-green": 9_000 }, { "us-east-blue": 100 }],
  ])("lag %j spreads writes as %j", (lagMs, expected) => {
    expect(shares(lagMs)).toEqual(expected);
  });
});

describe("with other steps", () => {
  const strict = { ...LIMITS, residency: [{ clients: { eu: true }, jurisdictions: ["eu"] }] };

  test("residency comes first: nobody outside takes over for a region that is behind", () => {
    const behind = run(world({ service: strict }), { ...GERMAN, method: "POST" }, { health: lag({ [EU]: 9_000 }) });
    expect(behind).toMatchObject({ kind: "reject", code: "replicaLagging" });
    const american = { geo: { country: "US" }, method: "POST" };
    const refused = run(world({ service: strict }), american, { health: lag({ [EU]: 9_000 }) });
    expect(outcome(refused)).toBe("residencyDenied");
    expect(reason(refused, "replicaLag.filtered")).toBe(undefined);
  });

  test("a region that is drained besides is not said to be behind", () => {
    const regions = { "eu-west": { availability: { adminState: "disabled" } } };
    const drained = world({ service: strict, regions });
    expect(outcome(run(drained, { ...GERMAN, method: "POST" }, { health: lag({ [EU]: 9_000 }) }))).toBe(
      "residencyUnavailable",
    );
  });

  test("panic does not bring a cluster back that is behind", () => {
    const states = { [EU]: "unhealthy", [US]: "unhealthy", [IN]: "unhealthy" } as const;
    const decision = run(
      world({ service: LIMITS }),
      { ...GERMAN, method: "POST" },
      { health: lag({ [EU]: 9_000 }, states) },
    );
    expect(outcome(decision)).toEqual([US, IN]);
  });

  test("without failover the next of a ranking is the first of who is left, and a lone weight has nobody", () => {
    const failover = { order: "none", overprovisioningFactor: 140, panicThreshold: 50, onPanic: "spread" };
    const method = "POST";
    const health = lag({ [EU]: 9_000 });
    expect(outcome(run(world({ service: LIMITS, route: { failover } }), { ...GERMAN, method }, { health }))[0]).toBe(
      US,
    );
    const lone = { failover, default: { by: "weights", weights: { "eu-west": 1 } } };
    expect(outcome(run(world({ service: LIMITS, route: lone }), { ...GERMAN, method }, { health }))).toBe(
      "replicaLagging",
    );
  });

  test("a bound client is held to it as well, and may stay for what tolerates more", () => {
    const snapshot = world({ service: LIMITS });
    const health = lag({ [EU]: 9_000 });
    const moved = run(snapshot, { ...GERMAN, binding: EU, method: "POST" }, { health });
    expect(outcome(moved)).toEqual([US, IN]);
    expect(reason(moved, "binding.lost")).toEqual({ code: "binding.lost", cluster: EU, because: "replicaLag" });
    expect(outcome(run(snapshot, { ...GERMAN, binding: EU }, { health }))).toEqual([EU, US, IN]);
  });

  test("the trace says what is tolerated, who is beyond it and by how much, and which region that costs", () => {
    const { reasons } = run(
      world({ service: LIMITS }),
      { ...GERMAN, method: "POST" },
      { health: lag({ [EU]: 9_000 }) },
    );
    expect(reasons.slice(1, 5)).toEqual([
      { code: "residency.none" },
      { code: "replicaLag.filtered", requests: "writes", lagMsMax: 2_000, lagMs: { [EU]: 9_000 } },
      { code: "region.removed", region: "eu-west", because: "replicaLag" },
      { code: "health.view", vantage: "global" },
    ]);
  });

  test("a newer report takes the place of the one before on the same loaded snapshot", () => {
    const snapshot = loadSnapshot(world({ service: LIMITS }));
    const firstOf = (lagMs: Lags) => {
      const [route] = snapshot.routes;
      if (route === undefined) throw new Error("a world has a route");
      const { clusters } = distributionOf(route, facts({ ...GERMAN, method: "POST" }), lag(lagMs));
      return [...clusters.keys()];
    };
    expect([
      firstOf({}),
      firstOf({ [EU]: 9_000 }),
      firstOf({ [EU]: 1_000 }),
      firstOf({ [US]: 9_000, [EU]: 9_000 }),
    ]).toEqual([[EU], [US], [EU], [IN]]);
  });
});

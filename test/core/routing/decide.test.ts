/** Each step of the decision at its edges. Laws that hold for all inputs are in `decide.laws.test.ts`. */
import { describe, expect, test } from "vitest";
import { cluster, outcome, reason, route, run, view, world } from "./world.ts";

const GERMAN = { geo: { country: "DE" } };
const INDIAN = { geo: { country: "IN" } };

describe("route match", () => {
  const named = (name: string, match: Record<string, unknown>) => route({ name, ...match });
  const routes = [
    named("any-host", { hosts: ["*"], paths: [{ prefix: "/" }] }),
    named("wildcard", { hosts: ["*.example.com"] }),
    named("deeper-wildcard", { hosts: ["*.eu.example.com"] }),
    named("shop", { hosts: ["shop.example.com"] }),
    named("shop-api", { hosts: ["shop.example.com"], paths: [{ prefix: "/api" }] }),
    named("shop-api-v2", { hosts: ["shop.example.com"], paths: [{ prefix: "/api/v2/" }] }),
    named("exact", { hosts: ["shop.example.com"], paths: [{ exact: "/api/users/me" }] }),
    named("pattern", { hosts: ["shop.example.com"], paths: [{ pattern: "/api/users/:id" }] }),
    named("pattern-tail", { hosts: ["shop.example.com"], paths: [{ pattern: "/api/:kind/:id/edit" }] }),
    named("writes", { hosts: ["shop.example.com"], paths: [{ prefix: "/api" }], methods: ["POST", "PUT"] }),
    named("beta", { hosts: ["shop.example.com"], headers: [{ name: "x-beta", value: "yes" }] }),
    named("beta-any", { hosts: ["beta.example.org"], headers: [{ name: "x-beta" }] }),
  ];
  const snapshot = world({ routes });

  test.each([
    // host, path, more, route
    ["shop.example.com", "/", {}, "shop"],
    ["shop.example.com", "/api", {}, "shop-api"],
    ["shop.example.com", "/api/", {}, "shop-api"],
    ["shop.example.com", "/apis", {}, "shop"],
    ["shop.example.com", "/api/v2", {}, "shop-api-v2"],
    ["shop.example.com", "/api/v2/x/y", {}, "shop-api-v2"],
    ["shop.example.com", "/api/v20", {}, "shop-api"],
    ["shop.example.com", "/api/users/me", {}, "exact"],
    ["shop.example.com", "/api/users/7", {}, "pattern"],
    ["shop.example.com", "/api/users/", {}, "shop-api"],
    ["shop.example.com", "/api/users/7/edit", {}, "pattern-tail"],
    ["shop.example.com", "/api/users/7/edit/x", {}, "shop-api"],
    ["shop.example.com", "/api/x", { method: "POST" }, "writes"],
    ["shop.example.com", "/api/users/me", { method: "POST" }, "exact"],
    ["shop.example.com", "/", { headers: { "x-beta": "yes" } }, "beta"],
    ["shop.example.com", "/", { headers: { "x-beta": "no" } }, "shop"],
    ["www.example.com", "/api", {}, "wildcard"],
    ["a.b.example.com", "/", {}, "wildcard"],
    ["a.eu.example.com", "/", {}, "deeper-wildcard"],
    ["example.com", "/", {}, "any-host"],
    ["beta.example.org", "/", { headers: { "x-beta": "" } }, "beta-any"],
    ["beta.example.org", "/", {}, "any-host"],
    ["shop.example.com", `/${"a/".repeat(500)}`, {}, "shop"],
    ["shop.example.com", `/api/${"a/".repeat(500)}`, {}, "shop-api"],
  ])("%s%s with %j goes by %s", (host, path, more, expected) => {
    expect(reason(run(snapshot, { host, path, ...more }), "route.matched")?.route).toBe(expected);
  });

  test("an unknown host and an unknown path are different refusals", () => {
    const narrow = world({ route: { hosts: ["shop.example.com"], paths: [{ exact: "/only" }] } });
    expect(outcome(run(narrow, { path: "/only" }))).not.toBe("noRoute");
    expect(outcome(run(narrow, { path: "/other" }))).toBe("noRoute");
    expect(outcome(run(narrow, { host: "evil.example" }))).toBe("hostUnknown");
  });
});

describe("residency", () => {
  const residency = [
    { clients: { eu: true }, jurisdictions: ["eu"] },
    { clients: { countries: ["IN"] }, jurisdictions: ["in", "us"] },
    { clients: { unknown: true }, jurisdictions: ["eu"] },
    { clients: { continents: ["NA"] }, jurisdictions: ["us"] },
  ];
  const snapshot = world({ service: { residency } });

  test.each([
    // client,                                        clusters or refusal
    [{ country: "DE" }, ["eu-west-blue"]],
    [{ country: "DE", isEUCountry: "1" }, ["eu-west-blue"]],
    [{ country: "RE", isEUCountry: "1" }, ["eu-west-blue"]], // Réunion is the EU's, though in Africa
    [{ country: "IN" }, ["ap-south-blue", "us-east-blue"]],
    [{ country: "US" }, ["us-east-blue"]],
    [{ country: "T1" }, ["eu-west-blue"]],
    [{ country: "XX" }, ["eu-west-blue"]],
    [{}, ["eu-west-blue"]],
    [{ country: "BR" }, "residencyDenied"],
    [{ country: "CH" }, "residencyDenied"],
  ])("a client from %j: %j", (geo, expected) => {
    expect(outcome(run(snapshot, { geo }))).toEqual(expected);
  });

  test("health never widens it: with the permitted region down, a German still only goes there", () => {
    const down = view({ "eu-west-blue": "unhealthy" });
    expect(outcome(run(snapshot, GERMAN, { health: down }))).toEqual(["eu-west-blue"]);
  });

  test("with the permitted region drained there is nowhere to go, and it says so", () => {
    const drained = world({
      service: { residency },
      regions: { "eu-west": { availability: { adminState: "disabled" } } },
    });
    const decision = run(drained, GERMAN);
    expect(outcome(decision)).toBe("residencyUnavailable");
    expect(reason(decision, "residency.filtered")?.removed).toEqual(["ap-south", "us-east"]);
    expect(reason(decision, "region.removed")).toMatchObject({ region: "eu-west", because: "disabled" });
  });

  test("`any` takes clients whose place is unknown, a list of countries does not", () => {
    const any = world({ service: { residency: [{ clients: { any: true }, jurisdictions: ["us"] }] } });
    expect(outcome(run(any, {}))).toEqual(["us-east-blue"]);
    const listed = world({ service: { residency: [{ clients: { countries: ["US"] }, jurisdictions: ["us"] }] } });
    expect(outcome(run(listed, {}))).toBe("residencyDenied");
  });
});

describe("steering", () => {
  const rule = (name: string, when: Record<string, unknown>, region: string) => ({
    name,
    when,
    weights: { [region]: 1 },
  });
  const snapshot = world({
    route: {
      steering: [
        rule("partner", { headers: [{ name: "x-partner", value: "a" }] }, "ap-south"),
        rule("network", { asns: [64_500], continents: ["EU"] }, "us-east"),
        rule("bavaria", { subdivisions: ["DE-BY"] }, "ap-south"),
        rule("dach-or-eu", { countries: ["CH"], eu: true }, "eu-west"),
        rule("tor", { unknown: true }, "us-east"),
      ],
    },
  });

  test.each([
    // geo, headers, rule
    [{ country: "DE" }, {}, "dach-or-eu"],
    [{ country: "CH" }, {}, "dach-or-eu"],
    [{ country: "DE", regionCode: "BY" }, {}, "bavaria"],
    [{ country: "FR", regionCode: "BY" }, {}, "dach-or-eu"],
    [{ country: "DE", asn: 64_500 }, {}, "network"],
    [{ country: "DE", asn: "64500" }, {}, "network"],
    [{ country: "US", asn: 64_500 }, {}, undefined],
    [{ country: "US" }, { "x-partner": "a" }, "partner"],
    [{ country: "US" }, { "x-partner": "b" }, undefined],
    [{ country: "T1" }, {}, "tor"],
    [{}, {}, "tor"],
    [{ country: 7, asn: "x", latitude: {}, continent: null }, {}, "tor"],
  ])("%j with %j goes by %s", (geo, headers, expected) => {
    expect(reason(run(snapshot, { geo, headers }), "steer.rule")?.rule).toBe(expected);
  });

  test.each([
    // geo, order of the regions
    [{ country: "DE" }, ["eu-west-blue", "us-east-blue", "ap-south-blue"]],
    [{ country: "US" }, ["us-east-blue", "eu-west-blue", "ap-south-blue"]],
    [{ country: "IN" }, ["ap-south-blue", "eu-west-blue", "us-east-blue"]],
    [{ country: "DE", latitude: "19.07", longitude: "72.88" }, ["ap-south-blue", "eu-west-blue", "us-east-blue"]],
    [{ country: "DE", latitude: "", longitude: "" }, ["eu-west-blue", "us-east-blue", "ap-south-blue"]],
    [{ latitude: 40, longitude: -75 }, ["us-east-blue", "eu-west-blue", "ap-south-blue"]],
  ])("by proximity, %j ranks %j", (geo, expected) => {
    expect(outcome(run(world(), { geo }))).toEqual(expected);
  });

  test("without any place, clients spread over all regions by their key", () => {
    const picked = Array.from({ length: 300 }, (_, draw) => outcome(run(world(), {}, { draw: draw * 14_316_557 }))[0]);
    for (const name of ["eu-west-blue", "us-east-blue", "ap-south-blue"]) {
      expect(picked.filter((other) => other === name).length).toBeGreaterThan(60);
    }
  });

  test("weight 0 means never; absent means only by failover", () => {
    const weights = { "eu-west": 1, "us-east": 0 };
    const zero = world({ route: { default: { by: "weights", weights } } });
    expect(outcome(run(zero, GERMAN))).toEqual(["eu-west-blue", "ap-south-blue"]);
    const drained = world({
      route: { default: { by: "weights", weights } },
      regions: { "eu-west": { availability: { adminState: "disabled" } } },
    });
    expect(outcome(run(drained, GERMAN))).toEqual(["ap-south-blue"]);
    const onlyZero = world({
      route: { default: { by: "weights", weights: { "eu-west": 0, "us-east": 0, "ap-south": 0 } } },
    });
    expect(outcome(run(onlyZero, GERMAN))).toBe("noEligibleRegion");
  });
});

describe("failover order", () => {
  const withOrder = (order: unknown) => {
    const base = route().failover as Record<string, unknown>; // the literal in world.ts
    return world({ route: { default: { by: "weights", weights: { "eu-west": 1 } }, failover: { ...base, order } } });
  };

  test.each([
    ["proximity", ["eu-west-blue", "us-east-blue", "ap-south-blue"]],
    ["none", ["eu-west-blue"]],
    [["ap-south"], ["eu-west-blue", "ap-south-blue"]],
    [
      ["ap-south", "us-east"],
      ["eu-west-blue", "ap-south-blue", "us-east-blue"],
    ],
  ])("%j tries %j", (order, expected) => {
    expect(outcome(run(withOrder(order), GERMAN))).toEqual(expected);
  });

  test("without the client's place, nearness counts from where the rule's clients were meant to go", () => {
    expect(outcome(run(withOrder("proximity"), {}))).toEqual(["eu-west-blue", "us-east-blue", "ap-south-blue"]);
  });
});

describe("admin state and drain", () => {
  const draining = { adminState: "draining", deadlineMs: 1_000 };
  const regional = world({ regions: { "eu-west": { availability: draining } } });
  const single = world({
    clusters: [
      cluster("eu-west", { availability: draining }),
      cluster("eu-west", { name: "eu-west-two" }),
      cluster("us-east"),
    ],
  });

  test.each([
    // snapshot,  binding,         now,   first
    ["region", undefined, 0, "us-east-blue"],
    ["region", "eu-west-blue", 999, "eu-west-blue"],
    ["region", "eu-west-blue", 1_000, "us-east-blue"],
    ["cluster", undefined, 0, "eu-west-two"],
    ["cluster", "eu-west-blue", 999, "eu-west-blue"],
    ["cluster", "eu-west-blue", 1_000, "eu-west-two"],
  ])("a draining %s, client bound to %s at %i ms: %s", (what, binding, now, expected) => {
    const client = binding === undefined ? GERMAN : { ...GERMAN, binding };
    const decision = run(what === "region" ? regional : single, client, { now });
    expect(outcome(decision)[0]).toBe(expected);
  });

  test("a drained region is no failover target, even when everything else is down", () => {
    const health = view({ "us-east-blue": "unhealthy", "ap-south-blue": "unhealthy" });
    const decision = run(regional, GERMAN, { health });
    expect(outcome(decision)).not.toContain("eu-west-blue");
    expect(reason(decision, "region.removed")).toEqual({
      code: "region.removed",
      region: "eu-west",
      because: "draining",
    });
  });

  test("a binding gives way to residency, to a cluster that is down, and to one that is gone", () => {
    const bound = (binding: string) => ({ ...INDIAN, binding });
    const strict = world({ service: { residency: [{ clients: { any: true }, jurisdictions: ["in"] }] } });
    expect(reason(run(strict, bound("eu-west-blue")), "binding.lost")?.because).toBe("residency");
    const down = run(world(), bound("eu-west-blue"), { health: view({}, ["eu-west-blue"]) });
    expect(reason(down, "binding.lost")?.because).toBe("unhealthy");
    expect(reason(run(world(), bound("mars-blue")), "binding.lost")?.because).toBe("gone");
    expect(outcome(run(world(), bound("eu-west-blue")))[0]).toBe("eu-west-blue");
  });

  test("a bound client stays although weights have moved on", () => {
    const moved = world({ route: { default: { by: "weights", weights: { "eu-west": 0, "us-east": 1 } } } });
    expect(outcome(run(moved, { ...GERMAN, binding: "eu-west-blue" }))[0]).toBe("eu-west-blue");
  });
});

describe("health", () => {
  test.each([
    // states,                                     first, and what it says
    [{ "eu-west-blue": "unhealthy" }, "us-east-blue", "unknown"],
    [{ "eu-west-blue": "unknown" }, "eu-west-blue", "unknown"],
    [{ "eu-west-blue": "degraded" }, "us-east-blue", "unknown"],
    [
      { "eu-west-blue": "degraded", "us-east-blue": "unhealthy", "ap-south-blue": "unhealthy" },
      "eu-west-blue",
      "degraded",
    ],
    [
      { "eu-west-blue": "unhealthy", "us-east-blue": "unhealthy", "ap-south-blue": "unhealthy" },
      "eu-west-blue",
      "unhealthy",
    ],
  ] as const)("%j sends a German to %s (%s)", (states, expected, healthState) => {
    const decision = run(world(), GERMAN, { health: view(states) });
    expect(outcome(decision)[0]).toBe(expected);
    expect(reason(decision, "pick.cluster")?.healthState).toBe(healthState);
  });

  test("with panic off and everything down, the request is refused; with panic to reject, too", () => {
    const base = route().failover as Record<string, unknown>; // the literal in world.ts
    const health = view({ "eu-west-blue": "unhealthy", "us-east-blue": "unhealthy", "ap-south-blue": "unhealthy" });
    const off = world({ route: { failover: { ...base, panicThreshold: 0 } } });
    expect(outcome(run(off, GERMAN, { health }))).toBe("noHealthyCluster");
    const rejecting = world({ route: { failover: { ...base, onPanic: "reject" } } });
    expect(outcome(run(rejecting, GERMAN, { health }))).toBe("noHealthyCluster");
  });

  test("half a region down spills as Envoy says: 70 stay, 30 leave, and always the same ones", () => {
    const snapshot = world({
      clusters: [
        cluster("eu-west"),
        cluster("eu-west", { name: "eu-west-two" }),
        cluster("us-east"),
        cluster("ap-south"),
      ],
    });
    const health = view({ "eu-west-two": "unhealthy" });
    const regionOf = (draw: number) => {
      const decision = run(snapshot, GERMAN, { health, draw });
      return decision.kind === "forward" ? decision.attempts[0]?.region : decision.code;
    };
    const draws = Array.from({ length: 4_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
    const stayed = draws.filter((draw) => regionOf(draw) === "eu-west").length / draws.length;
    expect(stayed).toBeGreaterThan(0.67);
    expect(stayed).toBeLessThan(0.73);
    expect(regionOf(7)).toBe(regionOf(7));
  });

  test("an ejected cluster comes last in the failover order, and only when nothing better is left", () => {
    const health = view({}, ["us-east-blue"]);
    expect(outcome(run(world(), GERMAN, { health }))).toEqual(["eu-west-blue", "ap-south-blue", "us-east-blue"]);
  });
});

describe("split", () => {
  const pair = (share: number) =>
    world({
      service: { canaryShareBps: { "eu-west": share } },
      clusters: [
        cluster("eu-west"),
        cluster("eu-west", { name: "eu-west-green", side: "canary" }),
        cluster("us-east"),
        cluster("ap-south"),
      ],
    });
  const draws = Array.from({ length: 4_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
  const canaries = (share: number, health = view({})) =>
    draws.filter((draw) => outcome(run(pair(share), GERMAN, { draw, health }))[0] === "eu-west-green");

  test("a share of 10% is 10%, and everyone in it is still in at 20%", () => {
    const ten = canaries(1_000);
    expect(ten.length / draws.length).toBeGreaterThan(0.08);
    expect(ten.length / draws.length).toBeLessThan(0.12);
    const twenty = new Set(canaries(2_000));
    expect(ten.every((draw) => twenty.has(draw))).toBe(true);
  });

  test("a canary without a share takes nobody, not even when the stable side is down", () => {
    expect(canaries(0, view({ "eu-west-blue": "unhealthy" }))).toEqual([]);
  });

  test("with the stable side down, most of its clients leave the region instead of all meeting the canary", () => {
    // 10% of the region is left: 14 of 100 stay (factor 1.4), the rest fail over.
    const share = canaries(1_000, view({ "eu-west-blue": "unhealthy" })).length / draws.length;
    expect(share).toBeGreaterThan(0.11);
    expect(share).toBeLessThan(0.17);
  });

  test("with the canary down, its clients go to the stable side of their region", () => {
    const health = view({ "eu-west-green": "unhealthy" });
    const decisions = draws.map((draw) => run(pair(1_000), GERMAN, { draw, health }));
    expect(new Set(decisions.map((decision) => outcome(decision)[0]))).toEqual(new Set(["eu-west-blue"]));
    expect(decisions.some((decision) => reason(decision, "split.otherSide")?.wanted === "canary")).toBe(true);
  });
});

describe("affinity", () => {
  test.each([
    // affinity, client, source
    [{ by: "none" }, { clientAddress: "192.0.2.1" }, "draw"],
    [{ by: "clientAddress" }, { clientAddress: "192.0.2.1" }, "clientAddress"],
    [{ by: "clientAddress" }, {}, "draw"],
    [{ by: "header", header: "x-user" }, { headers: { "x-user": "u1" }, clientAddress: "192.0.2.1" }, "header"],
    [{ by: "header", header: "x-user" }, { headers: { "x-user": "" }, clientAddress: "192.0.2.1" }, "clientAddress"],
    [{ by: "header", header: "x-user" }, {}, "draw"],
  ])("%j with %j is keyed by %s", (affinity, client, source) => {
    expect(reason(run(world({ service: { affinity } }), client), "pick.region")?.by).toBe(source);
  });

  test.each([
    // Same first 64 bits: the same household, whatever the spelling and the daily lower half.
    ["2001:db8:0:1::5", "2001:0DB8:0000:0001:ffff:1:2:3", true],
    ["2001:db8:0:1::5", "2001:db8:0:2::5", false],
    ["::1", "0:0:0:0:0:0:0:2", true],
    ["192.0.2.1", "192.0.2.2", false],
  ])("%s and %s are one client: %s", (a, b, same) => {
    const spread = world({
      route: { default: { by: "weights", weights: { "eu-west": 1, "us-east": 1, "ap-south": 1 } } },
    });
    const cohort = (clientAddress: string) => reason(run(spread, { clientAddress }), "split.side")?.cohort;
    expect(cohort(a) === cohort(b)).toBe(same);
  });
});

describe("attempts", () => {
  test("stay in the region first, then follow the steering order, and stop at the service's limit", () => {
    const clusters = [
      cluster("eu-west"),
      cluster("eu-west", { name: "eu-west-two" }),
      cluster("us-east"),
      cluster("ap-south"),
    ];
    const attempts = (attemptsMax: number) => outcome(run(world({ service: { attemptsMax }, clusters }), GERMAN));
    expect(attempts(1)).toHaveLength(1);
    expect(new Set(attempts(2))).toEqual(new Set(["eu-west-blue", "eu-west-two"]));
    expect(attempts(4).slice(2)).toEqual(["us-east-blue", "ap-south-blue"]);
    expect(attempts(5)).toHaveLength(4);
  });

  test("a region whose clusters are all closed is skipped with its reason", () => {
    const snapshot = world({
      clusters: [cluster("eu-west", { availability: { adminState: "disabled" } }), cluster("us-east")],
    });
    const decision = run(snapshot, GERMAN);
    expect(outcome(decision)).toEqual(["us-east-blue"]);
    expect(reason(decision, "region.removed")).toMatchObject({ region: "eu-west", because: "noCluster" });
  });

  test("a cluster of weight 0 is never picked and never tried", () => {
    const snapshot = world({ clusters: [cluster("eu-west", { weight: 0 }), cluster("us-east")] });
    expect(outcome(run(snapshot, GERMAN, { health: view({ "us-east-blue": "unhealthy" }) }))).toEqual(["us-east-blue"]);
  });
});

describe("recovery", () => {
  const draws = Array.from({ length: 4_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
  const shareOf = (name: string, snapshot: ReturnType<typeof world>, capacity: Record<string, number>) => {
    const health = view({}, [], { capacityBps: new Map(Object.entries(capacity)) });
    const picked = draws.filter((draw) => outcome(run(snapshot, GERMAN, { draw, health }))[0] === name);
    return picked.length / draws.length;
  };

  test.each([
    // capacity of the region's only cluster, share of its clients (factor 1.4)
    [1_000, 0.14],
    [2_500, 0.35],
    [5_000, 0.7],
    [7_500, 1],
  ])("a region with one cluster at %i comes back with %f of its clients, not all at once", (capacityBps, expected) => {
    const share = shareOf("eu-west-blue", world(), { "eu-west-blue": capacityBps });
    expect(Math.abs(share - expected)).toBeLessThan(0.02);
  });

  test("within a region the one that comes back takes its part of the weight", () => {
    const snapshot = world({
      clusters: [cluster("eu-west"), cluster("eu-west", { name: "eu-west-two" }), cluster("us-east")],
    });
    expect(Math.abs(shareOf("eu-west-two", snapshot, { "eu-west-two": 2_500 }) - 0.17)).toBeLessThan(0.03);
  });

  test("a client bound to a cluster stays there while it ramps", () => {
    const health = view({}, [], { capacityBps: new Map([["eu-west-blue", 1]]) });
    expect(outcome(run(world(), { ...GERMAN, binding: "eu-west-blue" }, { health }))[0]).toBe("eu-west-blue");
  });
});

describe("load", () => {
  const draws = Array.from({ length: 4_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
  const busy = (utilization: Record<string, number>) =>
    view({}, [], { utilizationBps: new Map(Object.entries(utilization)) });
  const share = (name: string, snapshot: ReturnType<typeof world>, health: ReturnType<typeof view>) =>
    draws.filter((draw) => outcome(run(snapshot, GERMAN, { draw, health }))[0] === name).length / draws.length;
  const shedding = { load: { lean: false, shed: { lowBps: 8_000, highBps: 9_000 } } };

  test.each([
    // NS1 automatic load shedding: utilization percent, part of the clients that leave
    [70, 0],
    [80, 0],
    [82.5, 0.25],
    [85, 0.5],
    [88, 0.8],
    [90, 1],
    [95, 1],
  ])("at %f%% between watermarks 80 and 90, %f of the clients leave", (percent, left) => {
    const stays = share("eu-west-blue", world({ service: shedding }), busy({ "eu-west-blue": percent * 100 }));
    expect(Math.abs(1 - stays - left)).toBeLessThan(0.03);
  });

  test("shedding never refuses: with everybody full, or the others down, clients stay", () => {
    const full = busy({ "eu-west-blue": 10_000, "us-east-blue": 10_000, "ap-south-blue": 10_000 });
    expect(share("eu-west-blue", world({ service: shedding }), full)).toBe(1);
    const othersDown = {
      ...busy({ "eu-west-blue": 10_000 }),
      states: view({ "us-east-blue": "unhealthy", "ap-south-blue": "unhealthy" }).states,
    };
    expect(share("eu-west-blue", world({ service: shedding }), othersDown)).toBe(1);
    const bound = run(world({ service: shedding }), { ...GERMAN, binding: "eu-west-blue" }, { health: full });
    expect(outcome(bound)[0]).toBe("eu-west-blue");
  });

  test.each([
    // Envoy load-aware locality: utilization .8/.5/.2 gives .13/.33/.53; full places keep a probe share; all full: equal
    [
      [8_000, 5_000, 2_000],
      [0.13, 0.33, 0.53],
    ],
    [
      [10_000, 0, 0],
      [0.015, 0.49, 0.49],
    ],
    [
      [10_000, 10_000, 10_000],
      [0.333, 0.333, 0.333],
    ],
  ] as const)("leaning, utilization %j gives shares %j", (utilization, shares) => {
    const weights = { "eu-west": 1, "us-east": 1, "ap-south": 1 };
    const snapshot = world({ service: { load: { lean: true } }, route: { default: { by: "weights", weights } } });
    const names = ["eu-west-blue", "us-east-blue", "ap-south-blue"];
    const health = busy(Object.fromEntries(names.map((name, i) => [name, utilization[i] ?? 0])));
    for (const [i, name] of names.entries()) {
      expect(Math.abs(share(name, snapshot, health) - (shares[i] ?? 0))).toBeLessThan(0.03);
    }
  });

  test("a service that does not ask for it takes no notice of reports", () => {
    expect(share("eu-west-blue", world(), busy({ "eu-west-blue": 10_000 }))).toBe(1);
  });
});

describe("latency", () => {
  const snapshot = world({ route: { default: { by: "latency", regions: ["ap-south", "eu-west", "us-east"] } } });
  const ranked = (ranks: readonly string[]) => view({}, [], { latencyRanks: new Map([["web/DE", ranks]]) });
  // A draw that is not one of the 3 in 100 that probe.
  const ORDINARY = 12;

  test.each([
    [[], ["eu-west-blue", "us-east-blue", "ap-south-blue"]],
    [["us-east"], ["eu-west-blue", "us-east-blue", "ap-south-blue"]],
    [
      ["us-east", "eu-west"],
      ["us-east-blue", "eu-west-blue", "ap-south-blue"],
    ],
    [
      ["ap-south", "us-east", "eu-west"],
      ["ap-south-blue", "us-east-blue", "eu-west-blue"],
    ],
  ])("measured as %j, a German is sent to %j", (ranks, expected) => {
    expect(outcome(run(snapshot, GERMAN, { health: ranked(ranks), draw: ORDINARY }))).toEqual(expected);
  });

  test("figures of another country are not theirs", () => {
    const health = view({}, [], { latencyRanks: new Map([["web/FR", ["us-east", "eu-west"]]]) });
    expect(outcome(run(snapshot, GERMAN, { health, draw: ORDINARY }))[0]).toBe("eu-west-blue");
  });

  test("about 3 of 100 clients, always the same, measure a region that is not the best", () => {
    const draws = Array.from({ length: 10_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
    const probing = draws.filter((draw) => reason(run(snapshot, GERMAN, { draw }), "steer.latencyProbe") !== undefined);
    expect(probing.length).toBeGreaterThan(230);
    expect(probing.length).toBeLessThan(370);
    expect(outcome(run(snapshot, GERMAN, { draw: probing[0] ?? 0 }))[0]).toBe("us-east-blue");
  });
});

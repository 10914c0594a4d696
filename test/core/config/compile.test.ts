/** Defaults and overlays in the snapshot, and the laws of compiling. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { canonicalJson } from "../../../config/canonical.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { Overlay, overlayKey } from "../../../config/overlays.ts";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { cluster, flag, fleetOf, region, route, SOUND, service, soundBut } from "./fixtures.ts";

const REVISION = z.parse(Revision, 7);
const SOMEBODY = { author: "someone", reason: "a reason", createdAtMs: 0 };

function compiled(inputs: readonly unknown[], overlays: readonly object[] = []): Snapshot {
  const live = overlays.map((overlay) => z.parse(Overlay, { ...SOMEBODY, ...overlay }));
  return compile({ fleet: fleetOf(inputs).fleet, overlays: live, environment: "production", revision: REVISION });
}

const regionDrain = (name: string, fields: object) => ({
  kind: "regionDrain",
  region: name,
  expiresAtMs: 9,
  ...fields,
});
const clusterDrain = (name: string, fields: object) => ({
  kind: "clusterDrain",
  cluster: name,
  expiresAtMs: 9,
  ...fields,
});
const regionReturn = (name: string, returnedAtMs: number) => ({ kind: "regionReturn", region: name, returnedAtMs });
const clusterReturn = (name: string, returnedAtMs: number) => ({ kind: "clusterReturn", cluster: name, returnedAtMs });
const switched = (state: string, fields: object = {}) => ({ kind: "flagSwitch", flag: "beta", state, ...fields });
const freeze = { kind: "freeze", name: "sale", regions: ["eu"], routes: ["web"], expiresAtMs: 9 };
const override = { kind: "ruleOverride", name: "fire", rules: ["stepMax"], expiresAtMs: 9 };
const shift = (rule: string, weights: object) => ({ kind: "weightShift", route: "web", rule, weights });

test("everything that was left out has a value", () => {
  const snapshot = compiled(SOUND);
  expect(snapshot.services).toMatchObject([
    {
      name: "web",
      affinity: { by: "clientAddress" },
      canaryShareBps: {},
      attemptsMax: 3,
      firstByteMs: 15_000,
      totalMs: 30_000,
    },
  ]);
  expect(snapshot.clusters[0]).toEqual({
    name: "eu-web",
    service: "web",
    region: "eu",
    endpoint: "https://eu-web.example.com",
    side: "stable",
    weight: 1,
    availability: { adminState: "enabled" },
  });
  expect(snapshot.routes).toEqual([
    {
      name: "web",
      service: "web",
      hosts: ["web.example.org"],
      paths: [{ prefix: "/" }],
      steering: [],
      default: { by: "weights", weights: { eu: 1 } },
      failover: { order: "proximity", overprovisioningFactor: 140, panicThreshold: 50, onPanic: "spread" },
    },
  ]);
  expect([snapshot.environment, snapshot.revision, snapshot.beacons]).toEqual(["production", 7, ["enam", "weur"]]);
});

// biome-ignore format: a table reads in columns

test.each([
  // timeouts                             first byte  total
  [{ total: "10s" },                      10_000,     10_000],
  [{ total: "20s" },                      15_000,     20_000],
  [{ firstByte: "20s" },                  20_000,     30_000],
  [{ firstByte: "250ms", total: "1m" },   250,        60_000],
])("timeouts %j", (timeouts, firstByteMs, totalMs) => {
  expect(compiled(soundBut(service("web", { timeouts }))).services[0]).toMatchObject({ firstByteMs, totalMs });
});

// biome-ignore format: a table reads in columns
test.each([
  // as written                        as compiled
  [undefined,                          undefined],
  [{},                                 undefined],
  [{ reads: "30s" },                   { readsMs: 30_000 }],
  [{ writes: "1s" },                   { writesMs: 1_000 }],
  [{ reads: "5m", writes: "2s" },      { readsMs: 300_000, writesMs: 2_000 }],
])("replica lag %j", (replicaLag, expected) => {
  const spec = replicaLag === undefined ? {} : { replicaLag };
  const [compiledService] = compiled(soundBut(service("web", spec))).services;
  expect(compiledService?.replicaLag).toEqual(expected);
  // An edge from before there was any takes the snapshot of a fleet that has none.
  expect(compiledService !== undefined && "replicaLag" in compiledService).toBe(expected !== undefined);
});

test("a route has the replica lag that it states, and nothing of its service's", () => {
  const documents = soundBut(
    service("web", { replicaLag: { writes: "1s" } }),
    route("web", { replicaLag: { reads: "5s" } }),
  );
  expect(compiled(documents).routes[0]?.replicaLag).toEqual({ readsMs: 5_000 });
  expect(compiled(soundBut()).routes[0]).not.toHaveProperty("replicaLag");
});

test("one canary share is written out for the regions of the service", () => {
  const documents = soundBut(region("ap"), service("web", { canaryShareBps: 500 }));
  expect(compiled(documents).services[0]?.canaryShareBps).toEqual({ eu: 500, us: 500 });
});

test("proximity names its regions, all of them when none is named", () => {
  const by = (proximity: object) => compiled(soundBut(route("web", { default: { proximity } }))).routes[0]?.default;
  expect(by({})).toEqual({ by: "proximity", regions: ["eu", "us"] });
  expect(by({ regions: ["us"] })).toEqual({ by: "proximity", regions: ["us"] });
});

test("an endpoint is spelled in one way", () => {
  const snapshot = compiled(soundBut(cluster("eu-web", { endpoint: "HTTPS://EU.Example.com:443/" })));
  expect(snapshot.clusters[0]?.endpoint).toBe("https://eu.example.com");
});

describe("drains", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // declared      drains                                                                    in the snapshot
    [undefined,   [],                                                                      { adminState: "enabled" }],
    ["draining",  [],                                                                      { adminState: "draining" }],
    [undefined,   [{ mode: "graceful", deadlineMs: 5 }],                                   { adminState: "draining", deadlineMs: 5 }],
    [undefined,   [{ mode: "graceful" }],                                                  { adminState: "draining" }],
    [undefined,   [{ mode: "immediate" }],                                                 { adminState: "disabled" }],
    ["draining",  [{ mode: "graceful", deadlineMs: 5 }],                                   { adminState: "draining", deadlineMs: 5 }],
    ["draining",  [{ mode: "immediate" }],                                                 { adminState: "disabled" }],
    ["disabled",  [{ mode: "graceful", deadlineMs: 5 }],                                   { adminState: "disabled" }],
    [undefined,   [{ mode: "graceful", deadlineMs: 9 }, { mode: "graceful", deadlineMs: 5 }], { adminState: "draining", deadlineMs: 5 }],
  ])("declared %s with %j is %j", (adminState, drains, availability) => {
    const declared = adminState === undefined ? {} : { adminState };
    const documents = soundBut(region("eu", declared), cluster("us-web", { region: "us", ...declared }));
    const overlays = drains.flatMap((drain) => [regionDrain("eu", drain), clusterDrain("us-web", drain)]);
    const snapshot = compiled(documents, overlays);
    expect(snapshot.regions.map((one) => one.availability)).toEqual([availability, { adminState: "enabled" }]);
    expect(snapshot.clusters.map((one) => one.availability)).toEqual([{ adminState: "enabled" }, availability]);
  });

  test("of something that is gone have no effect", () => {
    expect(compiled(SOUND, [regionDrain("ap", { mode: "immediate" })])).toEqual(compiled(SOUND));
  });
});

describe("returns", () => {
  const drain = { mode: "graceful", deadlineMs: 5 };
  // biome-ignore format: a table reads in columns
  test.each([
    // declared   returned at   drains                     in the snapshot
    [undefined,   [7],          [],                        { adminState: "enabled", returnedAtMs: 7 }],
    ["enabled",   [7],          [],                        { adminState: "enabled", returnedAtMs: 7 }],
    [undefined,   [7, 9, 8],    [],                        { adminState: "enabled", returnedAtMs: 9 }],
    [undefined,   [7],          [drain],                   { adminState: "draining", deadlineMs: 5 }],
    [undefined,   [7],          [{ mode: "immediate" }],   { adminState: "disabled" }],
    ["draining",  [7],          [],                        { adminState: "draining" }],
    ["disabled",  [7],          [],                        { adminState: "disabled" }],
  ])("declared %s and returned at %j with %j is %j", (adminState, returns, drains, availability) => {
    const declared = adminState === undefined ? {} : { adminState };
    const documents = soundBut(region("eu", declared), cluster("us-web", { region: "us", ...declared }));
    const overlays = [
      ...returns.flatMap((atMs) => [regionReturn("eu", atMs), clusterReturn("us-web", atMs)]),
      ...drains.flatMap((fields) => [regionDrain("eu", fields), clusterDrain("us-web", fields)]),
    ];
    const snapshot = compiled(documents, overlays);
    expect(snapshot.regions.map((one) => one.availability)).toEqual([availability, { adminState: "enabled" }]);
    expect(snapshot.clusters.map((one) => one.availability)).toEqual([{ adminState: "enabled" }, availability]);
  });

  test("of something that is gone have no effect", () => {
    expect(compiled(SOUND, [regionReturn("ap", 7), clusterReturn("ap-web", 7)])).toEqual(compiled(SOUND));
  });
});

// biome-ignore format: a table reads in columns
test.each([
  [regionDrain("eu", { mode: "immediate" }),       "regionDrain/eu"],
  [clusterDrain("us-web", { mode: "immediate" }),  "clusterDrain/us-web"],
  [regionReturn("eu", 7),                          "regionReturn/eu"],
  [clusterReturn("us-web", 7),                     "clusterReturn/us-web"],
  [shift("europe", { eu: 1 }),                     "weightShift/web/europe"],
  [switched("ENABLED"),                            "flagSwitch/beta"],
  [freeze,                                         "freeze/sale"],
  [override,                                       "ruleOverride/fire"],
])("%j is kept under %s", (overlay, key) => {
  expect(overlayKey(z.parse(Overlay, { ...SOMEBODY, ...overlay }))).toBe(key);
});

describe("weight shifts", () => {
  const steering = [{ name: "europe", when: { eu: true }, weights: { eu: 1 } }];
  // biome-ignore format: a table reads in columns
  test.each([
    // shift                                     europe             default
    [shift("europe", { eu: 1, us: 3 }),          { eu: 1, us: 3 },  { eu: 1 }],
    [shift("default", { us: 1 }),                { eu: 1 },         { us: 1 }],
    [shift("asia", { us: 1 }),                   { eu: 1 },         { eu: 1 }],
    [shift("default", { us: 2, gone: 5 }),       { eu: 1 },         { us: 2 }],
    [shift("default", { us: 0, gone: 5 }),       { eu: 1 },         { eu: 1 }],
  ])("%j", (overlay, europe, otherwise) => {
    const snapshot = compiled(soundBut(route("web", { steering })), [overlay]);
    expect(snapshot.routes[0]?.steering[0]?.weights).toEqual(europe);
    expect(snapshot.routes[0]?.default).toEqual({ by: "weights", weights: otherwise });
  });

  test("do not touch a default by proximity", () => {
    const documents = soundBut(route("web", { default: { proximity: {} } }));
    expect(compiled(documents, [shift("default", { eu: 1 })])).toEqual(compiled(documents));
  });
});

describe("flags", () => {
  const steering = [
    { name: "testers", when: { eu: true, flag: "beta" }, weights: { us: 1 } },
    { name: "europe", when: { eu: true }, weights: { eu: 1 } },
  ];
  const rules = (spec: Readonly<Record<string, unknown>>, overlays: readonly object[] = []) =>
    compiled(soundBut(route("web", { steering }), flag("beta", spec)), overlays).routes[0]?.steering;
  const OFF = [{ name: "europe", when: { eu: true }, weights: { eu: 1 } }];
  const ON = [{ name: "testers", when: { eu: true }, weights: { us: 1 } }, ...OFF];

  // biome-ignore format: a table reads in columns
  test.each([
    // document                                            overlays                                   the rule that goes by it
    [{},                                                   [],                                        "counts"],
    [{ defaultVariant: "no" },                             [],                                        "does not"],
    [{ state: "DISABLED" },                                [],                                        "does not"],
    [{},                                                   [switched("DISABLED")],                    "does not"],
    [{ state: "DISABLED" },                                [switched("ENABLED")],                     "counts"],
    [{ state: "DISABLED" },                                [switched("ENABLED", { expiresAtMs: 9 })], "counts"],
    [{ state: "DISABLED", defaultVariant: "no" },          [switched("ENABLED")],                     "does not"],
    [{},                                                   [switched("DISABLED", { flag: "other" })], "counts"],
    [{ variants: { valueof: true }, defaultVariant: "valueof" }, [],                                  "counts"],
  ])("%j with %j: it %s", (spec, overlays, expected) => {
    expect(rules(spec, overlays)).toEqual(expected === "counts" ? ON : OFF);
  });

  test("a rule may go by the flag alone, and is then for everyone", () => {
    const alone = [{ name: "all", when: { flag: "beta" }, weights: { us: 1 } }];
    const snapshot = compiled(soundBut(route("web", { steering: alone }), flag("beta")));
    expect(snapshot.routes[0]?.steering).toEqual([{ name: "all", when: {}, weights: { us: 1 } }]);
  });

  test("a weight shift on a rule waits for its flag", () => {
    expect(rules({}, [shift("testers", { us: 1, eu: 3 })])?.[0]?.weights).toEqual({ eu: 3, us: 1 });
    expect(rules({ state: "DISABLED" }, [shift("testers", { us: 1, eu: 3 })])).toEqual(OFF);
  });

  test("the edge never hears of flags, freezes and overrides", () => {
    const documents = soundBut(route("web", { steering }), flag("beta"));
    const text = canonicalJson(compiled(documents, [switched("ENABLED"), freeze, override]));
    expect(text).toBe(canonicalJson(compiled(documents)));
    expect(text).not.toMatch(/flag|beta|sale|fire/);
  });
});

describe("laws", () => {
  const documents = soundBut(
    region("ap", { vantage: "apac" }),
    cluster("ap-web", { region: "ap" }),
    service("web", { canaryShareBps: 100, residency: [{ clients: { any: true }, jurisdictions: ["us", "eu"] }] }),
    cluster("eu-new", { side: "canary" }),
    route("beta", {
      match: { hosts: ["beta.example.org"], headers: [{ name: "x-beta" }] },
      failover: { order: ["us", "eu"] },
      steering: [
        { name: "on", when: { eu: true, flag: "beta" }, weights: { us: 1 } },
        { name: "off", when: { eu: true, flag: "alpha" }, weights: { us: 1 } },
      ],
    }),
    flag("alpha"),
    flag("beta", { state: "DISABLED" }),
  );
  const overlays = [
    switched("ENABLED"),
    switched("DISABLED", { flag: "alpha" }),
    freeze,
    override,
    regionDrain("eu", { mode: "graceful", deadlineMs: 5 }),
    clusterDrain("us-web", { mode: "immediate" }),
    regionReturn("us", 7),
    regionReturn("us", 8),
    clusterReturn("eu-web", 7),
    shift("default", { us: 1 }),
  ];
  const text = canonicalJson(compiled(documents, overlays));

  test("the order of documents and overlays does not matter", () => {
    const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
    fc.assert(
      fc.property(shuffled(documents), shuffled(overlays), (inputs, live) => {
        expect(JSON.stringify(compiled(inputs, live))).toBe(JSON.stringify(compiled(documents, overlays)));
      }),
    );
  });

  test("what is published can be read, and reads the same", () => {
    const parsed = parseSnapshot(text);
    expect(parsed.ok && canonicalJson(parsed.value)).toBe(text);
  });
});

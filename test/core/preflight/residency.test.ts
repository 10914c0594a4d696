/** Residency on every path: steering, default, failover, mirror, and what the edge decides in the end. */
import { expect, test } from "vitest";
import { preflight } from "../../../admin/core/preflight/preflight.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, PRODUCTION } from "../config/fixtures.ts";
import { type Case, type Json, judge, NOW_MS, region, route, service, told } from "./world.ts";

const eu = { clients: { eu: true }, jurisdictions: ["eu"] };
const unknown = { clients: { unknown: true }, jurisdictions: ["eu"] };
const others = { clients: { any: true }, jurisdictions: ["eu", "us", "in"] };

/** Accounts of EU clients stay in the EU; `eu`, `de`, `us` and `ap` have a cluster each. */
function world(
  spec: Json = {},
  residency: readonly Json[] = [eu, unknown, others],
  ...more: readonly Json[]
): readonly Json[] {
  const documents = [
    region("eu"),
    region("de", { location: { latitude: 52, longitude: 13 } }),
    region("us", { location: { latitude: 39, longitude: -77 }, jurisdictions: ["us"], vantage: "enam" }),
    region("ap", { location: { latitude: 19, longitude: 73 }, jurisdictions: ["in"], vantage: "apac" }),
    service("web", { residency }),
    service("copies"),
    cluster("eu-web"),
    cluster("de-web", { region: "de" }),
    cluster("us-web", { region: "us" }),
    cluster("ap-web", { region: "ap" }),
    cluster("de-copies", { region: "de", service: "copies" }),
    cluster("us-copies", { region: "us", service: "copies" }),
    route("web", { default: { proximity: {} }, ...spec }),
    route("copies", { service: "copies", match: { hosts: ["copies.example.org"] }, default: { proximity: {} } }),
  ];
  const changed = new Map(more.map((document) => [idOf(document), document]));
  return documents.map((document) => changed.get(idOf(document)) ?? document);
}

const RULE = "residency.steersOut Route/web/spec/steering/0/weights";
const DEFAULT = "residency.steersOut Route/web/spec/default/weights";
const FAILOVER = "residency.failoverOut Route/web/spec/failover/order";
const MIRROR = "residency.mirrorOut Route/web/spec/mirror/cluster";

const steering = (when: Json, weights: Json, ...more: readonly Json[]) => ({
  steering: [{ name: "rule", when, weights }, ...more],
});
const mirror = (name: string, shareBps = 500) => ({ mirror: { cluster: name, shareBps } });

// biome-ignore format: a table reads in columns
test.each<[string, readonly Json[], string[]]>([
  // --- steering
  ["to the zone",                                  world(steering({ continents: ["EU"] }, { eu: 1 })),                       []],
  ["to the zone and out of it",                    world(steering({ continents: ["EU"] }, { eu: 1, us: 9 })),                []],
  ["out of the zone",                              world(steering({ continents: ["EU"] }, { us: 1 })),                       [RULE]],
  ["out of the zone, with a 0 for the zone",       world(steering({ continents: ["EU"] }, { eu: 0, us: 1 })),                [RULE]],
  ["out of the zone, for nobody in it",            world(steering({ countries: ["US"] }, { us: 1 })),                        []],
  ["out of the zone, for a state of nobody in it", world(steering({ subdivisions: ["US-CA"] }, { us: 1 })),                  []],
  ["out of the zone, for one state in it",         world(steering({ subdivisions: ["DE-BY"] }, { us: 1 })),                  [RULE]],
  ["out of the zone, behind a rule that takes all of it", world(steering({ continents: ["EU"] }, { eu: 1 }, { name: "late", when: { countries: ["DE"] }, weights: { us: 1 } })), []],
  ["out of the zone, behind one for a network",    world(steering({ continents: ["EU"], asns: [3320] }, { eu: 1 }, { name: "late", when: { countries: ["DE"] }, weights: { us: 1 } })), ["residency.steersOut Route/web/spec/steering/1/weights"]],
  ["out of the zone, for a network of it",         world(steering({ countries: ["DE"], asns: [3320] }, { us: 1 })),          [RULE]],
  ["out of the zone, for whoever sends a header",  world(steering({ headers: [{ name: "x-beta" }] }, { us: 1 })),            [RULE, RULE]],
  ["clients of unknown place out of theirs",       world(steering({ unknown: true }, { us: 1 })),                            [RULE]],
  // --- default
  ["by weights in the zone",                       world({ default: { weights: { eu: 1, us: 1 } } }),                        []],
  ["by weights out of the zone",                   world({ default: { weights: { us: 1 } } }),                               [DEFAULT, DEFAULT]],
  ["by weights out, where a rule takes the zone",  world({ default: { weights: { us: 1 } }, ...steering({ continents: ["EU"], eu: true, unknown: true }, { eu: 1 }) }), []],
  ["by distance, to all",                          world({ default: { proximity: {} } }),                                    []],
  ["by distance, to some in the zone",             world({ default: { proximity: { regions: ["us", "de"] } } }),             []],
  ["by distance, to none in the zone",             world({ default: { proximity: { regions: ["us"] } } }),                   ["residency.steersOut Route/web/spec/default/proximity/regions", "residency.steersOut Route/web/spec/default/proximity/regions"]],
  ["by latency, to none in the zone",              world({ default: { latency: { regions: ["us"] } } }),                     ["residency.steersOut Route/web/spec/default/latency/regions", "residency.steersOut Route/web/spec/default/latency/regions"]],
  // --- failover
  ["over by distance",                             world({ failover: { order: "proximity" } }),                              []],
  ["over to nobody",                               world({ failover: { order: "none" } }),                                   []],
  ["over to the zone",                             world({ failover: { order: ["de", "us"] } }),                             []],
  ["over out of the zone",                         world({ failover: { order: ["us"] } }),                                   [FAILOVER, FAILOVER]],
  // --- mirror
  ["copies in the zone",                           world(mirror("de-copies")),                                               []],
  ["copies out of the zone",                       world(mirror("us-copies")),                                               [MIRROR]],
  ["no copies out of the zone, for now",           world(mirror("us-copies", 0)),                                            []],
  // --- nobody there
  ["with nobody in the zone",                      world({}, undefined, cluster("eu-web", { adminState: "disabled" }), cluster("de-web", { region: "de", adminState: "disabled" })), ["residency.unserved Service/web/spec/residency/0", "residency.unserved Service/web/spec/residency/1"]],
  ["with one left in the zone",                    world({}, undefined, cluster("eu-web", { adminState: "disabled" })),      []],
  ["with a 0 for all of the zone",                 world(steering({ continents: ["EU"] }, { eu: 0, de: 0, us: 1 })),         ["residency.unserved Service/web/spec/residency/0", RULE]],
  // --- without residency, and with less of it
  ["without residency",                            world({ default: { weights: { us: 1 } }, ...mirror("us-copies") }, undefined, service("web")), []],
  ["of the few who may be served at all",          world({ default: { weights: { us: 1 } } }, [eu]),                         [DEFAULT]],
])("a path %s", (_, documents, expected) => {
  expect(told(judge({ documents }))).toEqual(expected);
});

test("a path is told with whose it is and where it leads", () => {
  const { findings } = judge({ documents: world(steering({ countries: ["DE", "US"] }, { us: 1 })) });
  expect(findings).toMatchObject([
    {
      ...{
        code: "residency.steersOut",
        severity: "error",
        path: "/documents/12/spec/steering/0/weights",
        regions: ["us"],
      },
      sentence:
        "In route web the rule rule sends clients from DE (residency rule 1: eu) only to us, where they may not be served.",
    },
  ]);
});

test("what operators have done counts: a drain of the zone, and weights that were shifted out of it", () => {
  const drain = (name: string) => ({ kind: "regionDrain", region: name, mode: "immediate", expiresAtMs: NOW_MS * 2 });
  const shift = { kind: "weightShift", route: "web", rule: "rule", weights: { us: 1 } };
  const documents = world(steering({ continents: ["EU"] }, { eu: 1 }));
  // biome-ignore format: a table reads in columns
  const rows: readonly [Case["overlays"], string[]][] = [
    [[drain("eu")],               []],
    [[drain("eu"), drain("de")],  ["residency.unserved Service/web/spec/residency/0", "residency.unserved Service/web/spec/residency/1"]],
    [[shift],                     [RULE]],
  ];
  for (const [overlays = [], expected] of rows) expect(told(judge({ documents, overlays }))).toEqual(expected);
});

test("other services' paths are not looked at when they were not asked about", () => {
  const documents = world(mirror("us-copies"));
  expect(told(judge({ documents, scope: { services: ["copies"] } }))).toEqual([]);
  expect(told(judge({ documents, scope: { clusters: ["ap-web"] } }))).toEqual([MIRROR]);
});

test("a snapshot that permits more than its documents is caught by what the edge would decide", () => {
  const documents = world({ default: { weights: { eu: 1, us: 1 } }, ...mirror("us-copies", 10_000) });
  const read = readFleet(documents, PRODUCTION);
  // As if the compiler had written every jurisdiction to every region.
  const regions = documents.map((document) =>
    document.kind === "Region"
      ? { ...document, spec: { ...(document.spec as object), jurisdictions: ["eu", "us", "in"] } }
      : document,
  );
  const { fleet } = readFleet(regions, PRODUCTION);
  const state = { environment: "production", revision: 7, documents: read.documents, fleet: read.fleet, overlays: [] };
  const wrong = { state, snapshot: compile({ ...state, fleet, revision: Revision.parse(7) }) };
  const nothing = { demand: { source: "policy" as const }, regions: [], clusters: [], countries: [], unservedBps: 0 };
  const report = preflight({
    ...{ inputs: documents, read, states: { before: wrong, after: wrong, projection: nothing }, servesNow: true },
    ...{ statuses: new Map(), health: new Map(), drift: [], scope: {}, nowMs: NOW_MS },
  });
  const leaks = report.findings.filter(({ code }) => code === "residency.leaks");
  expect(leaks.map(({ severity, regions: where }) => [severity, where])).toEqual([
    ["error", ["ap", "us"]],
    ["error", ["ap", "us"]],
  ]);
});

function idOf({ kind, metadata }: Json): string {
  return JSON.stringify([kind, metadata]);
}

/** What must be so after a change: regions that accept, clusters that are not down, load within capacity. */
import { describe, expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import { resolvePolicy } from "../../../admin/core/safety/defaults.ts";
import { acceptingRegions } from "../../../admin/core/safety/rules/accepting-regions.ts";
import { capacity } from "../../../admin/core/safety/rules/capacity.ts";
import { healthyClusters } from "../../../admin/core/safety/rules/healthy-clusters.ts";
import type { HealthState } from "../../../config/health.ts";
import {
  cluster,
  drainCluster,
  drainRegion,
  examined,
  type Json,
  projectionOf,
  region,
  service,
  stateOf,
  WORLD,
  worldBut,
  worldWithout,
} from "./world.ts";

const defaults = resolvePolicy({});
const ALL = ["eu", "us", "ap"];
const drained = (...names: readonly string[]) =>
  stateOf(
    WORLD,
    names.map((name) => drainRegion(name)),
  );

describe("accepting regions", () => {
  const judge = (min: number | undefined, before: FleetState, after: FleetState) =>
    acceptingRegions(examined(before, after), { ...defaults, acceptingRegionsMin: min });

  // biome-ignore format: a table reads in columns
  test.each<[string, number | undefined, FleetState, FleetState, string, object]>([
    // change                                     least      before                after                                    outcome        numbers
    ["nothing",                                   1,         drained(),            drained(),                               "pass",        { accepting: 3 }],
    ["one of three drained",                      1,         drained(),            drained("eu"),                           "pass",        { accepting: 2 }],
    ["two of three drained",                      1,         drained(),            drained("eu", "us"),                     "pass",        { accepting: 1 }],
    ["all drained",                               1,         drained("eu", "us"),  drained(...ALL),                         "deny",        { accepting: 0, services: ["web"] }],
    ["all drained gracefully",                    1,         drained(),            stateOf(WORLD, ALL.map((name) => drainRegion(name, { mode: "graceful" }))), "deny", { accepting: 0 }],
    ["down to two",                               2,         drained(),            drained("eu"),                           "pass",        { accepting: 2 }],
    ["below two",                                 2,         drained("us"),        drained("us", "eu"),                     "deny",        { accepting: 1 }],
    ["below two as before",                       2,         drained("us", "eu"),  drained("us", "eu"),                     "warn",        { accepting: 1 }],
    ["below two, one for another",                2,         drained("us", "eu"),  drained("us", "ap"),                     "warn",        { accepting: 1 }],
    ["a way out of none",                         1,         drained(...ALL),      drained("eu", "us"),                     "pass",        { accepting: 1 }],
    ["none before and none after",                1,         drained(...ALL),      drained(...ALL),                         "warn",        { accepting: 0 }],
    ["more than there are",                       5,         drained(),            drained(),                               "pass",        { accepting: 3 }],
    ["fewer than there are, and than asked",      5,         drained(),            drained("eu"),                           "deny",        { accepting: 2 }],
    ["every region removed",                      1,         drained(),            stateOf([]),                             "deny",        { accepting: 0, regions: 0 }],
    ["the first documents",                       1,         stateOf([], [], 0),   drained(),                               "pass",        { accepting: 3 }],
    ["off",                                       undefined, drained(),            drained(...ALL),                         "notEvaluated", {}],
  ])("%s", (_, min, before, after, outcome, numbers) => {
    expect(judge(min, before, after)).toMatchObject({ rule: "acceptingRegions", outcome, numbers });
  });

  /** Beside `web` in three regions, `api` in one or two. */
  const withApi = (clusters: readonly Json[], overlays: readonly Json[] = []) =>
    stateOf(worldBut(service("api"), ...clusters), overlays);
  const api = (name: string, fields: object = {}) =>
    cluster(`${name}-api`, { region: name, service: "api", ...fields });

  // biome-ignore format: a table reads in columns
  test.each<[string, number, FleetState, FleetState, string, readonly string[]]>([
    ["the only region of a service",              1, withApi([api("eu")]),                         withApi([api("eu")], [drainRegion("eu")]),                    "deny", ["api"]],
    ["the only cluster of a service",             1, withApi([api("eu")]),                         withApi([api("eu")], [drainCluster("eu-api")]),               "deny", ["api"]],
    ["its weight of 0",                           1, withApi([api("eu")]),                         withApi([api("eu", { weight: 0 })]),                          "deny", ["api"]],
    ["its only cluster removed",                  1, withApi([api("eu")]),                         withApi([]),                                                  "deny", ["api"]],
    ["another region than its own",               1, withApi([api("eu")]),                         withApi([api("eu")], [drainRegion("us")]),                    "pass", []],
    ["two asked of a service in one",             2, withApi([api("eu")]),                         withApi([api("eu")], [drainRegion("us")]),                    "pass", []],
    ["two asked of a service in two",             2, withApi([api("eu"), api("us")]),              withApi([api("eu"), api("us")], [drainRegion("us")]),         "deny", ["api"]],
    ["a second cluster in the same region",       1, withApi([api("eu"), cluster("eu-api2", { service: "api" })]), withApi([api("eu"), cluster("eu-api2", { service: "api" })], [drainCluster("eu-api")]), "pass", []],
    ["a service that had none",                   1, withApi([]),                                  withApi([], [drainRegion("us")]),                             "pass", []],
    ["a service that is removed with its clusters", 1, withApi([api("eu")]),                       stateOf(),                                                    "pass", []],
    ["a new place for a service that cannot be used yet", 2, withApi([api("eu")]),                 withApi([api("eu"), api("us", { adminState: "disabled" })]),  "warn", ["api"]],
  ])("of a service: %s", (_, min, before, after, outcome, services) => {
    const verdict = judge(min, before, after);
    expect([verdict.outcome, verdict.numbers.services ?? []]).toEqual([outcome, services]);
  });

  test("the sentence has the numbers", () => {
    expect(judge(2, drained("us"), drained("us", "eu")).sentence).toBe(
      "After the change 1 of 3 regions takes new clients. At least 2 must. Of the service web 1 region would (now 2); at least 2 must.",
    );
    expect(judge(1, drained(), drained("us")).sentence).toBe(
      "After the change 2 of 3 regions take new clients, and every service keeps at least 1 where it can.",
    );
  });
});

describe("healthy clusters", () => {
  const judge = (
    min: number | undefined,
    before: FleetState,
    after: FleetState,
    health?: Readonly<Record<string, HealthState>>,
  ) => {
    const known = health === undefined ? undefined : new Map(Object.entries(health));
    return healthyClusters(examined(before, after, { health: known }), { ...defaults, healthyClustersMin: min });
  };
  const residency = (...rules: readonly (readonly string[])[]) =>
    service("web", {
      residency: rules.map((jurisdictions, index) => ({
        clients: index === rules.length - 1 ? { any: true } : { countries: [["DE", "IN"][index]] },
        jurisdictions,
      })),
    });
  const resident = (overlays: readonly Json[] = [], ...changes: readonly Json[]) =>
    stateOf(worldBut(residency(["eu"], ["eu", "us", "in"]), ...changes), overlays);
  const two = cluster("eu-two");

  // biome-ignore format: a table reads in columns
  test.each<[string, number | undefined, FleetState, FleetState, Readonly<Record<string, HealthState>> | undefined, string, object]>([
    // change                                  least      before                        after                                            health                                             outcome         numbers
    ["nothing, three clusters",                1,         stateOf(),                    stateOf(),                                       {},                                                "pass",         { zones: 1, least: 3 }],
    ["the last that is not down",              1,         stateOf(),                    drained("eu"),                                   { "us-web": "unhealthy", "ap-web": "unhealthy" },  "deny",         { least: 0, short: ["web"] }],
    ["another that is",                        1,         stateOf(),                    drained("us"),                                   { "us-web": "unhealthy", "ap-web": "unhealthy" },  "pass",         { least: 1 }],
    ["the last that is not down, degraded",    1,         stateOf(),                    drained("eu"),                                   { "us-web": "unhealthy", "ap-web": "degraded" },   "pass",         { least: 1 }],
    ["the last that is not down, unknown",     1,         stateOf(),                    drained("eu"),                                   { "us-web": "unhealthy", "ap-web": "unknown" },    "pass",         { least: 1 }],
    ["all down already",                       1,         stateOf(),                    drained("eu"),                                   { "eu-web": "unhealthy", "us-web": "unhealthy", "ap-web": "unhealthy" }, "warn", { least: 0 }],
    ["no answer of the prober",                1,         stateOf(),                    drained("eu", "us"),                             undefined,                                         "pass",         { least: 1 }],
    ["the only region of a zone",              1,         resident(),                   resident([drainRegion("eu")]),                   undefined,                                         "deny",         { zones: 2, least: 0 }],
    ["the only cluster of a zone",             1,         resident(),                   resident([drainCluster("eu-web")]),              undefined,                                         "deny",         { least: 0 }],
    ["one of two of a zone",                   1,         resident([], two),            resident([drainCluster("eu-web")], two),         undefined,                                         "pass",         { least: 1 }],
    ["one of two of a zone, the other down",   1,         resident([], two),            resident([drainCluster("eu-web")], two),         { "eu-two": "unhealthy" },                         "deny",         { least: 0 }],
    ["another region than the zone's",         1,         resident(),                   resident([drainRegion("us")]),                   undefined,                                         "pass",         { least: 1 }],
    ["a zone that is down, elsewhere",         1,         resident(),                   resident([drainRegion("us")]),                   { "eu-web": "unhealthy" },                         "warn",         { least: 0 }],
    ["two asked, two kept",                    2,         stateOf(),                    drained("eu"),                                   undefined,                                         "pass",         { least: 2 }],
    ["two asked, one kept",                    2,         drained("us"),                drained("us", "eu"),                             undefined,                                         "deny",         { least: 1 }],
    ["two asked, one as before",               2,         drained("us", "eu"),          drained("us", "eu"),                             undefined,                                         "warn",         { least: 1 }],
    ["a region that satisfies no more",        1,         resident(),                   resident([], region("eu", { jurisdictions: ["uk"] }), region("us", { jurisdictions: ["us", "eu"] })), { "us-web": "unhealthy" }, "deny", { least: 0 }],
    ["a rule that is narrower",                1,         stateOf(worldBut(residency(["eu", "us"], ["eu", "us", "in"]))), resident(),    { "eu-web": "unhealthy" },                         "deny",         { least: 0 }],
    ["a rule where there was none",            1,         stateOf(),                    resident(),                                      { "eu-web": "unhealthy" },                         "deny",         { least: 0 }],
    ["a rule that is wider",                   1,         resident(),                   stateOf(worldBut(residency(["eu", "us"], ["eu", "us", "in"]))), { "eu-web": "unhealthy" },          "pass",         { least: 1 }],
    ["every cluster removed",                  1,         stateOf(),                    stateOf(worldWithout(["Cluster/eu-web", "Cluster/us-web", "Cluster/ap-web"])), undefined,                                     "deny",         { least: 0 }],
    ["no clusters before and after",           1,         stateOf([]),                  stateOf([region("eu")]),                         undefined,                                         "notEvaluated", {}],
    ["off",                                    undefined, stateOf(),                    drained(...ALL),                                 undefined,                                         "notEvaluated", {}],
  ])("%s", (_, min, before, after, health, outcome, numbers) => {
    expect(judge(min, before, after, health)).toMatchObject({ rule: "healthyClusters", outcome, numbers });
  });

  test("the sentence names the zone and the numbers", () => {
    expect(judge(1, resident(), resident([drainRegion("eu")])).sentence).toBe(
      "After the change 0 clusters that are not down take new clients for web, residency rule 1 (eu) (now 1); at least 1 must be.",
    );
  });
});

describe("capacity", () => {
  const LOW = projectionOf({ eu: { rate: 50 }, us: { rate: 40 } });
  const judge = (maxPercent: number | undefined, before: typeof LOW, after: typeof LOW) =>
    capacity(examined(stateOf(), stateOf(), { projections: { before, after } }), {
      ...defaults,
      utilizationMaxPercent: maxPercent,
    });
  const at = (eu: number, us = 40) => projectionOf({ us: { rate: us }, eu: { rate: eu } });

  // biome-ignore format: a table reads in columns
  test.each<[string, number | undefined, typeof LOW, typeof LOW, string, object]>([
    // change                        most       before     after                                  outcome         numbers
    ["at the limit",                 100,       LOW,       at(100),                               "pass",         { highestBps: 10_000 }],
    ["just above it",                100,       LOW,       at(100.1),                             "deny",         { highestBps: 10_010, regions: ["eu"] }],
    ["at a lower limit",             80,        LOW,       at(80),                                "pass",         {}],
    ["above a lower limit",          80,        LOW,       at(81),                                "deny",         {}],
    ["below a higher limit",         150,       LOW,       at(140),                               "pass",         {}],
    ["over before and no worse",     100,       at(120),   at(120),                               "warn",         { regions: ["eu"] }],
    ["over before and better",       100,       at(120),   at(110),                               "warn",         { regions: ["eu"] }],
    ["over before and worse",        100,       at(120),   at(121),                               "deny",         { regions: ["eu"] }],
    ["one no worse, another new",    100,       at(120),   at(120, 101),                          "deny",         { regions: ["us"] }],
    ["a new region",                 100,       LOW,       projectionOf({ me: { rate: 101 } }),   "deny",         { regions: ["me"] }],
    ["no rate",                      100,       LOW,       projectionOf({ eu: { share: 1 } }),    "notEvaluated", {}],
    ["off",                          undefined, LOW,       at(900),                               "notEvaluated", {}],
  ])("%s", (_, maxPercent, before, after, outcome, numbers) => {
    expect(judge(maxPercent, before, after)).toMatchObject({ rule: "capacity", outcome, numbers });
  });

  test("the sentence has the numbers", () => {
    expect(judge(100, LOW, at(125)).sentence).toBe(
      "After the change eu gets 125% of its capacity (125 of 100 requests/s; now 50%); 100% is the most.",
    );
  });
});

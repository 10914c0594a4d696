/** What people have forbidden: freezes, changes during an incident, large removals; and what a change is on. */
import { describe, expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import { resolvePolicy } from "../../../admin/core/safety/defaults.ts";
import { freeze } from "../../../admin/core/safety/rules/freeze.ts";
import { incident } from "../../../admin/core/safety/rules/incident.ts";
import { removal } from "../../../admin/core/safety/rules/removal.ts";
import type { OpenIncident } from "../../../admin/core/safety/safety-input.ts";
import {
  cluster,
  drainCluster,
  drainRegion,
  examined,
  flag,
  frozen,
  type Json,
  NOW_MS,
  override,
  policy,
  region,
  returned,
  route,
  service,
  shift,
  stateOf,
  switched,
  told,
  WORLD,
  web,
  worldBut,
  worldWithout,
} from "./world.ts";

const live = (...overlays: readonly Json[]) => stateOf(WORLD, overlays);
const BETA = { steering: [{ name: "beta", when: { flag: "beta" }, weights: { us: 1 } }] };
const flagged = (...overlays: readonly Json[]) =>
  stateOf(worldBut(flag("beta"), web({ eu: 1 }, undefined, BETA)), overlays);
const other = route("other", {
  service: "api",
  match: { hosts: ["api.example.org"] },
  default: { weights: { ap: 1 } },
});
const TWO_SERVICES = worldBut(service("api"), cluster("ap-api", { region: "ap", service: "api" }), other);

describe("what a change is on", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, FleetState, FleetState, readonly string[]]>([
    // change                            before                        after                                                                things
    ["nothing",                          live(),                       live(),                                                              []],
    ["a region's drain",                 live(),                       live(drainRegion("eu")),                                             ["cluster/eu-web", "region/eu"]],
    ["a longer drain",                   live(drainRegion("eu")),      live(drainRegion("eu", { expiresAtMs: NOW_MS + 9 })),                ["region/eu"]],
    ["a drain that is held",             live(drainRegion("eu")),      live(drainRegion("eu", { held: { sinceMs: 1, because: "a" } })),     []],
    ["a cluster's drain",                live(),                       live(drainCluster("eu-web")),                                        ["cluster/eu-web", "region/eu", "route/web"]],
    ["what an ended drain left",         live(returned("eu", 0)),      live(),                                                              []],
    ["a shift between two",              live(),                       live(shift("europe", { eu: 1, us: 1 })),                             ["region/eu", "region/us", "route/web"]],
    ["a shift that shifts nothing",      live(),                       live(shift("europe", { eu: 9 })),                                    ["route/web"]],
    ["weights that are declared",        live(),                       stateOf(worldBut(web({ eu: 1, us: 1 }))),                            ["region/eu", "region/us", "route/web"]],
    ["a route that matches otherwise",   live(),                       stateOf(worldBut(web({ eu: 100 }, undefined, { match: { hosts: ["a.org"] } }))), ["region/ap", "region/eu", "region/us", "route/web"]],
    ["a route of another service",       stateOf(TWO_SERVICES),        stateOf([...TWO_SERVICES.filter((one) => one !== other), { ...other, metadata: { name: "other", owner: "b" } }]), ["route/other"]],
    ["a region's capacity",              live(),                       stateOf(worldBut(region("eu", { capacity: { requestsPerSecond: 9 } }))), ["region/eu"]],
    ["a cluster's endpoint",             live(),                       stateOf(worldBut(cluster("eu-web", { endpoint: "https://b.example.com" }))), ["cluster/eu-web", "region/eu", "route/web"]],
    ["a cluster that moves",             live(),                       stateOf(worldBut(cluster("eu-web", { region: "us" }))),              ["cluster/eu-web", "region/eu", "region/us", "route/web"]],
    ["a service's settings",             live(),                       stateOf(worldBut(service("web", { retries: { attemptsMax: 1 } }))),  ["region/ap", "region/eu", "region/us", "route/web", "service/web"]],
    ["a new service with all it has",    live(),                       stateOf(TWO_SERVICES),                                               ["cluster/ap-api", "region/ap", "route/other", "service/api"]],
    ["a flag, with the rules by it",     flagged(),                    flagged(switched("beta", "DISABLED")),                               ["flag/beta", "region/us", "route/web"]],
    ["a Policy",                         live(),                       stateOf(worldBut(policy())),                                         []],
    ["a freeze and an override",         live(),                       live(frozen(), override(["stepMax"])),                               []],
  ])("%s", (_, before, after, things) => {
    const { touched } = examined(before, after);
    expect([...touched.things].sort()).toEqual(things);
  });

  // biome-ignore format: a table reads in columns
  test.each<[string, FleetState, FleetState, boolean]>([
    ["nothing",                          live(),                       live(),                                              false],
    ["the same in another order",        stateOf(WORLD),               stateOf([...WORLD].reverse()),                       false],
    ["a Policy",                         live(),                       stateOf(worldBut(policy())),                         true],
    ["who owns it",                      live(),                       stateOf(worldBut({ ...region("eu"), metadata: { name: "eu" }, spec: { ...(region("eu").spec as object), jurisdictions: [] } })), true],
    ["a freeze",                         live(),                       live(frozen()),                                      false],
    ["an override that ends",            live(override(["stepMax"])),  live(),                                              false],
    ["a drain",                          live(),                       live(drainRegion("eu")),                             true],
    ["a flag's switch",                  flagged(),                    flagged(switched("beta", "ENABLED")),                true],
  ])("anything at all: %s", (_, before, after, any) => {
    expect(examined(before, after).touched.any).toBe(any);
  });
});

describe("freezes", () => {
  const HOUR_MS = 3_600_000;
  const judge = (freezes: readonly Json[], ...after: readonly Json[]) =>
    freeze(examined(live(...freezes), live(...freezes, ...after)));

  // biome-ignore format: a table reads in columns
  test.each<[string, readonly Json[], readonly Json[], string, readonly string[] | undefined]>([
    // freezes                                 in force                                            the change                                    verdict                  covers
    ["none",                                   [],                                                 [shift("europe", { us: 1 })],                 "notEvaluated",          undefined],
    ["of the fleet",                           [frozen()],                                         [shift("europe", { us: 1 })],                 `deny ${HOUR_MS}`,       ["the whole fleet"]],
    ["of the fleet, a moment before its end",  [frozen({ expiresAtMs: NOW_MS + 1 })],              [shift("europe", { us: 1 })],                 "deny 1",                ["the whole fleet"]],
    ["of the fleet, over",                     [frozen({ expiresAtMs: NOW_MS })],                  [shift("europe", { us: 1 })],                 "notEvaluated",          undefined],
    ["of the fleet, nothing changes",          [frozen()],                                         [],                                           "pass",                  undefined],
    ["of the fleet, an override is set",       [frozen()],                                         [override(["stepMax"])],                      "pass",                  undefined],
    ["of the fleet, another freeze is set",    [frozen()],                                         [frozen({ name: "b" })],                      "pass",                  undefined],
    ["of a region whose share changes",        [frozen({ regions: ["us"] })],                      [shift("europe", { us: 1 })],                 `deny ${HOUR_MS}`,       ["the region us"]],
    ["of a region whose share does not",       [frozen({ regions: ["ap"] })],                      [shift("europe", { us: 1 })],                 "pass",                  undefined],
    ["of a region with the cluster",           [frozen({ regions: ["eu"] })],                      [drainCluster("eu-web")],                     `deny ${HOUR_MS}`,       ["the region eu"]],
    ["of the route",                           [frozen({ routes: ["web"] })],                      [shift("europe", { us: 1 })],                 `deny ${HOUR_MS}`,       ["the route web"]],
    ["of the route, a region is drained",      [frozen({ routes: ["web"] })],                      [drainRegion("eu")],                          "pass",                  undefined],
    ["of both",                                [frozen({ regions: ["us"], routes: ["web"] })],     [shift("europe", { us: 1 })],                 `deny ${HOUR_MS}`,       ["the region us", "the route web"]],
    ["two, of which one covers it",            [frozen({ name: "a", regions: ["ap"] }), frozen({ name: "b", routes: ["web"], expiresAtMs: NOW_MS + 7 })], [shift("europe", { us: 1 })], "deny 7", ["the route web"]],
    ["two that cover it, until both are over", [frozen({ name: "b", expiresAtMs: NOW_MS + 7 }), frozen({ name: "a" })], [shift("europe", { us: 1 })], `deny ${HOUR_MS}`,  ["the whole fleet", "the whole fleet"]],
  ])("%s", (_, freezes, after, verdict, covered) => {
    const said = judge(freezes, ...after);
    expect([told(said), said.numbers.covered]).toEqual([`freeze ${verdict}`, covered]);
  });

  test("one that the change sets begins after it; one that it lifts still holds for the rest", () => {
    const shifted = shift("europe", { us: 1 });
    expect(told(freeze(examined(live(), live(frozen(), shifted))))).toBe("freeze notEvaluated");
    expect(told(freeze(examined(live(frozen()), live(shifted))))).toBe(`freeze deny ${HOUR_MS}`);
    expect(told(freeze(examined(live(frozen()), live())))).toBe("freeze pass");
  });

  test("a Policy cannot be changed in a frozen fleet, but in one with a frozen region", () => {
    const judged = (fields: object) => {
      const overlays = [frozen(fields)];
      return freeze(examined(live(...overlays), stateOf(worldBut(policy()), overlays))).outcome;
    };
    expect([judged({}), judged({ regions: ["eu"] })]).toEqual(["deny", "pass"]);
  });

  test("the sentence says which, why and for how long", () => {
    expect(
      judge([frozen({ expiresAtMs: NOW_MS + 61_000, regions: ["us"] })], shift("europe", { us: 1 })).sentence,
    ).toBe('The freeze "sale" (a reason) holds the region us for 61s more.');
  });
});

describe("incidents", () => {
  const one = (severity: OpenIncident["severity"], id = "inc-7"): OpenIncident => ({ id, severity, title: "slow" });
  const drained = live(drainRegion("eu"));

  // biome-ignore format: a table reads in columns
  test.each<[string, readonly OpenIncident[], FleetState, string, readonly string[] | undefined]>([
    // open                    incidents                                   after                          verdict         which
    ["none",                   [],                                         drained,                       "pass",         undefined],
    ["of severity 1",          [one(1)],                                   drained,                       "deny",         ["inc-7"]],
    ["of severity 2",          [one(2)],                                   drained,                       "deny",         ["inc-7"]],
    ["of severity 3",          [one(3)],                                   drained,                       "pass",         undefined],
    ["several",                [one(2, "a"), one(3, "b"), one(1, "c")],    drained,                       "deny",         ["c", "a"]],
    ["and the glass is broken", [one(1)],                                  live(override(["incident"])),  "notEvaluated", undefined],
    ["and a freeze is set",    [one(1)],                                   live(frozen()),                "notEvaluated", undefined],
  ])("%s", (_, incidents, after, verdict, which) => {
    const said = incident(examined(live(), after, { incidents }));
    expect([said.outcome, said.numbers.incidents]).toEqual([verdict, which]);
  });

  test("the sentence names it and its severity", () => {
    expect(incident(examined(live(), drained, { incidents: [one(2)] })).sentence).toBe(
      "The incident inc-7 (slow) of severity 2 is open: until it is closed only drains and rollbacks pass.",
    );
  });
});

describe("removals", () => {
  const defaults = resolvePolicy({});
  const judge = (before: FleetState, after: FleetState, removalMaxPercent: number | undefined = 50) =>
    removal(examined(before, after), { ...defaults, removalMaxPercent });
  const without = (...ids: readonly string[]) => stateOf(worldWithout(ids));

  /** A template that makes a cluster for each of these. */
  const templated = (...regions: readonly string[]) =>
    stateOf([
      ...worldWithout(["Cluster/eu-web", "Cluster/us-web", "Cluster/ap-web"]),
      {
        apiVersion: "fairlead.dev/v1",
        kind: "ClusterTemplate",
        metadata: { name: "web" },
        spec: {
          parameters: { region: { type: "string" } },
          cluster: {
            metadata: { name: `\${region}-web` },
            spec: { region: `\${region}`, service: "web", endpoint: `https://\${region}.example.com`, weight: 1 },
          },
        },
      },
      {
        apiVersion: "fairlead.dev/v1",
        kind: "Environment",
        metadata: { name: "production" },
        spec: { clusters: regions.map((name) => ({ template: "web", values: { region: name } })) },
      },
    ]);

  // biome-ignore format: a table reads in columns
  test.each<[string, FleetState, FleetState, string, object]>([
    // removed                                   before                                    after                           outcome         numbers
    ["nothing",                                  live(),                                   live(),                         "notEvaluated", {}],
    ["one of three clusters",                    live(),                                   without("Cluster/ap-web"),              "pass",         { kind: "Cluster", removed: 1, of: 3, percent: 33 }],
    ["two of three clusters",                    live(),                                   without("Cluster/ap-web", "Cluster/us-web"),    "approve",      { kind: "Cluster", removed: 2, of: 3, percent: 66 }],
    ["two of four clusters",                     stateOf(worldBut(cluster("x"))),          stateOf(worldWithout(["Cluster/ap-web", "Cluster/x"], worldBut(cluster("x")))), "pass", { removed: 2, of: 4, percent: 50 }],
    ["the only route",                           live(),                                   without("Route/web"),                 "approve",      { kind: "Route", percent: 100 }],
    ["everything",                               live(),                                   stateOf([]),                    "approve",      { percent: 100 }],
    ["the Policy",                               stateOf(worldBut(policy())),              live(),                         "approve",      { kind: "Policy", removed: 1, of: 1 }],
    ["clusters by their environment",            templated("eu", "us", "ap"),              templated("eu"),                "approve",      { kind: "Cluster", removed: 2, of: 3 }],
    ["clusters that a template makes from now on", live(),                                 templated("eu", "us", "ap"),    "notEvaluated", {}],
    ["the one drain",                            live(drainRegion("eu")),                  live(returned("eu", NOW_MS)),   "notEvaluated", {}],
    ["two of two drains",                        live(drainRegion("eu"), drainRegion("us")), live(),                       "approve",      { kind: "overlay", removed: 2, of: 2 }],
    ["two of four overlays",                     live(drainRegion("eu"), drainRegion("us"), shift("europe", { us: 1 }), frozen()), live(drainRegion("eu"), frozen()), "pass", { removed: 2, of: 4 }],
    ["what had run out",                         live(drainRegion("eu", { expiresAtMs: NOW_MS }), drainRegion("us", { expiresAtMs: NOW_MS })), live(), "notEvaluated", {}],
    ["what ended drains left",                   live(returned("eu", 0), returned("us", 0)), live(),                       "notEvaluated", {}],
  ])("%s", (_, before, after, outcome, numbers) => {
    expect(judge(before, after)).toMatchObject({ rule: "removal", outcome, numbers });
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // most, in percent   two of three clusters
    [66,                  "approve"],
    [67,                  "pass"],
    [100,                 "pass"],
    [0,                   "approve"],
  ])("at most %i%%: %s", (most, outcome) => {
    expect(judge(live(), without("Cluster/ap-web", "Cluster/us-web"), most).outcome).toBe(outcome);
  });

  test("can be off", () => {
    const change = examined(live(), stateOf([]));
    expect(removal(change, { ...defaults, removalMaxPercent: undefined }).outcome).toBe("notEvaluated");
  });

  test("the sentence names the kind and the percentage", () => {
    expect(judge(live(), without("Cluster/ap-web", "Cluster/us-web")).sentence).toBe(
      "The change removes 2 of 3 documents of kind Cluster (66%); 50% is the most that one person removes alone.",
    );
  });
});

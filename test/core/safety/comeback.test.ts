/** Whether traffic may come back by itself when a drain has run out. */
import { expect, test } from "vitest";
import type { DrainTarget } from "../../../admin/core/changes/mutation.ts";
import { comebackHolds } from "../../../admin/core/safety/comeback.ts";
import {
  cluster,
  drainCluster,
  drainRegion,
  inputOf,
  type Json,
  type Known,
  NOW_MS,
  override,
  policy,
  projectionOf,
  returned,
  service,
  stateOf,
  WORLD,
  web,
  worldBut,
} from "./world.ts";

const EU: DrainTarget = { kind: "region", name: "eu" };
const EU_WEB: DrainTarget = { kind: "cluster", name: "eu-web" };
const OVER = { expiresAtMs: NOW_MS };
const load = (eu: number) => projectionOf({ eu: { rate: eu }, us: { rate: 1 } });
const asking = (...rules: readonly object[]) =>
  policy({ safety: { assertions: rules.map((rule, index) => ({ name: `a${index}`, ...rule })) } });
const ALL = { controls: { regions: ["eu", "us", "ap"] }, require: "AND" };
const NOT_ALL = { ...ALL, inverted: true };
const TWO_SERVICES = [service("api"), cluster("eu-api", { service: "api" })];

function held(
  target: DrainTarget,
  {
    documents = WORLD,
    also = [],
    ...known
  }: Known & { readonly documents?: readonly Json[]; readonly also?: readonly Json[] },
): string | undefined {
  const drain = target.kind === "region" ? drainRegion(target.name, OVER) : drainCluster(target.name, OVER);
  const back = target.kind === "region" ? [returned(target.name, NOW_MS)] : [];
  const [before, after] = [stateOf(documents, [drain, ...also]), stateOf(documents, [...back, ...also])];
  return comebackHolds(inputOf(before, after, known), target);
}

const down = (...names: readonly string[]): Known => ({ health: new Map(names.map((name) => [name, "unhealthy"])) });

const lagging = (lagMs: Readonly<Record<string, number>>): Known => ({ lagMs: new Map(Object.entries(lagMs)) });
const LIMITS = [service("web", { replicaLag: { reads: "5s", writes: "2s" } })];
const LIMITED = worldBut(...LIMITS);

// biome-ignore format: a table reads in columns
test.each<[string, DrainTarget, Parameters<typeof held>[1], string | undefined]>([
  // what is known                            of      what is so                                                                                       held because
  ["nothing",                                 EU,     {},                                                                                              undefined],
  ["its cluster is down",                     EU,     down("eu-web"),                                                                                  "Every cluster of the service web that would take new clients in the region eu is down."],
  ["one of two is down",                      EU,     { ...down("eu-web"), documents: worldBut(cluster("eu-two")) },                                   undefined],
  ["one of two is down, the other drained",   EU,     { ...down("eu-web"), documents: worldBut(cluster("eu-two")), also: [drainCluster("eu-two")] },   "Every cluster of the service web that would take new clients in the region eu is down."],
  ["one of two is down, the other weightless", EU,    { ...down("eu-web"), documents: worldBut(cluster("eu-two", { weight: 0 })) },                    "Every cluster of the service web that would take new clients in the region eu is down."],
  ["it is degraded",                          EU,     { health: new Map([["eu-web", "degraded"]]) },                                                   undefined],
  ["it is unknown",                           EU,     { health: new Map([["eu-web", "unknown"]]) },                                                    undefined],
  ["its data is too far behind",              EU,     { ...lagging({ "eu-web": 2_001 }), documents: LIMITED },                                         "The data of web in the region eu is 3s behind, and 2s for writes is tolerated."],
  ["its data is behind, but tolerably",       EU,     { ...lagging({ "eu-web": 2_000 }), documents: LIMITED },                                         undefined],
  ["it does not say how far it is behind",    EU,     { ...lagging({ "us-web": 9_000 }), documents: LIMITED },                                         undefined],
  ["too far for one route",                   EU,     { ...lagging({ "eu-web": 9_000 }), documents: worldBut(web({ eu: 1 }, { eu: 1, us: 1 }, { replicaLag: { reads: "5s" } })) }, "The data of web in the region eu is 9s behind, and 5s for reads of the route web is tolerated."],
  ["one of two has caught up",                EU,     { ...lagging({ "eu-web": 9_000 }), documents: worldBut(...LIMITS, cluster("eu-two")) },           undefined],
  ["the cluster itself is behind",            EU_WEB, { ...lagging({ "eu-web": 9_000 }), documents: LIMITED },                                         "The data of web in the cluster eu-web is 9s behind, and 5s for reads and 2s for writes is tolerated."],
  ["behind, and any lag is tolerated",        EU,     lagging({ "eu-web": 9_000 }),                                                                    undefined],
  ["a serious incident is open",              EU,     { incidents: [{ id: "i1", severity: 2, title: "fire" }] },                                       "The incident i1 (fire) of severity 2 is open: until it is closed only drains and rollbacks pass."],
  ["a small incident is open",                EU,     { incidents: [{ id: "i1", severity: 3, title: "smoke" }] },                                      undefined],
  ["another region's is down",                EU,     down("us-web"),                                                                                  undefined],
  ["one of two services is down",             EU,     { ...down("eu-api"), documents: worldBut(...TWO_SERVICES) },                                     "Every cluster of the service api that would take new clients in the region eu is down."],
  ["both services are down",                  EU,     { ...down("eu-api", "eu-web"), documents: worldBut(...TWO_SERVICES) },                           "Every cluster of the services api, web that would take new clients in the region eu is down."],
  ["the cluster itself is down",              EU_WEB, down("eu-web"),                                                                                  "Every cluster of the service web that would take new clients in the cluster eu-web is down."],
  ["another cluster is down",                 EU_WEB, down("us-web"),                                                                                  undefined],
  ["it gets what it can carry",               EU,     { projections: { before: load(0), after: load(100) } },                                          undefined],
  ["it gets more than it can carry",          EU,     { projections: { before: load(0), after: load(120) } },                                          "After the change eu gets 120% of its capacity (120 of 100 requests/s; now 0%); 100% is the most."],
  ["... and somebody broke the glass",        EU,     { projections: { before: load(0), after: load(120) }, also: [override(["capacity"])] },          undefined],
  ["there is no rate",                        EU,     { projections: { before: projectionOf({}), after: projectionOf({ eu: { share: 9 } }) } },        undefined],
  ["an assertion that is mended by it",       EU,     { documents: worldBut(asking(ALL)) },                                                            undefined],
  ["an assertion that is nearer by it",       EU,     { documents: worldBut(asking(ALL)), also: [drainRegion("us")] },                                 undefined],
  ["an assertion that it breaks",             EU,     { documents: worldBut(asking(NOT_ALL)) },                                                        'The assertion "a0" asks for not all 3 on; after the change 3 of 3 are (eu, us, ap).'],
  ["two reasons",                             EU,     { documents: worldBut(asking(NOT_ALL)), projections: { before: load(0), after: load(101) } },    'After the change eu gets 101% of its capacity (101 of 100 requests/s; now 0%); 100% is the most. The assertion "a0" asks for not all 3 on; after the change 3 of 3 are (eu, us, ap).'],
  ["a change of the same thing just now",     EU,     { history: [{ control: "region/eu", direction: "off", deltasBps: {}, atMs: NOW_MS }] },          undefined],
])("%s", (_, target, known, because) => {
  expect(held(target, known)).toBe(because);
});

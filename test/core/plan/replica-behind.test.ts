/** What plans say about data that is behind. */
import { expect, test } from "vitest";
import { replicaWarnings } from "../../../admin/core/plan/replica-behind.ts";
import {
  cluster,
  drainCluster,
  drainRegion,
  type Json,
  service,
  snapshotOf,
  stateOf,
  web,
  worldBut,
} from "../safety/world.ts";

const LIMITED = worldBut(service("web", { replicaLag: { reads: "5s", writes: "1s" } }));
const EU = drainRegion("eu");

function sentences(
  before: readonly Json[],
  after: readonly Json[],
  lagMs: object,
  documents = LIMITED,
): readonly string[] {
  const snapshot = (overlays: readonly Json[]) => snapshotOf(stateOf(documents, overlays));
  const warnings = replicaWarnings({
    ...{ before: snapshot(before), after: snapshot(after) },
    lagMs: new Map(Object.entries(lagMs)),
  });
  expect(warnings.every(({ code }) => code === "replicaBehind")).toBe(true);
  return warnings.map(({ sentence }) => sentence);
}

// biome-ignore format: a table reads in columns
test.each<[string, object, string | undefined]>([
  // eu comes back      lag                  the plan says
  ["caught up",         { "eu-web": 1_000 }, undefined],
  ["without a word",    {},                  undefined],
  ["behind for writes", { "eu-web": 1_001 }, "is 2s behind, and 1s for writes is tolerated"],
  ["behind for both",   { "eu-web": 5_001 }, "is 6s behind, and 5s for reads and 1s for writes is tolerated"],
  ["others behind",     { "us-web": 60_000 }, undefined],
])("comes back %s: %j", (_, lagMs, part) => {
  const said = sentences([EU], [], lagMs);
  expect(said).toHaveLength(part === undefined ? 0 : 1);
  if (part !== undefined) expect(said[0]).toContain(`The data of web in eu ${part}`);
});

// biome-ignore format: a table reads in columns
test.each<[string, object, string | undefined]>([
  // eu is drained        lag                                       the plan says
  ["all caught up",       { "us-web": 999, "ap-web": 0 },           undefined],
  ["nobody says",         {},                                       undefined],
  ["one behind",          { "us-web": 12_000, "ap-web": 10 },       "us 12s. What was written in eu within the last 12s"],
  ["both behind",         { "us-web": 2_000, "ap-web": 61_000 },    "ap 61s, us 2s. What was written in eu within the last 61s"],
  ["itself behind",       { "eu-web": 60_000 },                     undefined],
])("is drained, %s: %j", (_, lagMs, part) => {
  const said = sentences([], [EU], lagMs);
  expect(said).toHaveLength(part === undefined ? 0 : 1);
  if (part !== undefined) expect(said[0]).toContain(part);
});

test("what a route states counts like what its service does, and is said to be the route's", () => {
  const lagMs = { "eu-web": 4_000, "us-web": 4_000 };
  const documents = worldBut(web({ eu: 1 }, { eu: 1, us: 1 }, { replicaLag: { reads: "3s", writes: "1h" } }));
  expect(sentences([EU], [], lagMs, documents)).toEqual([
    expect.stringContaining("in eu is 4s behind, and 3s for reads of the route web is tolerated"),
  ]);
  expect(sentences([], [EU], lagMs, documents)).toEqual([expect.stringContaining("us 4s. What was written in eu")]);
});

test("nothing is said of services that tolerate any lag, nor where a region keeps a cluster", () => {
  const lagMs = { "us-web": 60_000, "eu-web": 60_000 };
  expect(sentences([], [EU], lagMs, worldBut())).toEqual([]);
  expect(sentences([EU], [], lagMs, worldBut())).toEqual([]);
  const two = worldBut(service("web", { replicaLag: { reads: "5s" } }), cluster("eu-other"));
  expect(sentences([], [drainCluster("eu-web")], lagMs, two)).toEqual([]);
});

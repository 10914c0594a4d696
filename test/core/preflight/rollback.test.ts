/** Somebody serves after the way back. */
import { expect, test } from "vitest";
import { type Case, type Json, judge, NEW, policy, told, web, worldBut } from "./world.ts";

const canary = (fields: object = {}) =>
  web("eu-green", { side: "canary", image: `registry.example/web@${NEW}`, reports: undefined, ...fields });

/** Without a way back in place. */
const plain = { image: undefined, rollback: undefined };
const split = (...changes: readonly Json[]) => worldBut(canary(), ...changes);

const DOWN = "unhealthy" as const;

// biome-ignore format: a table reads in columns
test.each<[string, Case, string[]]>([
  ["all are well",                        { health: { "eu-web": "healthy", "us-web": "degraded" } },        []],
  ["nothing is known of any",             { health: {} },                                                   []],
  ["nobody could be asked",               { health: "unavailable" },                                        ["health.unknown? /documents"]],
  ["nobody could be asked, of no way back", { health: "unavailable", documents: worldBut(web("eu-web", plain), web("us-web", plain)) }, []],
  ["in place, the only one is down",      { health: { "us-web": DOWN } },                                   ["rollback.unhealthy Cluster/us-web/spec"]],
  ["in place, one of two is down",        { health: { "us-web": DOWN }, documents: worldBut(web("us-two", { reports: undefined })) }, ["rollback.unhealthy? Cluster/us-web/spec"]],
  ["in place, down without a way back",   { health: { "us-web": DOWN }, documents: worldBut(web("eu-web", plain), web("us-web", plain)) }, []],
  ["down, and not in the scope",          { health: { "us-web": DOWN }, scope: { clusters: ["eu-web"] } },  []],
  ["down, and switched off",              { health: { "us-web": DOWN }, documents: worldBut(web("us-web", { adminState: "disabled" })) }, []],
  ["down, and drained",                   { health: { "us-web": DOWN }, overlays: [{ kind: "clusterDrain", cluster: "us-web", mode: "immediate", expiresAtMs: 1e9 }] }, []],
  ["beside a canary, stable is down",     { health: { "eu-web": DOWN }, documents: split() },               ["rollback.unhealthy Cluster/eu-web/spec"]],
  ["beside a canary, the canary is down", { health: { "eu-green": DOWN }, documents: split() },             []],
  ["a canary and no stable cluster",      { documents: split(web("eu-web", { adminState: "disabled" })) },  ["rollback.noTarget? Cluster/eu-green/spec"]],
  ["a canary elsewhere is down",          { health: { "us-web": DOWN }, documents: split(), scope: { clusters: ["eu-green"] } }, []],
])("%s", (_, one, expected) => {
  expect(told(judge(one)).filter((line) => !/^(canary|rollback\.undeclared)/.test(line))).toEqual(expected);
});

test("who is down and who is left are named", () => {
  const documents = worldBut(web("us-two", { reports: undefined }), policy());
  const { findings } = judge({ documents, health: { "us-web": DOWN, "us-two": DOWN } });
  expect(findings).toMatchObject([
    {
      ...{ code: "rollback.unhealthy", severity: "error", clusters: ["us-two", "us-web"], regions: ["us"] },
      sentence: "After a rollback no cluster of web would serve in us: us-two, us-web are down.",
    },
  ]);
});

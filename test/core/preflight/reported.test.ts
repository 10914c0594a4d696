/** What is known of clusters, and what they must have before anything goes out to them. */
import { expect, test } from "vitest";
import {
  type Case,
  type Json,
  judge,
  reports,
  rollback,
  service,
  told,
  WORLD,
  web,
  webStatus,
  worldBut,
} from "./world.ts";

const tier = (name: string) => worldBut(service("web", { tier: name }));
const us = (fields: Json): Case => ({ statuses: { "us-web": webStatus(fields) } });
const SILENT = { statuses: { "us-web": null } };

// biome-ignore format: a table reads in columns
test.each<[string, Case, string[]]>([
  ["nobody to ask",                    { statuses: "unavailable" },                                     ["status.unavailable /documents"]],
  ["nobody to ask about nothing",      { statuses: "unavailable", documents: worldBut(web("eu-web", { reports: undefined }), web("us-web", { reports: undefined })), scope: { services: ["web"] } }, []],
  ["no report",                        SILENT,                                                          ["status.unknown? Cluster/us-web/spec/reports"]],
  ["none, in no tier of importance",   { ...SILENT, documents: tier("besteffort") },                    ["status.unknown? Cluster/us-web/spec/reports"]],
  ["none, in the critical tier",       { ...SILENT, documents: tier("critical") },                      ["status.unknown Cluster/us-web/spec/reports"]],
  ["none, of a new cluster there",     { statuses: {}, inForce: tier("critical"), documents: [...tier("critical"), web("us-two")] }, ["status.unknown? Cluster/us-two/spec/reports"]],
  ["none, of one without weight",      { ...SILENT, documents: worldBut(service("web", { tier: "critical" }), web("us-web", { weight: 0 })) }, ["status.unknown? Cluster/us-web/spec/reports", "weights.zero? Cluster/us-web/spec/weight"]],
  ["none, of one that is off",         { ...SILENT, documents: worldBut(web("us-web", { adminState: "disabled" })) }, []],
  ["none, and none asked for",         { ...SILENT, documents: worldBut(web("us-web", { reports: undefined })), }, []],
  ["a secret in its old version only", us({ secrets: [{ name: "db", versions: ["v1"] }] }),             ["secrets.missing Cluster/us-web/spec/reports/secrets/0"]],
  ["a secret that can be read, and is not used yet", us({ secrets: [{ name: "db", versions: ["v1", "v2"], active: "v1" }] }), []],
  ["another secret",                   us({ secrets: [{ name: "psp", versions: ["v2"] }] }),            ["secrets.missing Cluster/us-web/spec/reports/secrets/0"]],
  ["no secrets",                       us({ secrets: undefined }),                                      ["secrets.missing Cluster/us-web/spec/reports/secrets/0"]],
  ["no compliance marker",             us({ compliance: undefined }),                                   ["compliance.missing Cluster/us-web/spec/reports/compliance/0"]],
  ["another compliance marker",        us({ compliance: ["gdpr"] }),                                    ["compliance.missing Cluster/us-web/spec/reports/compliance/0"]],
  ["another platform",                 us({ platform: "linux/arm64" }),                                 ["platform.mismatch Cluster/us-web/spec/reports/platform"]],
  ["no platform",                      us({ platform: undefined }),                                     []],
])("%s", (_, one, expected) => {
  expect(told(judge(one))).toEqual(expected);
});

// biome-ignore format: a table reads in columns
test.each([
  ["v1", []],
  ["v2", []],
  ["v0", ["secrets.rollbackMissing Cluster/eu-web/spec/rollback/secrets/0", "secrets.rollbackMissing Cluster/us-web/spec/rollback/secrets/0"]],
])("the way back needs version %s of a secret: %j", (version, expected) => {
  const fields = { rollback: rollback({ secrets: [{ name: "db", version }] }) };
  expect(told(judge({ documents: worldBut(web("eu-web", fields), web("us-web", fields)) }))).toEqual(expected);
});

const rotation = (stage: string): Json => ({ kind: "secretRotation", secret: "db", from: "v2", to: "v3", stage });
const holds = (...versions: string[]) => ({ "us-web": webStatus({ secrets: [{ name: "db", versions }] }) });

// biome-ignore format: a table reads in columns
test.each([
  // the rotation, what us-web can read, what is found
  ["introduced", holds("v2"),       false],
  ["introduced", holds("v3"),       true],
  ["active",     holds("v2"),       true],
  ["active",     holds("v2", "v3"), false],
  ["revoked",    holds("v3"),       false],
])("while a rotation is %s, what it has come to counts: %j", (stage, statuses, missing) => {
  const lines = told(judge({ overlays: [rotation(stage)], statuses: { "eu-web": null, ...statuses }, scope: { clusters: ["us-web"] } }));
  expect(lines).toEqual(missing ? ["secrets.missing Cluster/us-web/spec/reports/secrets/0"] : []);
});

test("a rotation that one region has not got yet is found with the region named, before it is applied", () => {
  const rotated = { reports: reports({ secrets: [{ name: "db", version: "v3" }] }) };
  const { ok, findings } = judge({
    inForce: WORLD,
    documents: worldBut(web("eu-web", rotated), web("us-web", rotated)),
    statuses: { "eu-web": webStatus({ secrets: [{ name: "db", versions: ["v2", "v3"], active: "v2" }] }) },
  });
  expect(ok).toBe(false);
  expect(findings).toEqual([
    {
      ...{ code: "secrets.missing", severity: "error", document: "Cluster/us-web" },
      ...{ path: "/documents/5/spec/reports/secrets/0", clusters: ["us-web"], regions: ["us"] },
      sentence: "us-web (us) cannot read version v3 of the secret db, which is declared for it: it reports v1, v2.",
      fix: "Give the secret to the cluster first, wait until it reports the version, and run preflight again.",
    },
  ]);
});

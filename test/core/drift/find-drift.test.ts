/** What differs between documents and reports, field by field, and between clusters. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { declaredOf } from "../../../admin/core/drift/declared.ts";
import type { Drift } from "../../../admin/core/drift/drift.ts";
import { findDrift } from "../../../admin/core/drift/find-drift.ts";
import type { Statuses } from "../../../admin/core/status/statuses.ts";
import { ClusterStatus } from "../../../config/cluster-status.ts";
import { DRIFT_FIELDS } from "../../../config/policy.ts";
import { cluster, type Json, policy, region, rotation, stateOf, worldBut } from "../safety/world.ts";

const digest = (hex: string) => `sha256:${hex.repeat(32)}`;

const REPORTS = {
  version: "1.4.0",
  imageDigest: digest("aa"),
  configDigest: digest("cc"),
  secrets: [{ name: "db", version: "v1" }],
  keyIds: ["k1", "k2"],
  compliance: ["pci", "soc2"],
};

/** What a cluster reports that is as `REPORTS` declares it. */
const RIGHT = {
  ...{ version: "1.4.0", imageDigest: digest("aa"), configDigest: digest("cc") },
  secrets: [{ name: "db", versions: ["v1"], active: "v1" }],
  ...{ keyIds: ["k2", "k1"], compliance: ["soc2", "pci"] },
};

type Reported = Readonly<Record<string, object | undefined>>;

function statusesOf(reported: Reported): Statuses {
  return new Map(
    Object.entries(reported).flatMap(([name, fields]) =>
      fields === undefined ? [] : [[name, ClusterStatus.parse({ cluster: name, atMs: 1, ...fields })] as const],
    ),
  );
}

function drift(documents: readonly Json[], reported: Reported, overlays: readonly Json[] = []): readonly Drift[] {
  const { fleet, overlays: live } = stateOf(documents, overlays);
  return findDrift(declaredOf(fleet, live), statusesOf(reported));
}

/** Keys, with a question mark when it is only a warning. */
const told = (found: readonly Drift[]) => found.map(({ key, severity }) => `${key}${severity === "error" ? "" : "?"}`);

const one = (spec: object = {}) => worldBut(cluster("eu-web", { reports: REPORTS, ...spec }));

describe("against the document", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, object | undefined, readonly string[]]>([
    // reports                          fields                                                     comes to
    ["what is declared",                RIGHT,                                                     []],
    ["nothing at all",                  undefined,                                                 ["unknown/eu-web/status?"]],
    ["another version",                 { ...RIGHT, version: "1.4.1" },                            ["declared/eu-web/version?"]],
    ["another image",                   { ...RIGHT, imageDigest: digest("bb") },                   ["declared/eu-web/imageDigest"]],
    ["another configuration",           { ...RIGHT, configDigest: digest("bb") },                  ["declared/eu-web/configDigest"]],
    ["one key less",                    { ...RIGHT, keyIds: ["k1"] },                              ["declared/eu-web/keyIds?"]],
    ["one key more",                    { ...RIGHT, keyIds: ["k1", "k2", "k3"] },                  ["declared/eu-web/keyIds?"]],
    ["one marker less",                 { ...RIGHT, compliance: ["pci"] },                         ["declared/eu-web/compliance"]],
    ["one marker more",                 { ...RIGHT, compliance: ["pci", "soc2", "iso"] },          []],
    ["another version of the secret",   { ...RIGHT, secrets: [{ name: "db", versions: ["v2"] }] }, ["declared/eu-web/secrets/db"]],
    ["the secret not at all",           { ...RIGHT, secrets: [] },                                 ["declared/eu-web/secrets/db"]],
    ["a secret more",                   { ...RIGHT, secrets: [...RIGHT.secrets, { name: "x", versions: ["v1"] }] }, []],
    ["nothing of secrets",              { ...RIGHT, secrets: undefined },                          ["unknown/eu-web/secrets?"]],
    ["nothing of its image",            { ...RIGHT, imageDigest: undefined },                      ["unknown/eu-web/imageDigest?"]],
  ])("reports %s", (_, fields, expected) => {
    const status = fields === undefined ? undefined : JSON.parse(JSON.stringify(fields)); // undefined fields are left out
    expect(told(drift(one(), { "eu-web": status }))).toEqual(expected);
  });

  test("what nobody asks for is not missed, and clusters that are switched off need not speak", () => {
    expect(drift(worldBut(), {})).toEqual([]);
    expect(drift(one({ adminState: "disabled" }), {})).toEqual([]);
    expect(drift([...one().filter(({ kind }) => kind !== "Region"), ...regionsOff()], {})).toEqual([]);
    expect(told(drift(one({ adminState: "disabled" }), { "eu-web": { ...RIGHT, version: "2" } }))).toHaveLength(1);
  });

  test("says what is declared, what is reported and where, in short and in full", () => {
    const [found] = drift(one(), { "eu-web": { ...RIGHT, imageDigest: digest("bb") } });
    expect(found).toEqual({
      ...{ key: "declared/eu-web/imageDigest", kind: "declared", field: "imageDigest", service: "web" },
      ...{ clusters: ["eu-web"], declared: digest("aa"), reported: { "eu-web": digest("bb") }, severity: "error" },
      sentence: "eu-web reports the image digest sha256:bbbbbbbbbbbb; declared is sha256:aaaaaaaaaaaa.",
    });
  });
});

function regionsOff(): readonly Json[] {
  return [
    region("eu", { adminState: "disabled" }),
    region("us", { jurisdictions: ["us"], vantage: "enam" }),
    region("ap", { jurisdictions: ["in"], vantage: "apac" }),
  ];
}

describe("a secret on its way", () => {
  const says = (versions: readonly string[], active?: string) => ({
    ...RIGHT,
    secrets: [{ name: "db", versions, ...(active === undefined ? {} : { active }) }],
  });
  const introduced = rotation({});
  const active = rotation({ stage: "active" });
  const urgent = rotation({ stage: "active", compromised: true });
  const revoked = rotation({ stage: "revoked" });

  // biome-ignore format: a table reads in columns
  test.each<[string, Json | undefined, object, string | undefined]>([
    // rotation     live         reports                     is wrong because
    ["none",        undefined,   says(["v1", "v2"], "v1"),   undefined],
    ["none",        undefined,   says(["v1", "v2"], "v2"),   "eu-web uses v2 of the secret db, not v1."],
    ["none",        undefined,   says(["v1", "v2"]),         undefined],
    ["none",        undefined,   says(["v2", "v3"]),         "eu-web cannot read v1 of the secret db."],
    ["none",        undefined,   says([]),                   "eu-web does not have the secret db; declared is v1."],
    ["introduced",  introduced,  says(["v1"]),               undefined],
    ["introduced",  introduced,  says(["v1", "v2"], "v2"),   "eu-web uses v2 of the secret db, not v1."],
    ["active",      active,      says(["v1", "v2"], "v1"),   undefined],
    ["active",      active,      says(["v1", "v2"], "v2"),   undefined],
    ["active",      active,      says(["v3"]),               "eu-web uses v3 of the secret db, not v2."],
    ["urgent",      urgent,      says(["v1", "v2"], "v1"),   "eu-web uses v1 of the secret db, not v2."],
    ["revoked",     revoked,     says(["v2"]),               undefined],
    ["revoked",     revoked,     says(["v1", "v2"], "v2"),   "eu-web can still read v1 of the secret db, which is revoked."],
  ])("%s: %j with %j", (_, live, reported, sentence) => {
    const found = drift(one(), { "eu-web": reported }, live === undefined ? [] : [live]);
    expect(found.map((each) => each.sentence)).toEqual(sentence === undefined ? [] : [sentence]);
  });
});

describe("between the clusters of a side", () => {
  const image = (hex: string) => ({ imageDigest: digest(hex) });
  const declares = (name: string, hex: string) =>
    cluster(name, { region: name.slice(0, 2), reports: { imageDigest: digest(hex) } });

  // biome-ignore format: a table reads in columns
  test.each<[string, readonly Json[], Reported, readonly string[]]>([
    // who                              documents                                  reports                                             comes to
    ["alike",                           [],                                        { "eu-web": image("aa"), "us-web": image("aa") },   []],
    ["different",                       [],                                        { "eu-web": image("aa"), "us-web": image("bb") },   ["between/web/stable/imageDigest"]],
    ["one that says nothing",           [],                                        { "eu-web": image("aa"), "us-web": {} },            []],
    ["one alone",                       [],                                        { "eu-web": image("aa") },                          []],
    ["declared to differ, and do",      [declares("eu-web", "aa"), declares("us-web", "bb")], { "eu-web": image("aa"), "us-web": image("bb") }, []],
    ["told of already",                 [declares("eu-web", "aa"), declares("us-web", "aa")], { "eu-web": image("aa"), "us-web": image("bb") }, ["declared/us-web/imageDigest"]],
    ["like a peer's declaration",       [declares("eu-web", "aa"), declares("us-web", "bb")], { "eu-web": image("aa"), "us-web": image("bb"), "ap-web": image("bb") }, []],
    ["unlike every declaration",        [declares("eu-web", "aa"), declares("us-web", "bb")], { "eu-web": image("aa"), "us-web": image("bb"), "ap-web": image("cc") }, ["between/web/stable/imageDigest"]],
    ["of different sides",              [cluster("us-web", { region: "us", side: "canary" })], { "eu-web": image("aa"), "us-web": image("bb") }, []],
    ["of different services",           [cluster("us-web", { region: "us", service: "api" }), { ...service("api") }], { "eu-web": image("aa"), "us-web": image("bb") }, []],
    ["one of them switched off",        [cluster("us-web", { region: "us", adminState: "disabled" })], { "eu-web": image("aa"), "us-web": image("bb") }, []],
    ["versions alone",                  [],                                        { "eu-web": { version: "1" }, "us-web": { version: "2" } }, []],
    ["keys",                            [],                                        { "eu-web": { keyIds: ["a"] }, "us-web": { keyIds: ["b"] } }, ["between/web/stable/keyIds?"]],
    ["markers in another order",        [],                                        { "eu-web": { compliance: ["a", "b"] }, "us-web": { compliance: ["b", "a"] } }, []],
    ["a marker that one lacks",         [],                                        { "eu-web": { compliance: ["a", "b"] }, "us-web": { compliance: ["a"] } }, ["between/web/stable/compliance"]],
  ])("%s", (_, documents, reported, expected) => {
    expect(told(drift(worldBut(...documents), reported)).filter((key) => !key.startsWith("unknown"))).toEqual(expected);
  });

  const secret = (active: string) => ({ secrets: [{ name: "db", versions: [active], active }] });

  test("secrets by the version in use, each by itself", () => {
    const [found] = drift(worldBut(), { "eu-web": secret("v1"), "us-web": secret("v2") });
    expect(found).toMatchObject({
      ...{ key: "between/web/stable/secrets/db", secret: "db", clusters: ["eu-web", "us-web"], severity: "error" },
      reported: { "eu-web": "v1", "us-web": "v2" },
    });
  });

  test("while a cut-over is under way both of its versions are alike", () => {
    const reported = { "eu-web": secret("v1"), "us-web": secret("v2") };
    expect(drift(worldBut(), reported, [rotation({ stage: "active" })])).toEqual([]);
    expect(drift(worldBut(), reported, [rotation({ stage: "introduced" })])).toHaveLength(1);
  });
});

function service(name: string): Json {
  return { apiVersion: "fairlead.dev/v1", kind: "Service", metadata: { name }, spec: {} };
}

describe("severities", () => {
  const wrong = {
    ...{ version: "2", imageDigest: digest("bb"), configDigest: digest("bb"), secrets: [], keyIds: [], compliance: [] },
  };
  const severities = (stated: object) => {
    const found = drift([...one(), policy({ drift: { severities: stated } })], { "eu-web": wrong });
    return Object.fromEntries(found.map(({ field, severity }) => [field, severity]));
  };

  test("are errors where the program or its configuration is another one, unless the Policy says otherwise", () => {
    expect(severities({})).toEqual({
      ...{ imageDigest: "error", configDigest: "error", secrets: "error", compliance: "error" },
      ...{ keyIds: "warning", version: "warning" },
    });
    expect(severities({ imageDigest: "warning", keyIds: "error", secrets: "ignore" })).toEqual({
      ...{ imageDigest: "warning", configDigest: "error", compliance: "error", keyIds: "error", version: "warning" },
    });
  });

  test("what is ignored is not missed either", () => {
    const ignored = Object.fromEntries(DRIFT_FIELDS.map((field) => [field, "ignore"]));
    const documents = [...one(), policy({ drift: { severities: ignored } })];
    expect(drift(documents, {})).toEqual([]);
    expect(drift(documents, { "eu-web": {} })).toEqual([]);
  });
});

describe("laws", () => {
  const status = fc.record(
    {
      version: fc.constantFrom("1.4.0", "2"),
      imageDigest: fc.constantFrom(digest("aa"), digest("bb")),
      keyIds: fc.subarray(["k1", "k2", "k3"]),
      compliance: fc.subarray(["pci", "soc2"]),
      secrets: fc.constantFrom(RIGHT.secrets, [], [{ name: "db", versions: ["v1", "v2"], active: "v2" }]),
    },
    { requiredKeys: [] },
  );
  const reported = fc.record({ "eu-web": status, "us-web": status, "ap-web": status }, { requiredKeys: [] });

  test("each difference has its own key, names a cluster, and does not depend on the order of reports", () => {
    fc.assert(
      fc.property(reported, (all) => {
        const found = drift(one(), all);
        expect(new Set(found.map(({ key }) => key)).size).toBe(found.length);
        for (const { clusters, sentence } of found) {
          expect(clusters.length).toBeGreaterThan(0);
          expect(sentence).toContain(clusters[0]);
        }
        const backwards = Object.fromEntries(Object.entries(all).reverse());
        expect(drift(one(), backwards)).toEqual(found);
      }),
    );
  });

  test("a fleet of clusters that report what is declared for all of them has no drift", () => {
    const names = ["eu-web", "us-web", "ap-web"];
    const documents = worldBut(...names.map((name) => cluster(name, { region: name.slice(0, 2), reports: REPORTS })));
    expect(drift(documents, Object.fromEntries(names.map((name) => [name, RIGHT])))).toEqual([]);
  });
});

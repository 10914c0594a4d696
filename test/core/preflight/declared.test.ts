/** Images by their digests, waves that are declared alike, and ways back that are declared at all. */
import { expect, test } from "vitest";
import { type Case, digest, judge, NEW, OLD, reports, rollback, told, web, worldBut } from "./world.ts";

const withWeb = (fields: object, us: object = fields) => ({
  documents: worldBut(web("eu-web", { ...fields }), web("us-web", { ...us })),
});

const [db, psp] = [
  { name: "db", version: "v2" },
  { name: "psp", version: "v1" },
];
/** No cluster of the world has the second of them. */
const MISSING = [
  "secrets.missing Cluster/eu-web/spec/reports/secrets/1",
  "secrets.missing Cluster/us-web/spec/reports/secrets/0",
];

test("a world that is well has nothing to be found", () => {
  const { ok, findings, summary } = judge();
  expect({ ok, findings }).toEqual({ ok: true, findings: [] });
  expect(summary).toEqual({ errors: 0, warnings: 0, leftOut: 0, services: 2, clusters: 3, complete: true });
});

// biome-ignore format: a table reads in columns
test.each<[string, Case, string[]]>([
  ["a digest and no tag",             withWeb({ image: `registry.example/web@${NEW}` }),      []],
  ["a tag alone",                     withWeb({ image: "registry.example/web:4.0" }),         ["image.notPinned Cluster/eu-web/spec/image", "image.notPinned Cluster/us-web/spec/image"]],
  ["neither tag nor digest",          withWeb({ image: "registry.example/web" }),             ["image.notPinned Cluster/eu-web/spec/image", "image.notPinned Cluster/us-web/spec/image"]],
  ["a digest to report",              withWeb({ reports: reports({ imageDigest: NEW }) }),    []],
  ["another digest to report",        withWeb({ reports: reports({ imageDigest: OLD }) }),    ["image.digestMismatch Cluster/eu-web/spec/reports/imageDigest", "image.digestMismatch Cluster/us-web/spec/reports/imageDigest"]],
  ["another image in one region",     withWeb({}, { image: `registry.example/web@${digest("d")}` }), ["image.unequal Cluster/us-web/spec/image"]],
  ["a digest to report against an image", withWeb({}, { image: undefined, reports: reports({ imageDigest: digest("d") }) }), ["image.unequal Cluster/us-web/spec/reports/imageDigest"]],
  ["no image in one region",          withWeb({}, { image: undefined }),                      ["image.undeclared? Cluster/us-web/spec"]],
  ["no image anywhere",               withWeb({ image: undefined }),                          []],
  ["a tag in one region",             withWeb({}, { image: "registry.example/web:4.0" }),     ["image.notPinned Cluster/us-web/spec/image"]],
  ["another configuration in one",    withWeb({}, { reports: reports({ configDigest: digest("d") }) }), ["config.unequal Cluster/us-web/spec/reports/configDigest"]],
  ["another version in one",          withWeb({}, { reports: reports({ version: "4.0.1" }) }), ["version.unequal? Cluster/us-web/spec/reports/version"]],
  ["another version of a secret in one", withWeb({ reports: reports({ secrets: [{ name: "db", version: "v1" }] }) }, {}), ["secrets.unequal? Cluster/us-web/spec/reports/secrets"]],
  ["a secret that one lacks",         withWeb({}, { reports: reports({ secrets: undefined }) }), ["secrets.unequal? Cluster/us-web/spec/reports"]],
  ["secrets in another order",        withWeb({ reports: reports({ secrets: [db, psp] }) }, { reports: reports({ secrets: [psp, db] }) }), MISSING],
  ["other keys in one",               withWeb({ reports: reports({ keyIds: ["k1"] }) }, { reports: reports({ keyIds: ["k2"] }) }), ["keyIds.unequal? Cluster/us-web/spec/reports/keyIds"]],
  ["a marker that one lacks",         withWeb({}, { reports: reports({ compliance: [] }) }),  ["compliance.unequal? Cluster/us-web/spec/reports/compliance"]],
  ["nothing that one must report",    withWeb({}, { reports: undefined }),                    []],
  ["another image on the canary side", { documents: worldBut(web("eu-new", { side: "canary", weight: 0, image: `registry.example/web@${digest("d")}`, reports: undefined })) }, ["weights.zero? Cluster/eu-new/spec/weight"]],
  ["another image where it is off",   { documents: worldBut(web("eu-new", { adminState: "disabled", image: `registry.example/web@${digest("d")}` })) }, []],
  ["no way back",                     withWeb({ rollback: undefined }),                       ["rollback.undeclared? Cluster/eu-web/spec"]],
  ["no way back in one region",       withWeb({}, { rollback: undefined }),                   ["rollback.undeclared? Cluster/us-web/spec"]],
  ["no way back, and nothing deployed", withWeb({ rollback: undefined, image: undefined }),   []],
  ["a way back to itself",            withWeb({ rollback: rollback({ imageDigest: NEW }) }),  ["rollback.same? Cluster/eu-web/spec/rollback/imageDigest", "rollback.same? Cluster/us-web/spec/rollback/imageDigest"]],
])("%s", (_, one, expected) => {
  expect(told(judge(one))).toEqual(expected);
});

test("another platform in one region, where the other cluster runs as well", () => {
  const arm = { reports: reports({ platform: "linux/arm64" }) };
  expect(told(judge({ ...withWeb({}, arm), statuses: { "us-web": null } }))).toEqual([
    "platform.unequal Cluster/us-web/spec/reports/platform",
    "status.unknown? Cluster/us-web/spec/reports",
  ]);
});

test("what differs is told with who has what, shortened to what tells it apart", () => {
  const documents = worldBut(
    web("eu-two"),
    web("us-web", { image: `registry.example/web@${digest("d")}` }),
    web("us-two", { image: `registry.example/web@${digest("e")}` }),
  );
  const [finding] = judge({ documents, statuses: { "eu-two": { version: "4.0.0" } } }).findings.filter(
    ({ code }) => code === "image.unequal",
  );
  expect(finding).toMatchObject({
    severity: "error",
    clusters: ["eu-two", "eu-web", "us-web", "us-two"],
    regions: ["eu", "us"],
    sentence:
      "The stable side of web is declared with 3 images: sha256:aaaaaaaaaaaa for eu-two (eu), eu-web (eu), sha256:dddddddddddd for us-web (us), sha256:eeeeeeeeeeee for us-two (us).",
  });
});

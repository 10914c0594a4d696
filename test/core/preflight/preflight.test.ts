/** What preflight says of everything together. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PREFLIGHT_CODES } from "../../../admin/core/preflight/codes.ts";
import { DOCUMENT_FIXES } from "../../../admin/core/preflight/document-fixes.ts";
import { FINDINGS_MAX } from "../../../admin/core/preflight/preflight.ts";
import { FINDING_CODES } from "../../../config/findings.ts";
import { cluster, region, route, service } from "../config/fixtures.ts";
import { judge, told, WORLD, web, webStatus, worldBut } from "./world.ts";

test("documents with errors are all that is spoken of, each error with what to do", () => {
  const { ok, findings, summary } = judge({
    documents: worldBut(web("us-web", { image: "registry.example/web:4.0", weight: -1, endpoint: "https://10.0.0.1" })),
    statuses: "unavailable",
  });
  expect({ ok, summary }).toMatchObject({ ok: false, summary: { complete: false, clusters: 0, services: 0 } });
  expect(findings).toEqual([
    {
      ...{ code: "field.range", severity: "error", path: "/documents/5/spec/weight", document: "Cluster/us-web" },
      ...{ sentence: '"weight" must be at least 0.', fix: "Choose a value within the limits that the sentence names." },
    },
  ]);
});

test("a slip that has a likely meaning is told with it", () => {
  const { findings } = judge({ documents: worldBut(route("web", { service: "wbe", default: { proximity: {} } })) });
  expect(findings.find(({ code }) => code === "reference.unknown")).toMatchObject({
    sentence: 'There is no Service "wbe".',
    fix: 'Did you mean "web"? Name something that is declared, or add its document to the fleet.',
  });
});

test("an endpoint is refused by the name of the reason", () => {
  const refusal = (endpoint: string) => told(judge({ documents: worldBut(web("us-web", { endpoint })) }));
  expect(refusal("https://u@us.example.com")).toEqual(["endpoint.userinfo Cluster/us-web/spec/endpoint"]);
  expect(refusal("https://0x7f.1")).toEqual(["endpoint.address Cluster/us-web/spec/endpoint"]);
});

test("a fleet that serves must not lose its last route, one that does not yet may be without", () => {
  const routeless = WORLD.filter(({ kind }) => kind !== "Route");
  const lines = (inForce: typeof WORLD) => told(judge({ inForce, documents: routeless })).slice(0, 1);
  expect(lines(WORLD)).toEqual(["fleet.empty /documents"]);
  expect(told(judge({ documents: routeless }))).toContain("fleet.empty? /documents");
});

test("errors come first, then what is in the order of the documents", () => {
  const more = (image: string) =>
    Array.from({ length: 12 }, (_, n) => web(`us-${String.fromCharCode(97 + n)}`, { reports: undefined, image }));
  const unpinned = more("registry.example/web:4");
  const silent = { "us-web": null };
  const places = judge({ documents: worldBut(...unpinned) }).findings.map(({ path }) => Number(path.split("/")[2]));
  expect(places).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  expect(told(judge({ documents: worldBut(...unpinned.slice(11)), statuses: silent }))).toEqual([
    "image.notPinned Cluster/us-l/spec/image",
    "status.unknown? Cluster/us-web/spec/reports",
  ]);
});

// biome-ignore format: a table reads in columns
test.each([
  // asked about                                        services, clusters, what is found
  [{},                                                  2, 3, ["eu-web", "us-web"]],
  [{ services: ["web"] },                               1, 2, ["eu-web", "us-web"]],
  [{ services: ["cart"] },                              1, 1, []],
  [{ clusters: ["us-web"] },                            1, 1, ["us-web"]],
  [{ services: ["web"], clusters: ["us-web", "eu-cart"] }, 1, 1, ["us-web"]],
])("asked about %j: %i services, %i clusters", (scope, services, clusters, found) => {
  const image = "registry.example/web:4.0";
  const { findings, summary } = judge({ documents: worldBut(web("eu-web", { image }), web("us-web", { image })), scope });
  expect(summary).toMatchObject({ services, clusters });
  expect(findings.flatMap((finding) => finding.clusters ?? [])).toEqual(found);
});

test("slips of what was not asked about are not told, unless nothing can be said for them", () => {
  const twin = web("us-two", { endpoint: "https://us-web.example.com", reports: undefined });
  const shared = ["endpoint.shared? Cluster/us-two/spec/endpoint"];
  const asked = (scope: object) => told(judge({ documents: worldBut(twin), scope }));
  expect(asked({})).toEqual(shared);
  expect(asked({ services: ["web"] })).toEqual(shared);
  expect(asked({ clusters: ["us-two"] })).toEqual(shared);
  expect(asked({ clusters: ["us-web"] })).toEqual([]);
  expect(
    told(judge({ documents: worldBut(web("us-web", { weight: -1 })), scope: { services: ["cart"] } })),
  ).toHaveLength(1);
});

test("a cluster that a template made is found where its text was written, and named", () => {
  const template = {
    ...{ apiVersion: "fairlead.dev/v1", kind: "ClusterTemplate", metadata: { name: "web" } },
    spec: {
      parameters: { region: { type: "string" }, image: { type: "string" } },
      cluster: {
        metadata: { name: "$" + "{region}-web" },
        spec: {
          ...{ region: "$" + "{region}", service: "web", endpoint: "https://$" + "{region}.example.com", weight: 1 },
          image: "$" + "{image}",
        },
      },
    },
  };
  const values = ["eu", "us"].map((name) => ({
    template: "web",
    values: { region: name, image: "registry.example/web:4" },
  }));
  const environment = {
    ...{ apiVersion: "fairlead.dev/v1", kind: "Environment", metadata: { name: "production" } },
    spec: { clusters: values },
  };
  const documents = [
    ...WORLD.filter(({ kind, metadata }) => kind !== "Cluster" || JSON.stringify(metadata).includes("cart")),
    template,
    environment,
  ];
  const found = judge({ documents }).findings.filter(({ code }) => code === "image.notPinned");
  expect(found.map(({ document, path }) => [document, path])).toEqual([
    ["Cluster/eu-web", "/documents/8/spec/clusters/0/values/image"],
    ["Cluster/us-web", "/documents/8/spec/clusters/1/values/image"],
  ]);
});

test("a list that nobody would read is cut, and says by how much", () => {
  const clusters = Array.from({ length: FINDINGS_MAX + 5 }, (_, n) =>
    cluster(`c-${n}`, { image: "registry.example/web:4", endpoint: `https://c-${n}.example.com` }),
  );
  const { findings, summary } = judge({
    documents: [region("eu"), service("web"), ...clusters, route("web")],
  });
  expect(findings).toHaveLength(FINDINGS_MAX);
  expect(summary).toMatchObject({
    errors: FINDINGS_MAX + 5,
    leftOut: summary.errors + summary.warnings - FINDINGS_MAX,
  });
});

const troubled = worldBut(
  web("eu-web", { image: "registry.example/web:4", requires: { schema: ">=43", peers: { cart: ">=5" } } }),
  web("us-web", { requires: { schema: "<43" }, rollback: undefined }),
);
const TROUBLE = {
  statuses: { "us-web": webStatus({ secrets: [], compliance: [] }) },
  health: { "eu-web": "unhealthy" },
} as const;

test("the order of the documents changes nothing but the order of the findings", () => {
  const expected = told(judge({ ...TROUBLE, documents: troubled }));
  expect(new Set(expected).size).toBeGreaterThan(6);
  fc.assert(
    fc.property(fc.shuffledSubarray([...troubled], { minLength: troubled.length }), (documents) => {
      expect(new Set(told(judge({ ...TROUBLE, documents })))).toEqual(new Set(expected));
    }),
    { numRuns: 30 },
  );
});

test("who asks about less is told nothing that is not told to who asks about everything", () => {
  const sentences = (scope: object) =>
    judge({ ...TROUBLE, documents: troubled, scope }).findings.map((one) => one.sentence);
  const all = sentences({});
  for (const scope of [
    { services: ["web"] },
    { services: ["cart"] },
    { clusters: ["eu-web"] },
    { clusters: ["us-web"] },
  ])
    for (const sentence of sentences(scope)) expect(all).toContain(sentence);
  const parts = ["eu-web", "us-web", "eu-cart"].flatMap((name) => sentences({ clusters: [name] }));
  expect(new Set(parts)).toEqual(new Set(all));
});

test("every code says what it stands for and what to do, in sentences, and none is in both lists", () => {
  const own = Object.entries(PREFLIGHT_CODES);
  for (const [code, { title, fix }] of own) {
    expect([code, title]).toEqual([code, expect.stringMatching(/^[A-Z].*[^.]$/)]);
    expect([code, fix]).toEqual([code, expect.stringMatching(/^[A-Z].*\.$/)]);
  }
  for (const [code, fix] of Object.entries(DOCUMENT_FIXES))
    expect([code, fix]).toEqual([code, expect.stringMatching(/^[A-Z].*\.$/)]);
  const documents: ReadonlySet<string> = new Set(FINDING_CODES);
  expect(own.filter(([code]) => documents.has(code))).toEqual([]);
});

test("the codes and their severities are public", () => {
  const table = Object.entries(PREFLIGHT_CODES).map(([code, { severity }]) => `${severity.padEnd(8)}${code}`);
  expect(`${table.join("\n")}\n`).toMatchInlineSnapshot(`
    "error   image.notPinned
    error   image.digestMismatch
    error   image.unequal
    warning image.undeclared
    error   config.unequal
    warning version.unequal
    error   platform.unequal
    warning secrets.unequal
    warning keyIds.unequal
    warning compliance.unequal
    error   status.unavailable
    warning status.unknown
    error   platform.mismatch
    error   secrets.missing
    error   secrets.rollbackMissing
    error   compliance.missing
    error   schema.incompatible
    error   schema.rollbackIncompatible
    error   config.incompatible
    error   config.rollbackIncompatible
    error   peers.incompatible
    error   peers.rollbackIncompatible
    warning peers.unknown
    warning compatibility.unreadable
    warning rollback.undeclared
    warning rollback.same
    error   rollback.unhealthy
    warning rollback.noTarget
    warning health.unknown
    error   residency.steersOut
    error   residency.failoverOut
    error   residency.mirrorOut
    error   residency.unserved
    error   residency.leaks
    error   capacity.exceeded
    error   freeze.covers
    warning drift.version
    error   drift.imageDigest
    error   drift.configDigest
    error   drift.secrets
    warning drift.keyIds
    error   drift.compliance
    "
  `);
});

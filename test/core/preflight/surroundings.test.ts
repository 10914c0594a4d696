/** What is not in the documents: room, freezes, and what is wrong already. */
import { describe, expect, test } from "vitest";
import type { Drift } from "../../../admin/core/drift/drift.ts";
import { type Case, frozen, judge, NOW_MS, policy, route, told, WORLD, web, webStatus, worldBut } from "./world.ts";

const EU = "capacity.exceeded Region/eu/spec/capacity/requestsPerSecond";
const limit = (percent: number | "off") => worldBut(policy({ safety: { utilizationMaxPercent: percent } }));

// biome-ignore format: a table reads in columns
test.each<[string, Case, string[]]>([
  ["nobody knows the rate",        {},                                                                  []],
  ["as much as it can carry",      { load: { eu: [100, 100] } },                                        []],
  ["more than it can carry",       { load: { eu: [100.1, 100] } },                                      [EU]],
  ["more by the last bit",         { load: { eu: [100 + 1e-9, 100] } },                                 []],
  ["as much as the Policy allows", { load: { eu: [70, 100] }, documents: limit(70) },                   []],
  ["more than the Policy allows",  { load: { eu: [71, 100] }, documents: limit(70) },                   [EU]],
  ["more, and the rule is off",    { load: { eu: [500, 100] }, documents: limit("off") },               []],
  ["more, and not in the scope",   { load: { eu: [500, 100] }, scope: { clusters: ["us-web"] } },       []],
])("capacity: %s", (_, one, expected) => {
  expect(told(judge(one))).toEqual(expected);
});

test("too much is told in requests, in percent and beside the limit", () => {
  const [finding] = judge({ load: { eu: [142, 100] } }).findings;
  expect(finding).toMatchObject({
    sentence: "eu would get 142 requests/s, which is 142% of its capacity of 100; 100% is the most.",
    ...{ path: "/documents/0/spec/capacity/requestsPerSecond", regions: ["eu"] },
  });
  expect(finding).not.toHaveProperty("clusters");
});

const CHANGED = worldBut(web("us-web", { weight: 2 }));
const FROZEN = "freeze.covers /documents";

// biome-ignore format: a table reads in columns
test.each<[string, Case, string[]]>([
  ["nothing is changed",                     { overlays: [frozen()] },                                                  [`freeze.covers? /documents`]],
  ["something is changed",                   { overlays: [frozen()], inForce: WORLD, documents: CHANGED },              [FROZEN]],
  ["it is over",                             { overlays: [frozen({ expiresAtMs: NOW_MS })], inForce: WORLD, documents: CHANGED }, []],
  ["it is of the region that is changed",    { overlays: [frozen({ regions: ["us"] })], inForce: WORLD, documents: CHANGED }, [FROZEN]],
  ["it is of another region",                { overlays: [frozen({ regions: ["eu"] })], inForce: WORLD, documents: CHANGED }, []],
  ["it is of the route of what is changed",  { overlays: [frozen({ routes: ["web"] })], inForce: WORLD, documents: CHANGED }, [FROZEN]],
  ["it is of another route",                 { overlays: [frozen({ routes: ["cart"] })], inForce: WORLD, documents: CHANGED }, []],
  ["nothing is changed, and it is of what was asked about", { overlays: [frozen({ routes: ["web"] })], scope: { services: ["web"] } }, [`freeze.covers? /documents`]],
  ["nothing is changed, and it is of something else", { overlays: [frozen({ routes: ["cart"] })], scope: { services: ["web"] } }, []],
  ["two of them",                            { overlays: [frozen(), frozen({ name: "audit" })], inForce: WORLD, documents: CHANGED }, [FROZEN, FROZEN]],
])("a freeze, and %s", (_, one, expected) => {
  expect(told(judge(one))).toEqual(expected);
});

test("a freeze is told with its name, its reason, what it holds and how long", () => {
  const { findings } = judge({ overlays: [frozen({ regions: ["us"] })], inForce: WORLD, documents: CHANGED });
  expect(findings).toMatchObject([
    {
      sentence: 'The freeze "sale" (a reason) holds what would be changed, the region us, for 1h more.',
      regions: ["us"],
    },
  ]);
});

describe("drift", () => {
  const drift = (fields: Partial<Drift> = {}): Drift => ({
    ...{ key: "declared/imageDigest/us-web", kind: "declared", field: "imageDigest", service: "web" },
    ...{ clusters: ["us-web"], reported: {}, severity: "error" },
    sentence: "us-web runs another image than is declared.",
    ...fields,
  });

  // biome-ignore format: a table reads in columns
  test.each<[string, Drift, string[]]>([
    ["an error",                        drift(),                                         ["drift.imageDigest Cluster/us-web/spec/reports"]],
    ["a warning",                       drift({ severity: "warning" }),                  ["drift.imageDigest? Cluster/us-web/spec/reports"]],
    ["of a field that is declared",     drift({ field: "version" }),                     ["drift.version Cluster/us-web/spec/reports/version"]],
    ["between clusters",                drift({ kind: "between", field: "secrets", clusters: ["eu-web", "us-web"] }), ["drift.secrets Cluster/eu-web/spec/reports/secrets"]],
    ["of a cluster that does not report", drift({ kind: "unknown", field: "status" }),   []],
    ["of a cluster that is to go",      drift({ clusters: ["ap-web"] }),                 []],
  ])("%s", (_, one, expected) => {
    expect(told(judge({ drift: [one] }))).toEqual(expected);
  });

  test("outside the scope is not told", () => {
    expect(told(judge({ drift: [drift()], scope: { clusters: ["eu-web"] } }))).toEqual([]);
  });

  test("is not told of what is missing anyway", () => {
    const statuses = { "us-web": webStatus({ secrets: [] }) };
    const found = (clusters: string[]) => told(judge({ statuses, drift: [drift({ field: "secrets", clusters })] }));
    expect(found(["us-web"])).toEqual(["secrets.missing Cluster/us-web/spec/reports/secrets/0"]);
    expect(found(["eu-web", "us-web"])).toHaveLength(2);
  });

  test("is told with its own sentence and the regions of its clusters", () => {
    const { ok, findings } = judge({ drift: [drift()] });
    expect({ ok, findings }).toMatchObject({
      ok: false,
      findings: [{ sentence: drift().sentence, clusters: ["us-web"], regions: ["us"] }],
    });
  });
});

test("a route that is changed beside a freeze of the other is let through", () => {
  const documents = worldBut(
    route("cart", { service: "cart", match: { hosts: ["c.example.org"] }, default: { proximity: {} } }),
  );
  expect(told(judge({ overlays: [frozen({ routes: ["web"] })], inForce: WORLD, documents }))).toEqual([]);
});

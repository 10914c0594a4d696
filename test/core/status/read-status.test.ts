/** What is a status, whose it is, and when it is too old, too new, or the same again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readStatus } from "../../../admin/core/status/read-status.ts";
import { ClusterStatus, STATUS_SKEW_MS_MAX } from "../../../config/cluster-status.ts";

const NOW_MS = 1_000_000_000;

function read(fields: unknown, { cluster = "a", lastAtMs }: { cluster?: string; lastAtMs?: number } = {}): string {
  const status =
    typeof fields === "string" ? fields : JSON.stringify({ cluster: "a", atMs: NOW_MS, ...(fields as object) });
  const answer = readStatus({ text: status, cluster, lastAtMs, nowMs: NOW_MS });
  if (answer.ok) return "ok";
  const [first] = answer.error.errors ?? [];
  return [answer.error.code, first?.pointer ?? "", first?.code ?? ""].join(" ");
}

// biome-ignore format: a table reads in columns
test.each<[string, unknown, string]>([
  // what                          fields                                                      comes to
  ["the least",                    {},                                                         "ok"],
  ["another's name",               { cluster: "b" },                                           "otherCluster /cluster status.otherCluster"],
  ["no name",                      { cluster: undefined },                                     "shape /cluster field.missing"],
  ["an unknown field",             { colour: "red" },                                          "shape /colour field.unknown"],
  ["a time that is no time",       { atMs: "now" },                                            "shape /atMs field.type"],
  ["a fraction of a millisecond",  { atMs: NOW_MS + 0.5 },                                     "shape /atMs field.type"],
  ["a tag for a digest",           { imageDigest: "web:latest" },                              "shape /imageDigest field.format"],
  ["a secret twice",               { secrets: [secret("v1"), secret("v2")] },                  "shape /secrets field.format"],
  ["an active one it cannot read", { secrets: [{ ...secret("v1"), active: "v2" }] },           "shape /secrets/0 field.format"],
  ["101 secrets",                  { secrets: Array.from({ length: 101 }, (_, i) => secret("v1", `s${i}`)) }, "shape /secrets field.length"],
  ["lag of a century",             { replicaLagMs: 1e12 },                                     "shape /replicaLagMs field.range"],
  ["a load above all",             { loadBps: 10_001 },                                        "shape /loadBps field.range"],
  ["a line break",                 { version: "1\n2" },                                        "shape /version field.format"],
  ["a list",                       "[]",                                                       "shape  field.type"],
  ["no JSON",                      "status",                                                   "json  json.syntax"],
  ["nesting",                      `{"a":${"[".repeat(9)}`,                                    "json /a/0/0/0/0/0/0/0 json.tooDeep"],
  ["a prototype",                  `{"__proto__": {}}`,                                        "json /__proto__ json.forbiddenKey"],
])("%s: %j", (_, fields, expected) => {
  expect(read(fields)).toBe(expected);
});

function secret(version: string, name = "db") {
  return { name, versions: [version] };
}

describe("times", () => {
  // biome-ignore format: a table reads in columns
  test.each<[number, number | undefined, string]>([
    // off by                 last was at    comes to
    [0,                       undefined,     "ok"],
    [STATUS_SKEW_MS_MAX,      undefined,     "ok"],
    [STATUS_SKEW_MS_MAX + 1,  undefined,     "clock /atMs status.clock"],
    [-STATUS_SKEW_MS_MAX,     undefined,     "ok"],
    [-STATUS_SKEW_MS_MAX - 1, undefined,     "clock /atMs status.clock"],
    [0,                       NOW_MS - 1,    "ok"],
    [0,                       NOW_MS,        "notNewer /atMs status.notNewer"],
    [0,                       NOW_MS + 1,    "notNewer /atMs status.notNewer"],
  ])("%i ms off, after %j: %s", (offMs, lastAtMs, expected) => {
    expect(read({ atMs: NOW_MS + offMs }, lastAtMs === undefined ? {} : { lastAtMs })).toBe(expected);
  });
});

// biome-ignore format: a table reads in columns
test.each([
  // place           fields
  ["a version",      { secrets: [{ name: "db", versions: ["hunter2+/=secret"] }] }],
  ["the active one", { secrets: [{ name: "db", versions: [], active: "ghp_hunter2secretABCDEFGHIJ" }] }],
  ["a wrong type",   { secrets: "hunter2 is our secret" }],
  ["a wrong digest", { configDigest: "hunter2 is our secret" }],
])("in %s a value is refused and not repeated", (_, fields) => {
  const text = JSON.stringify({ cluster: "a", atMs: NOW_MS, ...fields });
  const answer = readStatus({ text, cluster: "a", lastAtMs: undefined, nowMs: NOW_MS });
  expect(answer.ok).toBe(false);
  expect(JSON.stringify(answer)).not.toContain("hunter2");
});

test("whatever is sent, the answer is a status of that cluster or a fault with a sentence", () => {
  const near = fc.record(
    {
      cluster: fc.constantFrom("a", "b"),
      atMs: fc.integer({ min: NOW_MS - STATUS_SKEW_MS_MAX * 2, max: NOW_MS + STATUS_SKEW_MS_MAX * 2 }),
      version: fc.string(),
      secrets: fc.array(fc.record({ name: fc.string(), versions: fc.array(fc.string()) })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
      const answer = readStatus({ text: JSON.stringify(value), cluster: "a", lastAtMs: undefined, nowMs: NOW_MS });
      if (answer.ok) expect(ClusterStatus.parse(answer.value).cluster).toBe("a");
      else expect(answer.error.sentence.length).toBeGreaterThan(5);
    }),
  );
});

/** How far a rotation is, from what clusters report. */
import { describe, expect, test } from "vitest";
import { describeWaiting, rotationProgress } from "../../../admin/core/secrets/progress.ts";
import { secretUsers } from "../../../admin/core/secrets/users.ts";
import type { RotationStage } from "../../../config/overlays.ts";
import { declaredWith, secretWorld, statusesOf } from "./world.ts";

const users = (eu: string, us: string, spec: Readonly<Record<string, object>> = {}) =>
  secretUsers(declaredWith([], secretWorld(spec)), statusesOf({ "eu-web": eu, "us-web": us, "ap-web": "v1* v2 v3" }), {
    secret: "db",
  });

function told(stage: RotationStage, eu: string, us: string, to: string | undefined = "v2"): string {
  const ap = stage === "introduced" ? "v1* v2" : "v1 v2*";
  const all = secretUsers(declaredWith(), statusesOf({ "eu-web": eu, "us-web": us, "ap-web": ap }), { secret: "db" });
  const { state, waitsOn } = rotationProgress({ from: "v1", ...(to === undefined ? {} : { to }), stage }, all);
  return [state, ...waitsOn.filter(({ because }) => because !== "reads" || stage === "revoked").map(wait)].join(" ");
}

const wait = ({ cluster, because }: { readonly cluster: string; readonly because: string }) => `${cluster}:${because}`;

// biome-ignore format: a table reads in columns
test.each<[RotationStage, string, string, string]>([
  // stage        eu-web     us-web     comes to
  ["introduced", "v1",      "v1",      "introduced eu-web:lacks us-web:lacks"],
  ["introduced", "v1* v2",  "v1",      "introduced us-web:lacks"],
  ["introduced", "v1* v2",  "-",       "introduced us-web:silent"],
  ["introduced", "v1* v2",  "?",       "introduced us-web:silent"],
  ["introduced", "v1* v2",  "none",    "introduced us-web:lacks"],
  ["introduced", "v1* v2",  "v1* v2",  "everywherePresent"],
  ["introduced", "v1 v2*",  "v1* v2",  "everywherePresent"],
  ["active",     "v1* v2",  "v1* v2",  "active eu-web:uses us-web:uses"],
  ["active",     "v1 v2*",  "v1",      "active us-web:uses"],
  ["active",     "v1 v2*",  "v1 v2",   "active us-web:unclear"],
  ["active",     "v1 v2*",  "-",       "active us-web:silent"],
  ["active",     "v1 v2*",  "v1 v2*",  "oldUnused"],
  ["active",     "v2",      "v3",      "oldUnused"],
  ["revoked",    "v2",      "v2",      "revoked ap-web:reads"],
  ["revoked",    "v1 v2*",  "-",       "revoked ap-web:reads eu-web:reads"],
])("%s with %s and %s: %s", (stage, eu, us, expected) => {
  expect(told(stage, eu, us)).toBe(expected);
});

test("without a new version it waits for one, and for no cluster", () => {
  const all = users("v1", "v1");
  expect(rotationProgress({ from: "v1", stage: "introduced" }, all)).toEqual({ state: "introduced", waitsOn: [] });
});

describe("a cluster that serves nobody", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, object, RotationStage, string, string]>([
    // us-web                                is on                    stage        says     comes to
    ["is waited for while it is drained",    {},                      "introduced", "-",    "introduced us-web:silent"],
    ["is not waited for when disabled",      { adminState: "disabled" }, "introduced", "-", "everywherePresent"],
    ["is not waited for with weight 0",      { weight: 0 },           "introduced", "v1",   "everywherePresent"],
    ["need not speak before a revocation",   { weight: 0 },           "active",     "-",    "oldUnused"],
    ["counts when it says that it uses it",  { weight: 0 },           "active",     "v1",   "active us-web:uses"],
  ])("%s", (_, spec, stage, us, expected) => {
    const documents = secretWorld({ "us-web": spec });
    const reports = { "eu-web": "v1 v2*", "us-web": us, "ap-web": "v1 v2*" };
    const all = secretUsers(declaredWith([], documents), statusesOf(reports), { secret: "db" });
    const { state, waitsOn } = rotationProgress({ from: "v1", to: "v2", stage }, all);
    expect([state, ...waitsOn.map(wait)].join(" ")).toBe(expected);
  });

  test("but gets copies of requests is waited for", () => {
    const mirrored = secretWorld({ "us-web": { weight: 0 } });
    const documents = mirrored.map((document) => {
      const { kind, spec } = document as { readonly kind: string; readonly spec: object }; // ours are documents
      return kind === "Route"
        ? { ...document, spec: { ...spec, mirror: { cluster: "us-web", shareBps: 100 } } }
        : document;
    });
    const [us] = secretUsers(declaredWith([], documents), new Map(), { secret: "db" }).slice(-1);
    expect(us).toMatchObject({ cluster: "us-web", serves: true });
  });
});

test("who is waited for is said by region", () => {
  const waitsOn = [
    { cluster: "ap-blue", region: "ap", because: "lacks" },
    { cluster: "ap-green", region: "ap", because: "lacks" },
    { cluster: "us-blue", region: "us", because: "silent" },
  ] as const;
  expect(describeWaiting(waitsOn)).toBe("ap has not got it (ap-blue, ap-green); us does not report (us-blue)");
});

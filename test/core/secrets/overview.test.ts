/** Secrets as people look at them, and how old they are. */
import { expect, test } from "vitest";
import { secretViews, usesOf } from "../../../admin/core/secrets/overview.ts";
import { cluster, rotation, service } from "../safety/world.ts";
import { declaredWith, SECRETS_POLICY, secretWorld, statusesOf } from "./world.ts";

const DAY_MS = 86_400_000;
const NOW_MS = 100 * DAY_MS;
const REPORTS = statusesOf({ "eu-web": "v1* v2", "us-web": "v1", "ap-web": "-" });

test("says who uses and reads which version, and who is silent", () => {
  const [view] = secretViews(declaredWith(), REPORTS, { firstUse: () => undefined, nowMs: NOW_MS });
  expect(view).toEqual({
    ...{ secret: "db", service: "web", wanted: ["v1"], silent: ["ap-web"], age: { state: "unknown" } },
    versions: [
      { version: "v1", usedBy: ["eu-web", "us-web"], readBy: ["eu-web", "us-web"] },
      { version: "v2", usedBy: [], readBy: ["eu-web"] },
    ],
  });
});

test("each service has its own line, and the rotation that covers it", () => {
  const accounts = cluster("accounts", { service: "accounts", reports: { secrets: [{ name: "db", version: "v7" }] } });
  const declared = declaredWith([rotation({ service: "web" })], [...secretWorld(), service("accounts"), accounts]);
  const views = secretViews(declared, REPORTS, { firstUse: () => undefined, nowMs: NOW_MS });
  expect(views.map((view) => [view.service, view.wanted, view.rotation?.to])).toEqual([
    ["accounts", ["v7"], undefined],
    ["web", ["v1"], "v2"],
  ]);
});

// biome-ignore format: a table reads in columns
test.each([
  // in use since (days)  with a Policy of 10 days
  [0,                     "fine"],
  [7.99,                  "fine"],
  [8,                     "due"],
  [9.99,                  "due"],
  [10,                    "overdue"],
])("a version of %f days is %s", (days, state) => {
  const declared = declaredWith([], secretWorld({}, SECRETS_POLICY));
  const [view] = secretViews(declared, REPORTS, { firstUse: () => NOW_MS - days * DAY_MS, nowMs: NOW_MS });
  expect(view?.age).toEqual({ state, ageMs: days * DAY_MS, ageMsMax: 10 * DAY_MS });
});

test("without a Policy a secret may become as old as it likes", () => {
  const [view] = secretViews(declaredWith(), REPORTS, { firstUse: () => NOW_MS - DAY_MS, nowMs: NOW_MS });
  expect(view?.age).toEqual({ state: "unlimited", ageMs: DAY_MS });
});

// biome-ignore format: a table reads in columns
test.each([
  // rotation                                   to be used
  [[],                                          "v1"],
  [[rotation({})],                              "v1"],
  [[rotation({ stage: "active" })],             "v2"],
  [[rotation({ stage: "revoked" })],            "v2"],
  [[rotation({ from: "v8", stage: "introduced" })], "v8"],
])("with %j clusters are to use %s", (rotations, version) => {
  const { wanted, used } = usesOf(declaredWith(rotations), REPORTS);
  expect(wanted.map((use) => use.version)).toEqual([version]);
  expect(used).toEqual([{ service: "web", secret: "db", version: "v1" }]);
});

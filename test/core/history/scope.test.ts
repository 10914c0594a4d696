/** What changes are about, never too little; and what people read of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../admin/core/changes/mutation.ts";
import { changeSentence } from "../../../admin/core/history/change-sentence.ts";
import {
  isWithin,
  overlap,
  type Places,
  type Scope,
  scopeOfOutcome,
  scopeOfOverlay,
  unionScopes,
  WHOLE,
} from "../../../admin/core/history/scope.ts";

const PLACES: Places = {
  clusters: new Map([
    ["eu-blue", { region: "eu", service: "web" }],
    ["us-blue", { region: "us", service: "web" }],
    ["eu-pay", { region: "eu", service: "pay" }],
  ]),
  routes: new Map([
    ["shop", "web"],
    ["pay", "pay"],
  ]),
};

const line = (region: string, shareBps: number) => ({ region, weight: shareBps, shareBps });
const applied = (...documents: string[]): Outcome => ({
  ...{ kind: "apply", warnings: [], overlaysKept: [], overlaysCleared: [] },
  changes: documents.map((document) => ({ kind: "changed", document, path: ["spec"], before: 1, after: 2 })),
});
const drain = (kind: "region" | "cluster", name: string): Outcome => ({
  ...{ kind: "drain", target: { kind, name }, mode: "graceful", expiresAtMs: 9 },
});

const ROWS: readonly (readonly [string, Outcome, Partial<Scope>, string])[] = [
  ["a region drain", drain("region", "eu"), { regions: ["eu"] }, "The region eu is drained (graceful)"],
  [
    "a cluster drain",
    drain("cluster", "eu-blue"),
    { regions: ["eu"], services: ["web"], clusters: ["eu-blue"] },
    "The cluster eu-blue is drained (graceful)",
  ],
  [
    "an undrain of a cluster that is gone",
    { kind: "undrain", target: { kind: "cluster", name: "gone" } },
    { clusters: ["gone"] },
    "The cluster gone takes clients again",
  ],
  [
    "a shift",
    {
      ...{ kind: "shiftWeights", route: "shop", rule: "default" },
      before: [line("ap", 2_000), line("eu", 6_000), line("us", 2_000)],
      after: [line("eu", 8_000), line("us", 2_000)],
    },
    { regions: ["eu", "ap"], services: ["web"] },
    "Weights of shop/default shifted: ap 20%, eu 60%, us 20% to eu 80%, us 20%",
  ],
  [
    "documents",
    applied("Route/shop", "Service/pay"),
    { services: ["pay", "web"] },
    "Documents changed: Route/shop, Service/pay",
  ],
  [
    "clusters",
    applied("Cluster/eu-blue", "Cluster/eu-pay"),
    { regions: ["eu"], services: ["pay", "web"], clusters: ["eu-blue", "eu-pay"] },
    "Documents changed: Cluster/eu-blue, Cluster/eu-pay",
  ],
  [
    "the policy among others",
    applied("Cluster/eu-blue", "Policy/p"),
    {},
    "Documents changed: Cluster/eu-blue, Policy/p",
  ],
  [
    "a cluster that comes",
    {
      ...{ kind: "apply", warnings: [], overlaysKept: [], overlaysCleared: [] },
      changes: [
        { kind: "added", document: "Cluster/new", path: [], after: { spec: { region: "ap", service: "web" } } },
      ],
    },
    { regions: ["ap"], services: ["web"], clusters: ["new"] },
    "Documents changed: Cluster/new",
  ],
  [
    "more than is listed",
    applied(..."abcdef".split("").map((name) => `Service/${name}`)),
    { services: "abcdef".split("") },
    "Documents changed: Service/a, Service/b, Service/c, Service/d and 2 more",
  ],
  ["a restore", { kind: "restore", revision: 3, changes: [], overlaysLeftOut: [] }, {}, "Rolled back to revision 3"],
  [
    "a withdrawal",
    { kind: "withdraw", revision: 3, because: "bugs" },
    {},
    "Withdrawn by itself, back to revision 3 (bugs)",
  ],
  [
    "a batch",
    { kind: "batch", outcomes: [drain("region", "eu"), drain("cluster", "us-blue")] },
    { regions: ["eu", "us"] },
    "The region eu is drained (graceful); The cluster us-blue is drained (graceful)",
  ],
  [
    "an end by itself",
    { kind: "expire", ended: ["regionDrain/eu"], held: { "weightShift/pay/default": "why" } },
    {},
    "Ended by itself: regionDrain/eu; held beyond its end: weightShift/pay/default",
  ],
  [
    "a flag",
    { kind: "switchFlag", flag: "beta", state: "DISABLED", rules: ["shop/beta"] },
    { services: ["web"] },
    "The flag beta is switched to DISABLED",
  ],
  [
    "a secret of a service",
    { kind: "revokeSecret", secret: "db", from: "v1", service: "web" },
    { services: ["web"] },
    "The old version of the secret db is revoked",
  ],
  ["a freeze", { kind: "freeze", name: "sale", expiresAtMs: 9 }, {}, "The freeze sale begins"],
];

test.each(ROWS)("%s", (_, outcome, scope, sentence) => {
  expect(scopeOfOutcome(outcome, PLACES)).toEqual({ ...WHOLE, ...scope });
  expect(changeSentence(outcome.kind, outcome)).toBe(sentence);
});

test("what is no longer kept is about everything, and says of which kind it was", () => {
  expect(scopeOfOutcome(undefined, PLACES)).toEqual(WHOLE);
  expect(changeSentence("expireDrains", undefined)).toBe("A change of the kind expireDrains");
});

test.each([
  ["regionReturn/eu", { regions: ["eu"] }],
  ["clusterReturn/us-blue", { regions: ["us"], services: ["web"], clusters: ["us-blue"] }],
  ["weightShift/pay/x", { services: ["pay"] }],
  ["freeze/sale", {}],
  ["", {}],
])("an overlay with the key %j", (key, scope) => {
  expect(scopeOfOverlay(key, PLACES)).toEqual({ ...WHOLE, ...scope });
});

describe("filters", () => {
  const region = { ...WHOLE, regions: ["eu"] };
  const one = { regions: ["eu"], services: ["web"], clusters: ["eu-blue"] };
  test.each([
    [WHOLE, { region: "eu", service: "web", cluster: "eu-blue" }, true],
    [region, { region: "eu" }, true],
    [region, { region: "us" }, false],
    [region, { service: "web" }, true],
    [region, { cluster: "eu-pay" }, true],
    [region, { cluster: "us-blue" }, false],
    [one, { cluster: "eu-blue" }, true],
    [one, { cluster: "eu-pay" }, false],
    [one, { service: "pay" }, false],
    [{ ...WHOLE, services: ["pay"] }, { cluster: "eu-blue" }, false],
    [{ ...WHOLE, services: ["pay"] }, { cluster: "gone" }, true],
  ])("%j within %j: %s", (scope, filter, expected) => {
    expect(isWithin(scope, filter, PLACES)).toBe(expected);
  });
});

describe("laws of scopes", () => {
  const names = fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 }).map((list) => [...list].sort());
  const scope = fc.record({ regions: names, services: names, clusters: names });

  test("a union does not depend on order, and is about everything that its parts are about", () => {
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        expect(unionScopes([a, b])).toEqual(unionScopes([b, a]));
        expect(unionScopes([unionScopes([a, b]), c])).toEqual(unionScopes([a, unionScopes([b, c])]));
        expect(!overlap(a, c) || overlap(unionScopes([a, b]), c)).toBe(true);
        expect(overlap(a, b)).toBe(overlap(b, a));
        expect(overlap(a, WHOLE)).toBe(true);
      }),
    );
  });
});

/** Every rule at its edges: what it finds and, beside it, the nearest thing that it lets pass. */
import { expect, test } from "vitest";
import { type Case, testCases } from "./cases.ts";
import { cluster, findingsOf, region, route, SOUND, service, soundBut } from "./fixtures.ts";

const rule = (name: string, when: object, weights: object = { eu: 1 }) => ({ name, when, weights });
const residency = (...list: object[]) => service("web", { residency: list });

test("a sound fleet has no findings", () => {
  expect(findingsOf(SOUND)).toEqual([]);
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  names: [
    [
      "a second document of a kind and name",
      [{ ...region("eu"), spec: region("eu").spec, metadata: { name: "eu", owner: "b" } }],
      ["name.duplicate 6/metadata/name"],
    ],
    ["the same name in two kinds", [region("web", { vantage: "oc" }), cluster("web", { region: "web" })], []],
    [
      "two rules of one name",
      [route("web", { steering: [rule("a", { eu: true }), rule("a", { continents: ["NA"] })] })],
      ["name.duplicate 5/spec/steering/1/name"],
    ],
    [
      "a rule called default",
      [route("web", { steering: [rule("default", { eu: true })] })],
      ["name.reserved 5/spec/steering/0/name"],
    ],
  ],
  references: [
    [
      "a cluster in no region",
      [cluster("eu-web", { region: "ue" }), region("eu")],
      [
        "reference.unknown 3/spec/region",
        "region.noCluster? 5/spec/default/weights/eu",
        "region.noCluster? 0/metadata/name",
      ],
    ],
    ["a cluster of no service", [cluster("x", { service: "wbe" })], ["reference.unknown 6/spec/service"]],
    [
      "a route to no service",
      [route("b", { service: "wbe", match: { hosts: ["b.example.org"] } })],
      ["reference.unknown 6/spec/service", "region.noCluster? 6/spec/default/weights/eu"],
    ],
    [
      "weights of no region",
      [route("web", { default: { weights: { eu: 1, su: 0 } } })],
      ["reference.unknown 5/spec/default/weights/su"],
    ],
    [
      "a rule's weights of no region",
      [route("web", { steering: [rule("a", { eu: true }, { ue: 1 })] })],
      ["reference.unknown 5/spec/steering/0/weights/ue"],
    ],
    [
      "failover to no region",
      [route("web", { failover: { order: ["us", "ue"] } })],
      ["reference.unknown 5/spec/failover/order/1"],
    ],
    [
      "proximity to no region",
      [route("web", { default: { proximity: { regions: ["ue"] } } })],
      ["reference.unknown 5/spec/default/proximity/regions/0"],
    ],
    [
      "a canary share in no region",
      [service("web", { canaryShareBps: { ue: 0 } })],
      ["reference.unknown 2/spec/canaryShareBps/ue"],
    ],
  ],
  weights: [
    [
      "a default that sums to 0",
      [route("web", { default: { weights: { eu: 0, us: 0 } } })],
      ["weights.zero 5/spec/default/weights"],
    ],
    [
      "a default without regions",
      [route("web", { default: { weights: {} } })],
      ["weights.zero 5/spec/default/weights"],
    ],
    ["one weight above 0", [route("web", { default: { weights: { eu: 0, us: 1 } } })], []],
    [
      "a rule that sums to 0",
      [route("web", { steering: [rule("a", { eu: true }, { eu: 0 })] })],
      ["weights.zero 5/spec/steering/0/weights"],
    ],
    ["a side whose clusters all have 0", [cluster("eu-web", { weight: 0 })], ["weights.zero? 3/spec/weight"]],
    ["a side with one that has not", [cluster("eu-web", { weight: 0 }), cluster("eu-two")], []],
  ],
  coverage: [
    ["a region without clusters", [region("ap")], ["region.noCluster? 6/metadata/name"]],
    [
      "a service without clusters and routes",
      [service("api")],
      ["service.noCluster? 6/metadata/name", "service.noRoute? 6/metadata/name"],
    ],
    [
      "a weight where the service does not run",
      [
        region("ap"),
        service("api"),
        cluster("ap-api", { region: "ap", service: "api" }),
        route("api", { service: "api", match: { hosts: ["api.example.org"] } }),
      ],
      ["region.noCluster? 9/spec/default/weights/eu"],
    ],
    [
      "a canary share without canary",
      [service("web", { canaryShareBps: { eu: 1, us: 0 } })],
      ["canary.noCluster? 2/spec/canaryShareBps/eu"],
    ],
    [
      "a canary share for all regions",
      [service("web", { canaryShareBps: 1 }), cluster("eu-new", { side: "canary" })],
      ["canary.noCluster? 2/spec/canaryShareBps"],
    ],
    ["a canary share of 0", [service("web", { canaryShareBps: 0 })], []],
  ],
  residency: [
    [
      "a jurisdiction nobody satisfies, beside one",
      [residency({ clients: { eu: true }, jurisdictions: ["eu", "ue"] })],
      ["residency.unsatisfied? 2/spec/residency/0/jurisdictions/1"],
    ],
    [
      "only jurisdictions nobody satisfies",
      [residency({ clients: { eu: true }, jurisdictions: ["ue"] })],
      ["residency.unsatisfied 2/spec/residency/0/jurisdictions/0"],
    ],
    [
      "a jurisdiction where the service does not run",
      [
        region("ap", { jurisdictions: ["in"] }),
        service("api", { residency: [{ clients: { any: true }, jurisdictions: ["in"] }] }),
        cluster("eu-api", { service: "api" }),
        cluster("ap-web", { region: "ap" }),
        route("api", { service: "api", match: { hosts: ["api.example.org"] } }),
      ],
      ["residency.unsatisfied? 7/spec/residency/0/jurisdictions"],
    ],
    [
      "any after a narrower rule",
      [
        residency(
          { clients: { eu: true }, jurisdictions: ["eu"] },
          { clients: { any: true }, jurisdictions: ["eu", "us"] },
        ),
      ],
      ["residency.unknownPlace? 2/spec/residency/1/clients"],
    ],
    [
      "any after a narrower rule and unknown",
      [
        residency(
          { clients: { eu: true }, jurisdictions: ["eu"] },
          { clients: { unknown: true }, jurisdictions: ["eu"] },
          { clients: { any: true }, jurisdictions: ["eu", "us"] },
        ),
      ],
      [],
    ],
    [
      "any that is no wider",
      [
        residency(
          { clients: { eu: true }, jurisdictions: ["eu", "us"] },
          { clients: { any: true }, jurisdictions: ["eu"] },
        ),
      ],
      [],
    ],
    ["any alone", [residency({ clients: { any: true }, jurisdictions: ["eu"] })], []],
    [
      "a rule after any",
      [residency({ clients: { any: true }, jurisdictions: ["eu"] }, { clients: { eu: true }, jurisdictions: ["eu"] })],
      ["residency.unreachable? 2/spec/residency/1"],
    ],
  ],
  selectors: [
    ["an empty when", [route("web", { steering: [rule("a", {})] })], ["selector.empty 5/spec/steering/0/when"]],
    [
      "empty clients",
      [residency({ clients: {}, jurisdictions: ["eu"] })],
      ["selector.empty 2/spec/residency/0/clients"],
    ],
    ["only a header", [route("web", { steering: [rule("a", { headers: [{ name: "x-beta" }] })] })], []],
    ["only an ASN", [route("web", { steering: [rule("a", { asns: [13335] })] })], []],
    [
      "a rule after any",
      [route("web", { steering: [rule("a", { any: true }), rule("b", { eu: true })] })],
      ["steering.unreachable? 5/spec/steering/1"],
    ],
    [
      "a rule after any with a header",
      [route("web", { steering: [rule("a", { any: true, headers: [{ name: "x-beta" }] }), rule("b", { eu: true })] })],
      [],
    ],
    [
      "a country that is none",
      [route("web", { steering: [rule("a", { countries: ["DE", "UK"] })] })],
      ["country.unknown 5/spec/steering/0/when/countries/1"],
    ],
    [
      "Tor as a country",
      [residency({ clients: { countries: ["XX"] }, jurisdictions: ["eu"] })],
      ["country.unknown 2/spec/residency/0/clients/countries/0"],
    ],
    [
      "a subdivision of no country",
      [route("web", { steering: [rule("a", { subdivisions: ["US-CA", "QQ-CA"] })] })],
      ["country.unknown 5/spec/steering/0/when/subdivisions/1"],
    ],
  ],
  times: [
    ["first byte as long as all", [service("web", { timeouts: { firstByte: "10s", total: "10s" } })], []],
    [
      "first byte longer than all",
      [service("web", { timeouts: { firstByte: "10001ms", total: "10s" } })],
      ["timeout.order 2/spec/timeouts/firstByte"],
    ],
    [
      "first byte longer than the default total",
      [service("web", { timeouts: { firstByte: "31s" } })],
      ["timeout.order 2/spec/timeouts/firstByte"],
    ],
    ["a total of 5 minutes", [service("web", { timeouts: { total: "5m" } })], []],
    ["a longer total", [service("web", { timeouts: { total: "301s" } })], ["timeout.range 2/spec/timeouts/total"]],
    [
      "a first byte after two minutes",
      [service("web", { timeouts: { firstByte: "121s", total: "5m" } })],
      ["timeout.range 2/spec/timeouts/firstByte"],
    ],
  ],
};

testCases(CASES);

test("what is in a broken document exists all the same", () => {
  const broken = region("eu", { vantage: "nowhere" });
  expect(findingsOf(soundBut(broken))).toEqual(["field.value 0/spec/vantage"]);
});

// biome-ignore format: a table reads in columns

test.each([
  [[], ["fleet.empty? "]],
  [[region("eu")], ["region.noCluster? 0/metadata/name", "fleet.empty? "]],
])("a fleet without routes is legal: %#", (inputs, expected) => {
  expect(findingsOf(inputs)).toEqual(expected);
});

test("more regions than the edge is measured for", () => {
  const regions = Array.from({ length: 63 }, (_, index) => region(`r${index}`));
  const limits = (inputs: readonly unknown[]) => findingsOf(inputs).filter((found) => found.startsWith("limit"));
  expect(limits(regions)).toEqual([]);
  expect(limits([...SOUND, ...regions])).toEqual(["limit.exceeded 68/metadata/name"]);
});

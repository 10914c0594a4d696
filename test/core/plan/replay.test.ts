import { describe, expect, test } from "vitest";
import { type ReplayRequest, replay } from "../../../admin/core/plan/replay.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { route, view, world } from "../routing/world.ts";
import { byWeights, DRAINED, EU_ONLY } from "./projections.ts";

type World = Parameters<typeof world>[0];

function replayed(before: World, after: World, requests: readonly ReplayRequest[]) {
  const loaded = { before: loadSnapshot(world(before)), after: loadSnapshot(world(after)) };
  return replay({ source: "given", requests, loaded, health: view({}), nowMs: 0 });
}

const HOST = "shop.example.com";
const HEADER = { service: { affinity: { by: "header", header: "x-user" } } };
const beta = (region: string) => ({
  routes: [
    route({
      steering: [
        { name: "beta", when: { headers: [{ name: "x-beta", value: "yes" }] }, weights: { [region]: 1 } },
        { name: "network", when: { asns: [64_500] }, weights: { [region]: 1 } },
      ],
    }),
  ],
});

describe("a request that is decided otherwise", () => {
  test.each<[ReplayRequest, World, World, [string, string] | undefined]>([
    // request, before, after, its answers
    [{ host: HOST, country: "DE" }, {}, {}, undefined],
    [
      { host: HOST, country: "DE" },
      {},
      { regions: { "eu-west": DRAINED } },
      ["eu-west/eu-west-blue", "us-east/us-east-blue"],
    ],
    [{ host: HOST, country: "US" }, {}, { regions: { "eu-west": DRAINED } }, undefined],
    [
      { host: HOST, latitude: 39, longitude: -77 },
      {},
      { regions: { "us-east": DRAINED } },
      ["us-east/us-east-blue", "eu-west/eu-west-blue"],
    ],
    [
      { host: HOST, country: "US" },
      {},
      { service: { residency: EU_ONLY } },
      ["us-east/us-east-blue", "residencyDenied"],
    ],
    [{ host: HOST, country: "DE" }, {}, { routes: [] }, ["eu-west/eu-west-blue", "hostUnknown"]],
    [{ host: HOST, path: "/api" }, { routes: [] }, { route: { paths: [{ exact: "/" }] } }, ["hostUnknown", "noRoute"]],
    [
      { host: HOST, method: "POST", country: "DE" },
      {},
      { route: { methods: ["GET"] } },
      ["eu-west/eu-west-blue", "noRoute"],
    ],
    [{ host: HOST, country: "DE" }, beta("us-east"), beta("ap-south"), undefined],
    [
      { host: HOST, headers: { "X-Beta": "yes" } },
      beta("us-east"),
      beta("ap-south"),
      ["us-east/us-east-blue", "ap-south/ap-south-blue"],
    ],
    [
      { host: HOST, asn: 64_500 },
      beta("us-east"),
      beta("ap-south"),
      ["us-east/us-east-blue", "ap-south/ap-south-blue"],
    ],
  ])("%j", (request, before, after, answers) => {
    const result = replayed(before, after, [request]);
    const changes = answers === undefined ? [] : [{ request, before: answers[0], after: answers[1] }];
    expect(result).toEqual({ source: "given", requests: 1, changed: changes.length, changes });
  });

  test("of all requests those that change are counted, and the first hundred of them listed", () => {
    const requests = Array.from({ length: 300 }, (_, index) => ({
      host: HOST,
      country: index % 3 === 0 ? "US" : "DE",
    }));
    const { changed, changes, ...rest } = replayed({}, { regions: { "eu-west": DRAINED } }, requests);
    expect({ ...rest, changed, listed: changes.length }).toEqual({
      source: "given",
      requests: 300,
      changed: 200,
      listed: 100,
    });
  });

  test("a key keeps a client where it is, by address or by the service's header, and without one it is one draw each time", () => {
    const even = byWeights({ "eu-west": 1, "us-east": 1 });
    const keys = Array.from({ length: 50 }, (_, index) => ({ host: HOST, key: `user-${index}` }));
    for (const service of [{}, HEADER]) {
      const { changes } = replayed(
        { ...service, route: byWeights({ "eu-west": 1 }) },
        { ...service, route: even },
        keys,
      );
      expect(changes.length).toBeGreaterThan(10);
      expect(changes.length).toBeLessThan(40);
    }
    const anybody = [{ host: HOST }, { host: HOST, country: "DE" }];
    expect(replayed({ route: even }, { route: even, regions: { "ap-south": DRAINED } }, anybody).changed).toBe(0);
  });
});

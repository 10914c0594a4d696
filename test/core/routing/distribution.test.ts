/** Expected shares worked out by hand. That they are those of `decide` is a law in `distribution.laws.test.ts`. */
import { expect, test } from "vitest";
import { distributionOf } from "../../../worker/routing/distribution.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { cluster, facts, view, world } from "./world.ts";

type Given = Parameters<typeof world>[0] & {
  readonly country?: string;
  readonly down?: readonly string[];
  readonly degraded?: readonly string[];
};

/** By cluster, in percent; what is refused is under its code. */
function percentOf({ country = "DE", down = [], degraded = [], ...overrides }: Given) {
  const [route] = loadSnapshot(world(overrides)).routes;
  if (route === undefined) throw new Error("a world has a route");
  const health = view({
    ...Object.fromEntries(down.map((name) => [name, "unhealthy" as const])),
    ...Object.fromEntries(degraded.map((name) => [name, "degraded" as const])),
  });
  const { clusters, refused, code } = distributionOf(route, facts({ geo: { country } }), health);
  const shares = Object.fromEntries([...clusters].map(([name, share]) => [name, Math.round(share * 1e6) / 1e4]));
  return code === undefined ? shares : { ...shares, [code]: Math.round(refused * 1e6) / 1e4 };
}

const failover = { order: "proximity", overprovisioningFactor: 140, panicThreshold: 50, onPanic: "spread" };
const weights = (byRegion: Record<string, number>, more = {}) => ({
  route: { default: { by: "weights", weights: byRegion }, failover: { ...failover, ...more } },
});
const WEST_EAST = { "eu-west": 75, "us-east": 25 };
const GREEN = cluster("eu-west", { name: "eu-west-green", side: "canary" });
const TWO_WEST = [cluster("eu-west", { name: "w1" }), cluster("eu-west", { name: "w2" }), cluster("us-east")];
const CANARY = { canaryShareBps: { "eu-west": 1_000 } };

test.each<[string, Given, Record<string, number>]>([
  ["weights", weights(WEST_EAST), { "eu-west-blue": 75, "us-east-blue": 25 }],
  [
    "weights with a 0",
    weights({ "eu-west": 1, "us-east": 0, "ap-south": 1 }),
    { "ap-south-blue": 50, "eu-west-blue": 50 },
  ],
  [
    "a drained region leaves its share to its peers",
    {
      ...weights({ ...WEST_EAST, "ap-south": 25 }),
      regions: { "eu-west": { availability: { adminState: "draining" } } },
    },
    { "ap-south-blue": 50, "us-east-blue": 50 },
  ],
  [
    "a drained region without peers leaves it to the nearest other",
    {
      ...weights({ "us-east": 1 }),
      regions: { "us-east": { availability: { adminState: "disabled" } } },
      country: "US",
    },
    { "eu-west-blue": 100 },
  ],
  [
    "residency takes regions out before weights",
    { ...weights(WEST_EAST), service: { residency: [{ clients: { eu: true }, jurisdictions: ["eu"] }] } },
    { "eu-west-blue": 100 },
  ],
  [
    "residency that covers nobody from there",
    { service: { residency: [{ clients: { eu: true }, jurisdictions: ["eu"] }] }, country: "US" },
    { residencyDenied: 100 },
  ],
  [
    "residency whose only region is closed",
    {
      service: { residency: [{ clients: { eu: true }, jurisdictions: ["eu"] }] },
      regions: { "eu-west": { availability: { adminState: "disabled" } } },
    },
    { residencyUnavailable: 100 },
  ],
  ["no region left", weights({ "eu-west": 0, "us-east": 0, "ap-south": 0 }), { noEligibleRegion: 100 }],
  ["the nearest region", { country: "US" }, { "us-east-blue": 100 }],
  [
    "no place at all",
    { country: "XX" },
    { "ap-south-blue": 33.3333, "eu-west-blue": 33.3333, "us-east-blue": 33.3333 },
  ],
  ["a canary", { service: CANARY, clusters: [cluster("eu-west"), GREEN] }, { "eu-west-blue": 90, "eu-west-green": 10 }],
  ["a canary without a cluster", { service: CANARY, clusters: [cluster("eu-west")] }, { "eu-west-blue": 100 }],
  [
    "clients of a canary that is down fall back to the stable side",
    { service: CANARY, clusters: [cluster("eu-west"), GREEN], down: ["eu-west-green"] },
    { "eu-west-blue": 100 },
  ],
  [
    // 10% of the region is left, times 1.4; the stable clients among those 14% meet the canary as well.
    "a canary is no fallback for the rest of the region",
    { service: CANARY, clusters: [cluster("eu-west"), GREEN, cluster("us-east")], down: ["eu-west-blue"] },
    { "eu-west-green": 14, "us-east-blue": 86 },
  ],
  [
    "clusters by weight",
    { clusters: [...TWO_WEST, cluster("eu-west", { weight: 200 })] },
    { "eu-west-blue": 50, w1: 25, w2: 25 },
  ],
  ["half of a region is down: 50% of 140 stay", { clusters: TWO_WEST, down: ["w2"] }, { w1: 70, "us-east-blue": 30 }],
  ["75% of 140 carry everything", { ...weights(WEST_EAST), down: ["us-east-blue"] }, { "eu-west-blue": 100 }],
  [
    "25% of 140 stay, the rest goes to the failover level",
    { ...weights(WEST_EAST), down: ["eu-west-blue"] },
    { "us-east-blue": 35, "ap-south-blue": 65 },
  ],
  [
    "a region that is partly down keeps its share as long as 140% of it suffice",
    {
      ...weights({ "eu-west": 50, "us-east": 50 }),
      clusters: [...TWO_WEST, cluster("eu-west", { name: "w3" })],
      down: ["w3"],
    },
    // eu-west can take floor(1.4 x 6,666) = 9,332 of 10,000, us-east all of it: 9,332 of 19,332.
    { w1: 24.1361, w2: 24.1361, "us-east-blue": 51.7277 },
  ],
  [
    "degraded clusters come after healthy ones elsewhere",
    { degraded: ["eu-west-blue"], country: "US", ...weights({ "eu-west": 1 }) },
    { "us-east-blue": 100 },
  ],
  [
    "degraded clusters when there is nothing else",
    { degraded: ["eu-west-blue"], ...weights({ "eu-west": 1 }, { order: "none" }) },
    { "eu-west-blue": 100 },
  ],
  [
    "panic spreads over the first level",
    { ...weights(WEST_EAST, { order: "none" }), down: ["eu-west-blue", "us-east-blue"] },
    { "eu-west-blue": 75, "us-east-blue": 25 },
  ],
  [
    "panic that rejects",
    { ...weights(WEST_EAST, { onPanic: "reject" }), down: ["eu-west-blue", "us-east-blue", "ap-south-blue"] },
    { noHealthyCluster: 100 },
  ],
  [
    // 40 of 100 in eu-west, 25 in us-east: 40 / 65 and 25 / 65 in whole percent, the point left over to the first.
    "panic of one level only",
    {
      ...weights(
        { "eu-west": 1 },
        { order: ["us-east"], onPanic: "reject", overprovisioningFactor: 100, panicThreshold: 30 },
      ),
      clusters: [...sites("eu-west", 5), ...sites("us-east", 4)],
      down: ["eu-west-1", "eu-west-2", "eu-west-3", "us-east-1", "us-east-2", "us-east-3"],
    },
    { "eu-west-0": 31, "eu-west-4": 31, noHealthyCluster: 38 },
  ],
  [
    "3% of the clients probe the second nearest",
    { route: { default: { by: "latency", regions: [] } }, country: "US" },
    { "us-east-blue": 97, "eu-west-blue": 3 },
  ],
])("%s", (_, given, expected) => {
  expect(percentOf(given)).toEqual(expected);
});

function sites(region: string, count: number) {
  return Array.from({ length: count }, (_, index) => cluster(region, { name: `${region}-${index}` }));
}

test("who is not asked for by the facts is not counted: rules with headers and networks match nobody", () => {
  const steering = [{ name: "beta", when: { headers: [{ name: "x-beta" }] }, weights: { "ap-south": 1 } }];
  expect(percentOf({ route: { steering } })).toEqual({ "eu-west-blue": 100 });
});

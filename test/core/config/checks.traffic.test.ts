/** How traffic is kept, brought back, shed, copied and ranked: each limit on both of its sides. */
import { testCases } from "./cases.ts";
import { cluster, region, route, service } from "./fixtures.ts";

const cookie = (maxAge?: string) =>
  service("web", { affinity: { by: "cookie", ...(maxAge === undefined ? {} : { maxAge }) } });
const recovery = (fields: object) => service("web", { recovery: fields });
const lag = (replicaLag: object) => service("web", { replicaLag });
const routeLag = (replicaLag: object) => route("web", { replicaLag });
const shed = (low: number, high: number) => service("web", { load: { shed: { low, high } } });

/** Route `web` sends clients to `eu` only, and copies a hundredth of the requests. */
const mirror = (name: string, fields: object = {}, shareBps = 100) =>
  route("web", { mirror: { cluster: name, shareBps }, ...fields });
const LIVE = ["mirror.live? 5/spec/mirror/cluster"];
const ranked = (by: "proximity" | "latency", regions?: string[]) => ({
  default: { [by]: regions === undefined ? {} : { regions } },
});

// biome-ignore format: a table reads in columns
testCases({
  affinity: [
    ["a cookie for as long as it is usual", [cookie()],         []],
    ["a cookie for less than a second",     [cookie("999ms")],  ["affinity.range 2/spec/affinity/maxAge"]],
    ["a cookie for a second",               [cookie("1s")],     []],
    ["a cookie for 30 days",                [cookie("30d")],    []],
    ["a cookie for longer",                 [cookie("721h")],   ["affinity.range 2/spec/affinity/maxAge"]],
  ],
  recovery: [
    ["nothing of its own",      [recovery({})],                       []],
    ["held down for an hour",   [recovery({ holdDown: "1h" })],       []],
    ["held down for longer",    [recovery({ holdDown: "3601s" })],    ["recovery.range 2/spec/recovery/holdDown"]],
    ["ramped for an hour",      [recovery({ ramp: "60m" })],          []],
    ["ramped for longer",       [recovery({ ramp: "61m" })],          ["recovery.range 2/spec/recovery/ramp"]],
    ["both for too long",       [recovery({ holdDown: "2h", ramp: "2h" })], ["recovery.range 2/spec/recovery/holdDown", "recovery.range 2/spec/recovery/ramp"]],
    ["from nothing",            [recovery({ floorPercent: 0 })],      ["field.range 2/spec/recovery/floorPercent"]],
    ["from a hundredth",        [recovery({ floorPercent: 1 })],      []],
    ["at once",                 [recovery({ floorPercent: 100 })],    []],
    ["from more than all",      [recovery({ floorPercent: 101 })],    ["field.range 2/spec/recovery/floorPercent"]],
  ],
  load: [
    ["watermarks in order",     [shed(80, 95)],    []],
    ["watermarks side by side", [shed(0, 1)],      []],
    ["equal watermarks",        [shed(95, 95)],    ["load.order 2/spec/load/shed/low"]],
    ["swapped watermarks",      [shed(95, 80)],    ["load.order 2/spec/load/shed/low"]],
    ["a watermark above all",   [shed(80, 101)],   ["field.range 2/spec/load/shed/high"]],
    ["leaning without shedding", [service("web", { load: { lean: true } })], []],
  ],
  "replica lag of": [
    ["nothing said",            [lag({})],                                []],
    ["reads within a second",   [lag({ reads: "1s" })],                   []],
    ["reads within less",       [lag({ reads: "999ms" })],                ["replicaLag.range 2/spec/replicaLag/reads"]],
    ["writes within 30 days",   [lag({ writes: "30d" })],                 []],
    ["writes within more",      [lag({ writes: "721h" })],                ["replicaLag.range 2/spec/replicaLag/writes"]],
    ["both out of bounds",      [lag({ reads: "1ms", writes: "31d" })],   ["replicaLag.range 2/spec/replicaLag/reads", "replicaLag.range 2/spec/replicaLag/writes"]],
    ["writes more than reads",  [lag({ reads: "5s", writes: "10s" })],    []],
    ["a route, in bounds",      [routeLag({ reads: "1s", writes: "30d" })], []],
    ["a route, out of bounds",  [routeLag({ reads: "1ms", writes: "31d" })], ["replicaLag.range 5/spec/replicaLag/reads", "replicaLag.range 5/spec/replicaLag/writes"]],
  ],
  "mirrors to": [
    ["no cluster",                                [mirror("eu-wbe")],                                               ["reference.unknown 5/spec/mirror/cluster"]],
    ["a cluster that serves",                     [mirror("eu-web")],                                               LIVE],
    ["a cluster that serves, but copies nothing", [mirror("eu-web", {}, 0)],                                        []],
    ["a cluster where this route sends nobody",   [mirror("us-web")],                                               []],
    ["a cluster that one rule sends clients to",  [mirror("us-web", { steering: [{ name: "a", when: { eu: true }, weights: { us: 1 } }] })], LIVE],
    ["a region with weight 0",                    [mirror("us-web", { default: { weights: { eu: 1, us: 0 } } })],   []],
    ["any region by distance",                    [mirror("us-web", ranked("proximity"))],                          LIVE],
    ["any region by latency",                     [mirror("us-web", ranked("latency"))],                            LIVE],
    ["a region that is ranked",                   [mirror("us-web", ranked("latency", ["us"]))],                    LIVE],
    ["a region that is not",                      [mirror("us-web", ranked("latency", ["eu"]))],                    []],
    ["a cluster with weight 0",                   [mirror("eu-new"), cluster("eu-new", { weight: 0 })],             []],
    ["a disabled cluster",                        [mirror("eu-new"), cluster("eu-new", { adminState: "disabled" })], []],
    ["a cluster in a disabled region",            [mirror("eu-web"), region("eu", { adminState: "disabled" })],     []],
    ["a canary that gets nobody",                 [mirror("eu-new"), cluster("eu-new", { side: "canary" })],        []],
    ["a canary with a share",                     [mirror("eu-new"), cluster("eu-new", { side: "canary" }), service("web", { canaryShareBps: { eu: 1 } })], LIVE],
    ["a canary with a share elsewhere",           [mirror("eu-new"), cluster("eu-new", { side: "canary" }), cluster("us-new", { side: "canary", region: "us" }), service("web", { canaryShareBps: { us: 1 } })], []],
    ["a canary of weight 0, which is no slip",    [mirror("eu-new"), cluster("eu-new", { side: "canary", weight: 0 })], []],
    ["a service of its own, which is no slip",    [mirror("eu-shadow"), service("shadow"), cluster("eu-shadow", { service: "shadow" })], []],
  ],
  "ranked regions": [
    ["all of them by latency",                       [route("web", ranked("latency"))],                          []],
    ["named ones by latency",                        [route("web", ranked("latency", ["us", "eu"]))],            []],
    ["by latency to no region",                      [route("web", ranked("latency", ["ue"]))],                  ["reference.unknown 5/spec/default/latency/regions/0"]],
    ["by latency where the service does not run",    [route("web", ranked("latency", ["eu", "ap"])), region("ap")],   ["region.noCluster? 5/spec/default/latency/regions/1", "region.noCluster? 6/metadata/name"]],
    ["by distance where the service does not run",   [route("web", ranked("proximity", ["eu", "ap"])), region("ap")], ["region.noCluster? 5/spec/default/proximity/regions/1", "region.noCluster? 6/metadata/name"]],
    ["all of them where the service does not run",   [route("web", ranked("latency")), region("ap")],                 ["region.noCluster? 6/metadata/name"]],
  ],
});

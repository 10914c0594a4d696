/** No list says the same thing twice, and the second time is what the finding points at. */
import { testCases } from "./cases.ts";
import { region, route, service } from "./fixtures.ts";

const match = (fields: object) => route("web", { match: { hosts: ["web.example.org"], ...fields } });
const residency = (...jurisdictions: string[]) =>
  service("web", { residency: [{ clients: { any: true }, jurisdictions }] });

// biome-ignore format: a table reads in columns
testCases({
  "lists of a region and a service": [
    ["a jurisdiction of a region twice",    [region("eu", { jurisdictions: ["eu", "de", "eu"] })], ["list.duplicate 0/spec/jurisdictions/2"]],
    ["different jurisdictions of a region", [region("eu", { jurisdictions: ["eu", "de"] })],       []],
    ["a jurisdiction of a rule twice",      [residency("eu", "us", "eu")],                         ["list.duplicate 2/spec/residency/0/jurisdictions/2"]],
    ["a jurisdiction of a rule thrice",     [residency("eu", "eu", "eu")],                         ["list.duplicate 2/spec/residency/0/jurisdictions/1", "list.duplicate 2/spec/residency/0/jurisdictions/2"]],
    ["different jurisdictions of a rule",   [residency("eu", "us")],                               []],
    ["the same one in two rules", [service("web", { residency: [
      { clients: { eu: true }, jurisdictions: ["eu"] },
      { clients: { any: true }, jurisdictions: ["eu"] },
    ] })], []],
  ],
  "lists of a match": [
    ["a host twice",                 [match({ hosts: ["a.org", "b.org", "a.org"] })],              ["list.duplicate 5/spec/match/hosts/2"]],
    ["different hosts",              [match({ hosts: ["a.org", "*.a.org"] })],                     []],
    ["a path twice",                 [match({ paths: [{ exact: "/a" }, { exact: "/a" }] })],       ["list.duplicate 5/spec/match/paths/1"]],
    ["a path in two ways",           [match({ paths: [{ exact: "/a" }, { prefix: "/a" }] })],      []],
    ["a method twice",               [match({ methods: ["GET", "HEAD", "GET"] })],                 ["list.duplicate 5/spec/match/methods/2"]],
    ["different methods",            [match({ methods: ["GET", "HEAD"] })],                        []],
    ["a header twice",               [match({ headers: [{ name: "x-a" }, { name: "x-a" }] })],     ["list.duplicate 5/spec/match/headers/1"]],
    ["a header with two values",     [match({ headers: [{ name: "x-a", value: "1" }, { name: "x-a", value: "2" }] })], ["list.duplicate 5/spec/match/headers/1"]],
    ["different headers",            [match({ headers: [{ name: "x-a" }, { name: "x-b" }] })],     []],
  ],
  "lists of regions": [
    ["a region near by twice",       [route("web", { default: { proximity: { regions: ["eu", "us", "eu"] } } })], ["list.duplicate 5/spec/default/proximity/regions/2"]],
    ["a region by latency twice",    [route("web", { default: { latency: { regions: ["eu", "eu"] } } })],         ["list.duplicate 5/spec/default/latency/regions/1"]],
    ["different regions by latency", [route("web", { default: { latency: { regions: ["eu", "us"] } } })],         []],
    ["a failover region twice",      [route("web", { failover: { order: ["us", "us"] } })],                       ["list.duplicate 5/spec/failover/order/1"]],
    ["different failover regions",   [route("web", { failover: { order: ["us", "eu"] } })],                       []],
    ["no list of failover regions",  [route("web", { failover: { order: "none" } })],                             []],
  ],
});

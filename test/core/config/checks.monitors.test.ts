/** How clusters are probed: each limit on both of its sides, wherever a health check can stand. */
import { expect, test } from "vitest";
import { testCases } from "./cases.ts";
import { cluster, findingsOf, region, service, soundBut } from "./fixtures.ts";

type Json = { readonly [key: string]: unknown };

/** On the service, which is document 2. */
const check = (fields: Json) => service("web", { healthCheck: { path: "/", ...fields } });
const onCluster = (fields: Json = {}) => cluster("eu-web", { healthCheck: { path: "/", ...fields } });

/** Document 6. */
const monitor = (checks: readonly Json[], fields: Json = {}, name = "web"): Json => ({
  ...{ apiVersion: "fairlead.dev/v1", kind: "Monitor", metadata: { name } },
  spec: { service: "web", checks, ...fields },
});
const one = (fields: Json = {}, more: Json = {}): Json => ({
  ...{ name: "page", role: "mustPass", check: { path: "/", ...fields } },
  ...more,
});
const many = (count: number, interval: string) =>
  Array.from({ length: count }, (_, index) => one({ interval, timeout: "1s" }, { name: `check-${index}` }));

// biome-ignore format: a table reads in columns
testCases({
  "the pace of a check": [
    ["the fastest",                      [check({ interval: "5s", timeout: "1s" })],        []],
    ["faster",                           [check({ interval: "4999ms", timeout: "1s" })],    ["healthCheck.range 2/spec/healthCheck/interval"]],
    ["the slowest",                      [check({ interval: "1h" })],                       []],
    ["slower",                           [check({ interval: "61m" })],                      ["healthCheck.range 2/spec/healthCheck/interval"]],
    ["the longest wait",                 [check({ interval: "1m", timeout: "30s" })],       []],
    ["a longer one",                     [check({ interval: "1m", timeout: "31s" })],       ["healthCheck.range 2/spec/healthCheck/timeout"]],
    ["over just before the next",        [check({ timeout: "9999ms" })],                    []],
    ["as long as the interval",          [check({ timeout: "10s" })],                       ["healthCheck.order 2/spec/healthCheck/timeout"]],
    ["on one cluster",                   [onCluster({ interval: "1s" })],                   ["healthCheck.range 3/spec/healthCheck/interval"]],
    ["in a Monitor",                     [monitor([one(), one({ interval: "1s" }, { name: "b" })])], ["healthCheck.range 6/spec/checks/1/check/interval"]],
    ["degraded before it has failed",    [check({ degradedAfter: "1999ms" })],              []],
    ["degraded once it has failed",      [check({ degradedAfter: "2s" })],                  ["healthCheck.order 2/spec/healthCheck/degradedAfter"]],
    ["degraded with a timeout of its own", [check({ degradedAfter: "1s", timeout: "1s" })], ["healthCheck.order 2/spec/healthCheck/degradedAfter"]],
  ],
  "what a check sends and looks for": [
    ["headers",                          [check({ headers: { accept: "text/plain", "x-probe": "1" } })], []],
    ["our own name",                     [check({ headers: { "user-agent": "curl" } })],    ["healthCheck.header 2/spec/healthCheck/headers/user-agent"]],
    ["a vantage of its own",             [check({ headers: { "fairlead-vantage": "me" } })], ["healthCheck.header 2/spec/healthCheck/headers/fairlead-vantage"]],
    ["another host",                     [check({ headers: { host: "internal" } })],        ["healthCheck.header 2/spec/healthCheck/headers/host"]],
    ["a body",                           [check({ headers: { "transfer-encoding": "chunked" } })], ["healthCheck.header 2/spec/healthCheck/headers/transfer-encoding"]],
    ["a secret",                         [check({ headers: { authorization: "Bearer x" } })], ["healthCheck.header 2/spec/healthCheck/headers/authorization"]],
    ["a secret in a Monitor",            [monitor([one({ headers: { cookie: "a=b" } })])],  ["healthCheck.header 6/spec/checks/0/check/headers/cookie"]],
    ["a name in upper case",             [check({ headers: { Accept: "text/plain" } })],    ["field.format 2/spec/healthCheck/headers/Accept"]],
    ["a value that ends the line",       [check({ headers: { accept: "a\r\nb: c" } })],     ["field.format 2/spec/healthCheck/headers/accept"]],
    ["text in an answer to GET",         [check({ body: { contains: "ready" } })],          []],
    ["text in an answer to HEAD",        [check({ method: "HEAD", body: { contains: "ready" } })], ["healthCheck.body 2/spec/healthCheck/body"]],
    ["no text",                          [check({ body: { contains: "" } })],               ["field.length 2/spec/healthCheck/body/contains"]],
  ],
  "a Monitor": [
    ["with one check",                   [monitor([one()])],                                []],
    ["with each role",                   [monitor([one(), one({}, { name: "b", role: "voting" }), one({}, { name: "c", role: "observe" })])], []],
    ["of no service",                    [monitor([one()], { service: "wbe" })],            ["reference.unknown 6/spec/service"]],
    ["without checks",                   [monitor([])],                                     ["field.length 6/spec/checks"]],
    ["with a name twice",                [monitor([one(), one()])],                         ["name.duplicate 6/spec/checks/1/name"]],
    ["that only observes",               [monitor([one({}, { role: "observe" })])],         ["monitor.observesOnly? 6/spec/checks"]],
    ["beside the service's health check", [check({}), monitor([one()])],                    ["monitor.overlap 2/spec/healthCheck"]],
    ["beside a cluster's health check",  [onCluster(), monitor([one()])],                   ["monitor.overlap 3/spec/healthCheck"]],
    ["beside another of the same service", [monitor([one()]), monitor([one()], {}, "web-2")], ["monitor.overlap 7/spec/service"]],
    ["beside one of another service",    [monitor([one()]), service("shadow"), cluster("eu-shadow", { service: "shadow" }), monitor([one()], { service: "shadow" }, "shadow")], ["service.noRoute? 7/metadata/name"]],
  ],
  // Two vantages: at five seconds a check is 24 probes a minute.
  "what a cluster can bear": [
    ["ten checks at five seconds from two vantages", [monitor(many(10, "5s"))],             []],
    ["four checks from eleven",          [monitor(many(4, "5s")), ...allVantages()],        elsewhere()],
    ["five checks from eleven",          [monitor(many(5, "5s")), ...allVantages()],        ["healthCheck.budget 6/spec/checks", ...elsewhere()]],
    ["five checks at ten seconds from eleven", [monitor(many(5, "10s")), ...allVantages()], elsewhere()],
  ],
});

/** Documents 7 to 15, so that with `eu` and `us` there is a region at each vantage. */
function allVantages(): Json[] {
  return ["wnam", "sam", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"].map((vantage) =>
    region(`r-${vantage}`, { vantage }),
  );
}

function elsewhere(): string[] {
  return allVantages().map((_, index) => `region.noCluster? ${7 + index}/metadata/name`);
}

test.each([
  ["500ms", []],
  ["499ms", ["healthCheck.range 2/spec/healthCheck/interval"]],
])("in development a cluster may be probed every %s: %j", (interval, expected) => {
  const development = { environment: "demo", development: true };
  expect(findingsOf(soundBut(check({ interval, timeout: "100ms" })), development)).toEqual(expected);
});

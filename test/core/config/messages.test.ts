/** What people read when one document is wrong: the whole sentence, because the sentence is the feature. */
import { expect, test } from "vitest";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, flag, PRODUCTION, policy, region, route, service } from "./fixtures.ts";

function sentences(input: unknown): string[] {
  return readFleet([input], PRODUCTION).findings.map(({ code, path, message, didYouMean }) =>
    [`${code} ${path.slice(1).join("/")}: ${message}`, ...(didYouMean === undefined ? [] : [didYouMean])].join(" -> "),
  );
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const circular: { self?: unknown } = {};
circular.self = circular;

const safety = (fields: object) => policy({ safety: fields });
const assertion = (controls: object) => safety({ assertions: [{ name: "a", controls, require: "AND" }] });
const gate = (targets: object) => safety({ gates: [{ name: "a", gate: { flags: ["a"] }, require: "AND", targets }] });

// biome-ignore format: a table reads in columns
test.each([
  [null, ["document.shape : a document is an object, not null"]],
  [[], ["document.shape : a document is an object, not a list"]],
  [7, ["document.shape : a document is an object, not 7"]],
  [undefined, ["document.number : undefined is not a value that JSON can hold"]],
  [{}, [
    'kind.missing kind: a document needs a kind: one of Region, Service, Cluster, ClusterTemplate, Environment, Route, Flag, Evaluator, Policy, Monitor, Webhook',
    'apiVersion.missing apiVersion: a document needs "apiVersion": "fairlead.dev/v1"',
  ]],
  [{ apiVersion: "fairlead.dev/v1", kind: "Alert" }, ["kind.reserved kind: Alert is no document here: what alerts is the `objectives` of a Service, and where alerts are sent is a Webhook"]],
  [{ apiVersion: "fairlead.dev/v1", kind: "route" }, ['kind.unknown kind: "route" is no kind: use one of Region, Service, Cluster, ClusterTemplate, Environment, Route, Flag, Evaluator, Policy, Monitor, Webhook -> Route']],
  [{ ...region("eu"), apiVersion: "v1" }, ['apiVersion.unknown apiVersion: "v1" is not an apiVersion that is read here -> fairlead.dev/v1']],
  [{ ...region("eu"), metadata: { name: "EU" } }, ['field.format metadata/name: "name" must be lower-case letters, digits and inner hyphens (a DNS label), not "EU"']],
  [{ ...region("eu"), metadata: { name: "constructor" } }, ['field.format metadata/name: "name" must be lower-case letters, digits and inner hyphens (a DNS label), not "constructor"']],
  [{ ...region("eu"), metadata: { name: "eu", labels: { A: "b" } } }, ['field.format metadata/labels/A: the key "A" must be lower-case letters, digits and inner hyphens (a DNS label)']],
  [region("eu", { jurisdictions: undefined }), ["document.number spec/jurisdictions: undefined is not a value that JSON can hold"]],
  [region("eu", { capacity: {} }), ['field.missing spec/capacity/requestsPerSecond: "requestsPerSecond" is missing']],
  [region("eu", { capacity: { requestsPerSecond: 1.5 } }), ['field.type spec/capacity/requestsPerSecond: "requestsPerSecond" must be a whole number, not 1.5']],
  [region("eu", { capacity: { requestsPerSecond: 0 } }), ['field.range spec/capacity/requestsPerSecond: "requestsPerSecond" must be at least 1']],
  [region("eu", { jurisdictions: ["eu", "\ud800"] }), ["document.text spec/jurisdictions/1: text holds half of a character (lone surrogate)"]],
  [cluster("a", { weight: Number.NaN }), ["document.number spec/weight: NaN is not a value that JSON can hold"]],
  [cluster("a", { weight: 1_000_001 }), ['field.range spec/weight: "weight" must be at most 1000000']],
  [cluster("a", { reports: nested(31) }), ["document.depth spec/reports/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0: nested deeper than 32 levels"]],
  [JSON.parse('{"kind":"Region","metadata":{"labels":{"__proto__":"x"}}}'), ['document.key metadata/labels/__proto__: "__proto__" cannot be a key']],
  [service("web", { residency: [] }), ['field.length spec/residency: "residency" must have at least 1 entry']],
  [service("web", { timeouts: { total: "90" } }), ['field.format spec/timeouts/total: "total" must be a number with a unit, as in "90s" or "15m", not "90"']],
  [service("web", { canaryShareBps: 10_001 }), ['field.range spec/canaryShareBps: "canaryShareBps" must be at most 10000']],
  [service("web", { canaryShareBps: "10%" }), ['field.type spec/canaryShareBps: "canaryShareBps" must be a number or an object, not "10%"']],
  [service("web", { affinity: {} }), ['field.missing spec/affinity/by: "by" is missing']],
  [service("web", { affinity: { by: "header" } }), ['field.missing spec/affinity/header: "header" is missing']],
  [route("web", { match: { hosts: ["a.org"], paths: [{}] } }), ['field.choice spec/match/paths/0: entry 1 of "paths" must have exactly one of exact, prefix, pattern']],
  [route("web", { match: { hosts: ["a.org"], paths: ["/a"] } }), ['field.type spec/match/paths/0: entry 1 of "paths" must be an object, not "/a"']],
  [route("web", { match: { hosts: ["a.org"], methods: ["GETT"] } }), ['field.value spec/match/methods/0: entry 1 of "methods" must be one of GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, not "GETT" -> GET']],
  [route("web", { failover: { order: "nearest" } }), ['field.type spec/failover/order: "order" must be proximity or none or a list, not "nearest"']],
  [safety({ waitSame: "of" }), ['field.format spec/safety/waitSame: "waitSame" must be a number with a unit, as in "90s" or "15m", or be off, not "of" -> off']],
  [safety({ waitSame: "5" }), ['field.format spec/safety/waitSame: "waitSame" must be a number with a unit, as in "90s" or "15m", or be off, not "5"']],
  [safety({ waitSame: false }), ['field.type spec/safety/waitSame: "waitSame" must be off or text, not false']],
  [safety({ stepMaxBps: 10_001 }), ['field.range spec/safety/stepMaxBps: "stepMaxBps" must be at most 10000']],
  [safety({ midChange: {} }), ['field.missing spec/safety/midChange/regionsMax: "regionsMax" is missing', 'field.missing spec/safety/midChange/trafficMaxBps: "trafficMaxBps" is missing']],
  [safety({ midChange: { regionsMax: 1, trafficMaxBps: -1 } }), ['field.range spec/safety/midChange/trafficMaxBps: "trafficMaxBps" must be at least 0']],
  [safety({ midChange: 1 }), ['field.type spec/safety/midChange: "midChange" must be off or an object, not 1']],
  [safety({ assertions: [] }), ['field.length spec/safety/assertions: "assertions" must not be empty: leave the field out instead']],
  [assertion({ regions: [] }), ['field.length spec/safety/assertions/0/controls/regions: "regions" must not be empty: name what is meant, one by one']],
  [assertion({}), ['field.choice spec/safety/assertions/0/controls: "controls" must have exactly one of regions, clusters, flags']],
  [assertion({ regions: ["eu"], flags: ["a"] }), ['field.choice spec/safety/assertions/0/controls: "controls" must have exactly one of regions, clusters, flags']],
  [assertion({ routes: ["web"] }), ['field.unknown spec/safety/assertions/0/controls/routes: "controls" has no field "routes": it has regions, clusters, flags']],
  [gate({ routes: [] }), ['field.length spec/safety/gates/0/targets/routes: "routes" must not be empty: name what is meant, one by one']],
  [gate({ regions: [] }), ['field.length spec/safety/gates/0/targets/regions: "regions" must not be empty: name what is meant, one by one']],
  [policy({ approvals: [{ actions: [], approvals: 1 }] }), ['field.length spec/approvals/0/actions: "actions" must not be empty: leave the field out instead']],
  [flag("a", { state: "ON" }), ['field.value spec/state: "state" must be one of ENABLED, DISABLED, not "ON"']],
  [flag("a", { variants: { yes: ["true"] } }), ['field.type spec/variants/yes: "yes" must be true or false or text or a number or an object, not a list']],
])("%#", (input, expected) => {
  expect(sentences(input)).toEqual(expected);
});

test("a circular value ends at the depth limit", () => {
  expect(sentences(circular)).toHaveLength(1);
});

test("a long value is cut in the sentence", () => {
  const [sentence = ""] = sentences(region("eu", { vantage: "x".repeat(10_000) }));
  expect(sentence.length).toBeLessThan(300);
});

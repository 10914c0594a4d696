/** What a Service may promise, and where alerts may be sent. `SOUND` has six documents, `web` is its third. */
import { describe, expect, test } from "vitest";
import { readFleet } from "../../../config/read-fleet.ts";
import { splitUrl, takesEvent } from "../../../config/webhook.ts";
import { testCases } from "./cases.ts";
import { cluster, findingsOf, PRODUCTION, policy, SOUND, service, soundBut } from "./fixtures.ts";

const AVAILABLE = { availability: { targetPpm: 999_000 } };
const promising = (objectives: object) => service("web", { objectives });
const fast = (threshold: string) => promising({ latency: { threshold, targetPpm: 950_000 } });

type Json = { readonly [key: string]: unknown };

const webhook = (spec: object = {}, metadata: object = {}) => ({
  ...{ apiVersion: "fairlead.dev/v1", kind: "Webhook", metadata: { name: "team", ...metadata } },
  spec: { url: "https://hooks.example.com/fairlead", format: "standard", default: true, ...spec },
});
const at = (url: string, format = "standard") => webhook({ url, format });
const TOKEN = "XmJ4kQ9vZt2LwPs7RbNc8YhD";

// biome-ignore format: a table reads in columns
testCases({
  "objectives": [
    ["availability",                    [promising(AVAILABLE)],                                          []],
    ["both, a week, and a runbook",     [promising({ ...AVAILABLE, latency: { threshold: "300ms", targetPpm: 1 }, window: "7d", requestsMin: 1, runbook: "https://wiki.example.com/web" })], []],
    ["nothing",                         [promising({})],                                                 ["objective.empty 2/spec/objectives"]],
    ["nothing but a window",            [promising({ window: "30d" })],                                  ["objective.empty 2/spec/objectives"]],
    ["only in a region",                [promising({ regions: { eu: AVAILABLE } })],                     []],
    ["another target in a region",      [promising({ ...AVAILABLE, regions: { us: { availability: { targetPpm: 995_000 } } } })], []],
    ["none in a region",                [promising({ ...AVAILABLE, regions: { us: "off" } })],           []],
    ["none anywhere",                   [promising({ regions: { us: "off" } })],                         ["objective.empty 2/spec/objectives"]],
    ["an empty region",                 [promising({ ...AVAILABLE, regions: { us: {} } })],              ["objective.empty 2/spec/objectives/regions/us"]],
    ["no such region",                  [promising({ ...AVAILABLE, regions: { su: "off" } })],           ["reference.unknown 2/spec/objectives/regions/su", "objective.noCluster? 2/spec/objectives/regions/su"]],
    ["a region without a cluster",      [promising({ ...AVAILABLE, regions: { us: "off" } }), cluster("us-web", { region: "eu" })], ["objective.noCluster? 2/spec/objectives/regions/us", "region.noCluster? 1/metadata/name"]],
    ["99.9999%",                        [promising({ availability: { targetPpm: 999_999 } })],           []],
    ["100%",                            [promising({ availability: { targetPpm: 1_000_000 } })],         ["field.range 2/spec/objectives/availability/targetPpm"]],
    ["0%",                              [promising({ availability: { targetPpm: 0 } })],                 ["field.range 2/spec/objectives/availability/targetPpm"]],
    ["a part of one",                   [promising({ availability: { targetPpm: 0.999 } })],             ["field.type 2/spec/objectives/availability/targetPpm"]],
    ["two weeks",                       [promising({ ...AVAILABLE, window: "14d" })],                    ["field.value 2/spec/objectives/window"]],
    ["a word that is another's",        [promising({ ...AVAILABLE, target: 1 })],                        ["field.unknown 2/spec/objectives/target"]],
    ["a millisecond",                   [fast("1ms")],                                                   []],
    ["a minute",                        [fast("60s")],                                                   []],
    ["more than a minute",              [fast("61s")],                                                   ["objective.range 2/spec/objectives/latency/threshold"]],
    ["more than a minute in a region",  [promising({ ...AVAILABLE, regions: { eu: { latency: { threshold: "2m", targetPpm: 1 } } } })], ["objective.range 2/spec/objectives/regions/eu/latency/threshold"]],
    ["a runbook that is no address",    [promising({ ...AVAILABLE, runbook: "wiki/web" })],              ["field.format 2/spec/objectives/runbook"]],
  ],
  "addresses of webhooks": [
    ["a public name over https",        [webhook()],                                                     []],
    ["with a port and a query",         [at("https://hooks.example.com:8443/in?team=web")],              []],
    ["no path",                         [at("https://hooks.example.com")],                               []],
    ["plain http",                      [at("http://hooks.example.com/in")],                             ["endpoint.scheme 6/spec/url"]],
    ["an address",                      [at("https://192.0.2.1/in")],                                    ["endpoint.address 6/spec/url"]],
    ["an address in disguise",          [at("https://0x7f.1/in")],                                       ["endpoint.address 6/spec/url"]],
    ["this machine",                    [at("https://localhost/in")],                                    ["endpoint.specialUse 6/spec/url"]],
    ["somebody's network",              [at("https://alerts.internal/in")],                              ["endpoint.specialUse 6/spec/url"]],
    ["a password",                      [at("https://me:pass@hooks.example.com/in")],                    ["endpoint.userinfo 6/spec/url"]],
    ["no address at all",               [at("hooks")],                                                   ["endpoint.syntax 6/spec/url"]],
    ["a fragment",                      [at("https://hooks.example.com/in#top")],                        ["webhook.path 6/spec/url"]],
    ["a way up",                        [at("https://hooks.example.com/a/../b")],                        ["webhook.path 6/spec/url"]],
    ["a way up, encoded",               [at("https://hooks.example.com/a/%2E%2e/b")],                    ["webhook.path 6/spec/url"]],
    ["a token",                         [at(`https://hooks.example.com/services/T0/B0/${TOKEN}`, "slack")], ["webhook.secretInUrl 6/spec/url"]],
    ["a token in a query",              [at(`https://hooks.example.com/in?token=${TOKEN}`)],             ["webhook.secretInUrl 6/spec/url"]],
    ["the place of one",                [at("https://hooks.example.com/services/T0/B0/{secret}", "slack")], []],
    ["two places",                      [at("https://hooks.example.com/{secret}/{secret}", "slack")],    ["webhook.path 6/spec/url"]],
    ["the place where it signs",        [at("https://hooks.example.com/{secret}")],                      ["webhook.path 6/spec/url"]],
    ["the place in a host",             [at("https://{secret}.example.com/", "slack")],                  ["endpoint.host 6/spec/url"]],
    ["another place",                   [at("https://hooks.example.com/{token}", "slack")],              ["webhook.path 6/spec/url"]],
  ],
  "what webhooks take": [
    ["a type and a group",              [webhook({ events: ["alert.firing", "incident.*"] })],           []],
    ["none",                            [webhook({ events: [] })],                                       ["field.length 6/spec/events"]],
    ["no such type",                    [webhook({ events: ["alert.fired"] })],                          ["webhook.event 6/spec/events/0"]],
    ["everything",                      [webhook({ events: ["*"] })],                                    ["webhook.event 6/spec/events/0"]],
    ["a type twice",                    [webhook({ events: ["alert.*", "alert.*"] })],                   ["list.duplicate 6/spec/events/1"]],
    ["no time for an answer",           [webhook({ timeout: "99ms" })],                                  ["webhook.timeout 6/spec/timeout"]],
    ["too much time for one",           [webhook({ timeout: "31s" })],                                   ["webhook.timeout 6/spec/timeout"]],
    ["a form that is none",             [webhook({ format: "teams" })],                                  ["field.value 6/spec/format"]],
  ],
  "the Policy on alerts": [
    ["what a page opens",               [policy({ alerts: { incidentSeverity: 2 } })],                   []],
    ["nothing",                         [policy({ alerts: { incidentSeverity: "off" } })],               []],
    ["graver than there is",            [policy({ alerts: { incidentSeverity: 0 } })],                   ["field.type 6/spec/alerts/incidentSeverity"]],
    ["a budget that must be left",      [policy({ safety: { errorBudgetMinPercent: 0 } })],              []],
    ["more than all of it",             [policy({ safety: { errorBudgetMinPercent: 101 } })],            ["field.range 6/spec/safety/errorBudgetMinPercent"]],
  ],
});

/** `SOUND` with owners by the id of a document, and with webhooks. */
function owning(owners: Readonly<Record<string, string>>, ...others: readonly Json[]): readonly Json[] {
  const documents = SOUND.map((document) => {
    const { name } = document.metadata as { readonly name: string }; // every fixture has one
    const owner = owners[`${String(document.kind)}/${name}`];
    return owner === undefined ? document : { ...document, metadata: { name, owner } };
  });
  return [...documents, ...others];
}

const UNCALLED = { url: "https://a.example.com", format: "slack" };

// biome-ignore format: a table reads in columns
test.each<[string, readonly Json[], readonly string[]]>([
  ["without any webhook",             owning({ "Service/web": "team" }),                                []],
  ["by the name of one",              owning({ "Service/web": "team" }, webhook()),                     []],
  ["by the owner of one",             owning({ "Service/web": "Team Web" }, webhook({}, { owner: "Team Web" })), []],
  ["of nobody",                       owning({ "Region/eu": "taem" }, webhook()),                       ["owner.unknown? 0/metadata/owner"]],
  ["of nobody, twice",                owning({ "Region/eu": "taem", "Cluster/eu-web": "taem" }, webhook()), ["owner.unknown? 0/metadata/owner"]],
  ["one that gets nothing",           owning({}, { ...webhook(), spec: UNCALLED }),                     ["webhook.unused? 6/metadata/name"]],
])("owners: %s", (_, documents, expected) => {
  expect(findingsOf(documents)).toEqual(expected);
});

test("where something can alert and nothing is the default, somebody should know", () => {
  const uncalled = { ...webhook(), spec: UNCALLED };
  expect(findingsOf(soundBut(promising(AVAILABLE), uncalled))).toEqual([
    "webhook.unused? 6/metadata/name",
    "webhook.noDefault? 6/spec",
  ]);
});

test("a slip is answered with what was meant", () => {
  const { findings } = readFleet(owning({ "Region/eu": "taem" }, webhook({ events: ["alert.fireing"] })), PRODUCTION);
  expect(findings.map(({ code, didYouMean }) => [code, didYouMean])).toEqual([
    ["webhook.event", "alert.firing"],
    ["owner.unknown", "team"],
  ]);
});

test("in development an address of this machine will do, and no other", () => {
  const findings = (url: string) => findingsOf(soundBut(at(url)), { environment: "production", development: true });
  expect(findings("http://127.0.0.1:9000/in")).toEqual([]);
  expect(findings("http://192.168.0.1/in")).toEqual(["endpoint.address 6/spec/url"]);
});

describe("filters", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    [["alert.*"],         "alert.firing",     true],
    [["alert.*"],         "incident.opened",  false],
    [["alert.firing"],    "alert.resolved",   false],
    [["alert.firing"],    "webhook.test",     true],
  ] as const)("%j and %s: %s", (filters, type, taken) => {
    expect(takesEvent(filters, type)).toBe(taken);
  });
});

// biome-ignore format: a table reads in columns
test.each([
  ["https://a.example.com/b?c",       "https://a.example.com",      "/b?c"],
  ["https://a.example.com:1?c",       "https://a.example.com:1",    "?c"],
  ["https://a.example.com",           "https://a.example.com",      ""],
  ["nothing",                         "nothing",                    ""],
])("%s is %s and %j", (url, endpoint, path) => {
  expect(splitUrl(url)).toEqual({ endpoint, path });
});

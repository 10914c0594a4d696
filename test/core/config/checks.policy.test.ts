/** What a Policy and flags may say, at the edges of each rule. `SOUND` has six documents, so what is added is the seventh. */
import { describe, expect, test } from "vitest";
import { describeRequirement, distanceTo, isMet } from "../../../config/requirement.ts";
import { testCases } from "./cases.ts";
import { findingsOf, flag, policy, region, route, SOUND, soundBut } from "./fixtures.ts";

const safety = (fields: object) => policy({ safety: fields });
const REGIONS = { regions: ["eu", "us"] };
const assertion = (fields: object) => ({ name: "a", controls: REGIONS, require: "AND", ...fields });
const asserting = (...rules: object[]) => safety({ assertions: rules.map(assertion) });
const gate = (fields: object) => ({
  name: "g",
  gate: REGIONS,
  require: "AND",
  targets: { routes: ["web"] },
  ...fields,
});
const gating = (...rules: object[]) => safety({ gates: rules.map(gate) });
const publishing = (canaryVantage: string, hold: string) => policy({ publishing: { canaryVantage, hold } });
const steered = (...whens: object[]) =>
  route("web", { steering: whens.map((when, index) => ({ name: `r${index}`, when, weights: { eu: 1 } })) });
const used = (name: string) => steered({ flag: name });

// biome-ignore format: a table reads in columns
testCases({
  "one Policy": [
    ["an empty one",                    [policy()],                                                     []],
    ["a second one",                    [policy(), { ...policy(), metadata: { name: "b" } }],           ["limit.exceeded 7/metadata/name"]],
  ],
  "names of rules": [
    ["two assertions of one name",      [asserting({}, {})],                                            ["name.duplicate 6/spec/safety/assertions/1/name"]],
    ["two assertions of two names",     [asserting({}, { name: "b" })],                                 []],
    ["two gates of one name",           [gating({}, {})],                                               ["name.duplicate 6/spec/safety/gates/1/name"]],
    ["an assertion and a gate of one",  [safety({ assertions: [assertion({ name: "x" })], gates: [gate({ name: "x" })] })], []],
  ],
  "names in rules": [
    ["an assertion on no region",       [asserting({ controls: { regions: ["eu", "su"] } })],           ["reference.unknown 6/spec/safety/assertions/0/controls/regions/1"]],
    ["an assertion on no cluster",      [asserting({ controls: { clusters: ["eu-wbe"] } })],            ["reference.unknown 6/spec/safety/assertions/0/controls/clusters/0"]],
    ["an assertion on a cluster",       [asserting({ controls: { clusters: ["eu-web"] } })],            []],
    ["an assertion on no flag",         [asserting({ controls: { flags: ["a"] } })],                    ["reference.unknown 6/spec/safety/assertions/0/controls/flags/0"]],
    ["a gate of no flag",               [gating({ gate: { flags: ["a"] } })],                           ["reference.unknown 6/spec/safety/gates/0/gate/flags/0"]],
    ["a gate before no route",          [gating({ targets: { routes: ["wbe"] } })],                     ["reference.unknown 6/spec/safety/gates/0/targets/routes/0"]],
    ["a region twice",                  [asserting({ controls: { regions: ["eu", "eu"] } })],           ["list.duplicate 6/spec/safety/assertions/0/controls/regions/1"]],
    ["a target twice",                  [gating({ targets: { routes: ["web", "web"] } })],              ["list.duplicate 6/spec/safety/gates/0/targets/routes/1"]],
    ["an action twice",                 [policy({ approvals: [{ actions: ["fleet.apply", "fleet.apply"], approvals: 1 }] })], ["list.duplicate 6/spec/approvals/0/actions/1"]],
  ],
  "how many": [
    ["ATLEAST without a number",        [asserting({ require: "ATLEAST" })],                            ["policy.atLeast 6/spec/safety/assertions/0/atLeast"]],
    ["AND with a number",               [asserting({ atLeast: 1 })],                                    ["policy.atLeast 6/spec/safety/assertions/0/atLeast"]],
    ["OR with a number",                [gating({ require: "OR", atLeast: 1 })],                        ["policy.atLeast 6/spec/safety/gates/0/atLeast"]],
    ["as many as there are",            [asserting({ require: "ATLEAST", atLeast: 2 })],                []],
    ["one more than there are",         [asserting({ require: "ATLEAST", atLeast: 3 })],                ["policy.neverHolds 6/spec/safety/assertions/0/atLeast"]],
    ["one more, inverted",              [asserting({ require: "ATLEAST", atLeast: 3, inverted: true })], ["policy.alwaysHolds? 6/spec/safety/assertions/0/atLeast"]],
    ["at least 1",                      [gating({ require: "ATLEAST", atLeast: 1 })],                   []],
    ["at least 0",                      [gating({ require: "ATLEAST", atLeast: 0 })],                   ["policy.alwaysHolds? 6/spec/safety/gates/0/atLeast"]],
    ["at least 0, inverted",            [gating({ require: "ATLEAST", atLeast: 0, inverted: true })],   ["policy.neverHolds 6/spec/safety/gates/0/atLeast"]],
    ["not all",                         [asserting({ inverted: true })],                                []],
    ["none",                            [asserting({ require: "OR", inverted: true })],                 []],
  ],
  "gates that lock themselves": [
    ["a region of its own",             [gating({ targets: { regions: ["us"] } })],                     ["policy.gateLocked? 6/spec/safety/gates/0/targets/regions/0"]],
    ["a region of another",             [gating({ gate: { regions: ["eu"] }, targets: { regions: ["us"] } })], []],
  ],
  "the canary": [
    ["where a region is",               [publishing("enam", "1m")],                                     []],
    ["where none is",                   [publishing("oc", "1m")],                                       ["policy.vantage 6/spec/publishing/canaryVantage"]],
    ["where a region might be that cannot be read", [region("us", { vantage: "moon" }), publishing("oc", "1m")], ["field.value 1/spec/vantage"]],
  ],
  "times": [
    ["a hold of 1 s",                   [publishing("enam", "1s")],                                     []],
    ["a shorter hold",                  [publishing("enam", "999ms")],                                  ["policy.range 6/spec/publishing/hold"]],
    ["a hold of 1 h",                   [publishing("enam", "1h")],                                     []],
    ["a longer hold",                   [publishing("enam", "3601s")],                                  ["policy.range 6/spec/publishing/hold"]],
    ["waits of 1 h",                    [safety({ waitSame: "1h", waitOpposite: "1h", assertions: [assertion({ wait: "1h" })] })], []],
    ["no waits",                        [safety({ waitSame: "off", waitOpposite: "off", assertions: [assertion({ wait: "off" })] })], []],
    ["a longer wait",                   [safety({ waitSame: "61m" })],                                  ["policy.range 6/spec/safety/waitSame"]],
    ["a longer wait between opposites", [safety({ waitOpposite: "61m" })],                              ["policy.range 6/spec/safety/waitOpposite"]],
    ["drift of 10 s",                   [policy({ drift: { maxAge: "10s" } })],                         []],
    ["drift of less",                   [policy({ drift: { maxAge: "9999ms" } })],                      ["policy.range 6/spec/drift/maxAge"]],
    ["drift of a season and more",      [policy({ drift: { maxAge: "91d" } })],                         ["policy.range 6/spec/drift/maxAge"]],
    ["secrets of a minute",             [policy({ secrets: { maxAge: "1m" } })],                        []],
    ["secrets of less",                 [policy({ secrets: { maxAge: "59s" } })],                       ["policy.range 6/spec/secrets/maxAge"]],
    ["secrets of over five years",      [policy({ secrets: { maxAge: "1826d" } })],                     ["policy.range 6/spec/secrets/maxAge"]],
    ["a longer wait of an assertion",   [asserting({ wait: "61m" })],                                   ["policy.range 6/spec/safety/assertions/0/wait"]],
  ],
  flags: [
    ["one that a rule goes by",         [flag("a"), used("a")],                                         []],
    ["one that a gate goes by",         [flag("a"), gating({ gate: { flags: ["a"] } })],                []],
    ["one that an assertion goes by",   [flag("a"), asserting({ controls: { flags: ["a"] } })],         []],
    ["one that only SDKs may go by",    [flag("a")],                                                    []],
    ["one that something unread may go by", [flag("a"), route("web", { steering: 1 })],                 ["field.type 5/spec/steering"]],
    ["a rule by no flag",               [flag("beta"), steered({ flag: "beta" }, { flag: "bta" })],     ["reference.unknown 5/spec/steering/1/when/flag"]],
    ["a default that is no variant",    [flag("a", { defaultVariant: "ja" }), used("a")],               ["flag.variant 6/spec/defaultVariant"]],
    ["no variants",                     [flag("a", { variants: {} }), used("a")],                       ["flag.variant 6/spec/variants"]],
    ["a default of an object's own",    [flag("a", { defaultVariant: "valueof" }), used("a")],          ["flag.variant 6/spec/defaultVariant"]],
    ["everyone while a flag is on, and a rule behind", [flag("a"), steered({ any: true, flag: "a" }, { eu: true })], []],
    ["everyone, and a rule behind",     [flag("a"), steered({ any: true }, { flag: "a" })],             ["steering.unreachable? 5/spec/steering/1"]],
    ["a flag that is spelled otherwise", [flag("a"), steered({ flags: "a" })],                          ["field.unknown 5/spec/steering/0/when/flags"]],
  ],
});

test("a Policy is not read by the order of documents", () => {
  expect(findingsOf([policy(), ...SOUND])).toEqual(findingsOf([...SOUND, policy()]));
});

test("a hundred flags too many are one finding", () => {
  const flags = Array.from({ length: 1_100 }, (_, index) => flag(`f${index}`));
  const limits = findingsOf(soundBut(...flags)).filter((found) => found.startsWith("limit"));
  expect(limits).toEqual(["limit.exceeded 1006/metadata/name"]);
});

describe("requirements", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // rule                                                          on  of  met    missing  in words
    [{ require: "ATLEAST", atLeast: 2 },                             1,  3,  false, 1,       "at least 2 of 3 on"],
    [{ require: "ATLEAST", atLeast: 2 },                             2,  3,  true,  0,       "at least 2 of 3 on"],
    [{ require: "ATLEAST", atLeast: 2, inverted: true },             1,  3,  true,  0,       "fewer than 2 of 3 on"],
    [{ require: "ATLEAST", atLeast: 2, inverted: true },             3,  3,  false, 2,       "fewer than 2 of 3 on"],
    [{ require: "AND" },                                             2,  3,  false, 1,       "all 3 on"],
    [{ require: "AND" },                                             3,  3,  true,  0,       "all 3 on"],
    [{ require: "AND", inverted: true },                             3,  3,  false, 1,       "not all 3 on"],
    [{ require: "AND", inverted: true },                             2,  3,  true,  0,       "not all 3 on"],
    [{ require: "OR" },                                              0,  3,  false, 1,       "at least 1 of 3 on"],
    [{ require: "OR" },                                              1,  3,  true,  0,       "at least 1 of 3 on"],
    [{ require: "OR", inverted: true },                              1,  3,  false, 1,       "none of 3 on"],
    [{ require: "OR", inverted: true },                              0,  3,  true,  0,       "none of 3 on"],
  ] as const)("%j with %i of %i on: %s", (rule, on, of, met, missing, words) => {
    expect([isMet(rule, { on, of }), distanceTo(rule, { on, of })]).toEqual([met, missing]);
    expect(describeRequirement(rule, of)).toBe(words);
  });
});

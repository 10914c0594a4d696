/** Flags and evaluators that would not do what they say: refused when they are written, with the place of the slip. */
import { expect, test } from "vitest";
import { jsonPointer } from "../../../config/findings.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { testCases } from "./cases.ts";
import { flag, policy, route, SOUND, service } from "./fixtures.ts";

const evaluator = (name: string, logic: object) => ({
  ...{ apiVersion: "fairlead.dev/v1", kind: "Evaluator", metadata: { name } },
  spec: { logic },
});
const targeted = (targeting: object, spec: object = {}) =>
  flag("a", { variants: { on: true, off: false }, defaultVariant: "off", targeting, ...spec });
const asking = (operand: object) => targeted({ if: [operand, "on", "off"] });
const PAID = evaluator("paid", { in: [{ var: "plan" }, ["pro", "team"]] });
const steered = (name: string) =>
  route("web", { steering: [{ name: "beta", when: { flag: name }, weights: { us: 1 } }] });
const at = (pointer: string) => `6/spec/targeting/if/0/${pointer}`;

testCases({
  operators: [
    [
      "all that there are",
      [
        asking({
          and: [{ or: [{ "!": [{ var: "x" }] }, { "!!": { var: "y" } }] }, { "<=": [1, { var: ["age", 0] }, 9] }],
        }),
      ],
      [],
    ],
    ["a misspelled one", [asking({ starts_wiht: [{ var: "email" }, "a"] })], [`flag.operator ${at("starts_wiht")}`]],
    ["one of JSON Logic's loops", [asking({ some: [{ var: "list" }, true] })], [`flag.operator ${at("some")}`]],
    [
      "one deep inside",
      [asking({ and: [true, { or: [{ "<>": [1, 2] }] }] })],
      [`flag.operator ${at("and/1/or/0/<>")}`],
    ],
    ["two in one object", [asking({ "==": [1, 1], "!=": [1, 1] })], ["flag.arguments 6/spec/targeting/if/0"]],
    ["none in an object", [asking({})], ["flag.arguments 6/spec/targeting/if/0"]],
    ["too few arguments", [asking({ in: ["a"] })], [`flag.arguments ${at("in")}`]],
    ["too many arguments", [asking({ "==": [1, 2, 3] })], [`flag.arguments ${at("==")}`]],
    ["an argument without a list", [asking({ ends_with: "a" })], [`flag.arguments ${at("ends_with")}`]],
    ["a variable that is no name", [asking({ var: { cat: ["a", "b"] } })], [`flag.arguments ${at("var")}`]],
    [
      "something else of flagd",
      [asking({ "==": [{ var: "$flagd.flagkey" }, "a"] })],
      [`flag.arguments ${at("==/0/var")}`],
    ],
  ],
  versions: [
    ["comparisons", [asking({ sem_ver: [{ var: "version" }, "^", "v1.2"] })], []],
    [
      "another language's equality",
      [asking({ sem_ver: [{ var: "version" }, "==", "1.2.3"] })],
      [`flag.version ${at("sem_ver/1")}`],
    ],
    [
      "an operator that is computed",
      [asking({ sem_ver: [{ var: "version" }, { var: "op" }, "1.2.3"] })],
      [`flag.version ${at("sem_ver/1")}`],
    ],
    ["no version", [asking({ sem_ver: [{ var: "version" }, ">", "latest"] })], [`flag.version ${at("sem_ver/2")}`]],
    ["four numbers", [asking({ sem_ver: ["1.2.3.4", ">", "1.2.3"] })], [`flag.version ${at("sem_ver/0")}`]],
  ],
  shares: [
    [
      "short, long and nested",
      [targeted({ fractional: [["on"], ["off", 3], [{ fractional: ["key", ["on", 1]] }, 2]] })],
      [],
    ],
    ["by an expression", [targeted({ fractional: [{ cat: [{ var: "user" }, "x"] }, ["on", 50], ["off", 50]] })], []],
    [
      "to a variant that is none",
      [
        targeted({
          fractional: [
            ["on", 50],
            ["offf", 50],
          ],
        }),
      ],
      ["flag.variant 6/spec/targeting/fractional/1/0"],
    ],
    ["of a fraction", [targeted({ fractional: [["on", 0.5]] })], ["flag.arguments 6/spec/targeting/fractional/0/1"]],
    ["below nothing", [targeted({ fractional: [["on", -1]] })], ["flag.arguments 6/spec/targeting/fractional/0/1"]],
    [
      "beyond 31 bits together",
      [
        targeted({
          fractional: [
            ["on", 2 ** 31 - 1],
            ["off", 1],
          ],
        }),
      ],
      ["flag.arguments 6/spec/targeting/fractional"],
    ],
    ["without any", [targeted({ fractional: ["key"] })], ["flag.arguments 6/spec/targeting/fractional"]],
    ["by a number", [targeted({ fractional: [7, ["on", 1]] })], ["flag.arguments 6/spec/targeting/fractional/0"]],
    [
      "that are no lists",
      [targeted({ fractional: [["on", 1], "off"] })],
      ["flag.arguments 6/spec/targeting/fractional/1"],
    ],
  ],
  outcomes: [
    ["a variant of each branch", [targeted({ if: [{ var: "a" }, "on", { var: "b" }, "off", null] })], []],
    ["a branch that is none", [targeted({ if: [{ var: "a" }, "on", "of"] })], ["flag.variant 6/spec/targeting/if/2"]],
    [
      "a condition that slips through",
      [targeted({ and: [{ in: ["a", { var: "x" }] }, "on"] })],
      ["flag.variant 6/spec/targeting/and/0/in"],
    ],
    [
      "a condition of such variants",
      [targeted({ "==": [1, { var: "a" }] }, { variants: { true: true, false: false }, defaultVariant: "true" })],
      [],
    ],
    ["what a variable may bring", [targeted({ var: "variant" })], []],
  ],
  evaluators: [
    ["one that is referred to", [PAID, targeted({ if: [{ $ref: "paid" }, "on", "off"] })], []],
    ["one that is not there", [targeted({ if: [{ $ref: "payed" }, "on"] })], [`reference.unknown ${at("$ref")}`]],
    ["one that nobody refers to", [PAID], ["evaluator.unused? 6/metadata/name"]],
    [
      "one of another",
      [evaluator("b", { $ref: "paid" }), PAID, targeted({ if: [{ $ref: "b" }, { $ref: "paid" }] })],
      expect.arrayContaining(["flag.arguments 6/spec/logic/$ref"]),
    ],
    [
      "one with a slip",
      [evaluator("paid", { inn: [1, [2]] }), targeted({ if: [{ $ref: "paid" }, "on"] })],
      ["flag.operator 6/spec/logic/inn"],
    ],
    [
      "one that gives another variant",
      [evaluator("paid", { if: [true, "x"] }), targeted({ $ref: "paid" })],
      ["flag.variant 7/spec/targeting"],
    ],
  ],
  "values and defaults": [
    ["texts", [flag("a", { variants: { x: "1", y: "2" }, defaultVariant: "x" })], []],
    ["objects", [flag("a", { variants: { x: { deep: [1] } }, defaultVariant: "x" })], []],
    ["of two types", [flag("a", { variants: { x: "1", y: 2 }, defaultVariant: "x" })], ["flag.type 6/spec/variants/y"]],
    ["no default", [flag("a", { defaultVariant: null })], []],
    ["a day to be gone by", [flag("a", { staleAfter: "2027-01-31" })], []],
    ["a day that is none", [flag("a", { staleAfter: "2027-13-31" })], ["field.format 6/spec/staleAfter"]],
  ],
  regions: [
    [
      "another state and a share",
      [targeted({}, { regions: { eu: { state: "DISABLED" }, us: { rollout: { variant: "on", shareBps: 500 } } } })],
      [],
    ],
    [
      "a region that is none",
      [targeted({}, { regions: { europe: { state: "DISABLED" } } })],
      ["reference.unknown 6/spec/regions/europe"],
    ],
    ["nothing", [targeted({}, { regions: { eu: {} } })], ["field.choice 6/spec/regions/eu"]],
    [
      "a variant that is none",
      [targeted({}, { regions: { eu: { rollout: { variant: "onn", shareBps: 1 } } } })],
      ["flag.variant 6/spec/regions/eu/rollout/variant"],
    ],
    [
      "more than all",
      [targeted({}, { regions: { eu: { rollout: { variant: "on", shareBps: 10_001 } } } })],
      ["field.range 6/spec/regions/eu/rollout/shareBps"],
    ],
  ],
  uses: [
    [
      "a rule by true and false",
      [
        targeted({
          fractional: [
            ["on", 1],
            ["off", 1],
          ],
        }),
        steered("a"),
      ],
      [],
    ],
    [
      "a rule by texts",
      [flag("a", { variants: { x: "1" }, defaultVariant: "x" }), steered("a")],
      ["flag.type 5/spec/steering/0/when/flag"],
    ],
    [
      "a rule by the time",
      [asking({ "<": [{ var: "$flagd.timestamp" }, 9] }), steered("a")],
      [`flag.context ${at("</0/var")}`],
    ],
    [
      "a rule by what only SDKs know",
      [asking({ "==": [{ var: "email" }, "a"] }), steered("a")],
      [`flag.context? ${at("==/0/var")}`],
    ],
    ["a side by a variant", [flag("a"), service("web", { canaryFlag: { flag: "a", variant: "yes" } })], []],
    [
      "a side by a variant that is none",
      [flag("a"), service("web", { canaryFlag: { flag: "a", variant: "x" } })],
      ["flag.variant 2/spec/canaryFlag/variant"],
    ],
    [
      "a side by no flag",
      [service("web", { canaryFlag: { flag: "a", variant: "x" } })],
      ["reference.unknown 2/spec/canaryFlag/flag"],
    ],
    ["clusters that are handed it", [flag("a"), service("web", { flags: ["a"] })], []],
    ["clusters that are handed none", [service("web", { flags: ["b"] })], ["reference.unknown 2/spec/flags/0"]],
    ["a name that no header takes", [flag("2fa"), service("web", { flags: ["2fa"] })], ["field.format 2/spec/flags/0"]],
    [
      "more than a header takes",
      [flag("a", { variants: { x: "y".repeat(5_000) }, defaultVariant: "x" }), service("web", { flags: ["a"] })],
      ["limit.exceeded 2/spec/flags"],
    ],
    [
      "a gate with targeting",
      [
        targeted({ fractional: [["on", 1]] }),
        policy({
          safety: { gates: [{ name: "g", gate: { flags: ["a"] }, require: "OR", targets: { routes: ["web"] } }] },
        }),
      ],
      ["flag.type 7/spec/safety/gates/0/gate/flags/0"],
    ],
  ],
  limits: [
    [
      "of size",
      [
        targeted(
          { in: [{ var: "a" }, ["x".repeat(17_000)]] },
          { variants: { true: true, false: false }, defaultVariant: "true" },
        ),
      ],
      ["limit.exceeded 6/spec/targeting"],
    ],
    [
      "of number",
      [
        targeted(
          { in: [{ var: "a" }, Array.from({ length: 1_000 }, () => 1)] },
          { variants: { true: true, false: false }, defaultVariant: "true" },
        ),
      ],
      ["limit.exceeded 6/spec/targeting"],
    ],
    ["of depth", [targeted(nested(30))], [expect.stringMatching(/^(limit.exceeded|document.depth) /)]],
  ],
});

function nested(levels: number): object {
  return levels === 0 ? { var: "a" } : { "!": nested(levels - 1) };
}

test("the place is a JSON pointer, and what was probably meant stands beside it", () => {
  const { findings } = readFleet([...SOUND, asking({ starts_wiht: [{ var: "a" }, "b"] })], {
    environment: "production",
    development: false,
  });
  const found = findings.find(({ code }) => code === "flag.operator");
  expect(found && jsonPointer(found.path)).toBe("/6/spec/targeting/if/0/starts_wiht");
  expect(found?.didYouMean).toBe("starts_with");
});

/**
 * Assertions and gates, with the semantics of AWS Route 53 ARC: the API model's words are in the vectors
 * (boto/botocore, `route53-recovery-control-config`), and the cases here are our own copy of them.
 */
import { describe, expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import { evaluateSafety } from "../../../admin/core/safety/evaluate.ts";
import type { ChangeDirection } from "../../../admin/core/safety/safety-input.ts";
import type { Verdict } from "../../../admin/core/safety/verdict.ts";
import { isMet } from "../../../config/requirement.ts";
import { readVectors } from "../vectors.ts";
import {
  cluster,
  drainCluster,
  drainRegion,
  flag,
  inputOf,
  type Json,
  type Known,
  NOW_MS,
  override,
  policy,
  region,
  shift,
  stateOf,
  switched,
  told,
  web,
  worldBut,
  worldWithout,
} from "./world.ts";

type RuleType = "ATLEAST" | "AND" | "OR";
type AssertionCase = {
  readonly type: RuleType;
  readonly threshold?: number;
  readonly inverted?: boolean;
  /** The controls after the transaction, 1: on. */
  readonly after: readonly number[];
  readonly override?: boolean;
  readonly expected: "accepted" | "rejected";
};
type GatingCase = { readonly gate: readonly number[]; readonly type: RuleType; readonly expected: string };
type Vectors = { readonly assertion_cases: readonly AssertionCase[]; readonly gating_cases: readonly GatingCase[] };

const ASSERTIONS: readonly AssertionCase[] = [
  { type: "ATLEAST", threshold: 1, after: [0, 0], expected: "rejected" },
  { type: "ATLEAST", threshold: 1, after: [1, 0], expected: "accepted" },
  { type: "ATLEAST", threshold: 2, after: [1, 1, 0], expected: "accepted" },
  { type: "ATLEAST", threshold: 2, after: [1, 0, 0], expected: "rejected" },
  { type: "AND", after: [1, 1, 0], expected: "rejected" },
  { type: "AND", after: [1, 1, 1], expected: "accepted" },
  { type: "OR", after: [0, 0, 1], expected: "accepted" },
  { type: "OR", after: [0, 0, 0], expected: "rejected" },
  { type: "ATLEAST", threshold: 2, inverted: true, after: [1, 1, 0], expected: "rejected" },
  { type: "ATLEAST", threshold: 2, inverted: true, after: [1, 0, 0], expected: "accepted" },
  { type: "AND", inverted: true, after: [1, 1], expected: "rejected" },
  { type: "OR", inverted: true, after: [0, 0], expected: "accepted" },
  { type: "ATLEAST", threshold: 1, after: [0, 0], override: true, expected: "accepted" },
];
const GATES: readonly GatingCase[] = [
  { gate: [0], type: "OR", expected: "rejected" },
  { gate: [1], type: "OR", expected: "accepted" },
];
const vectors = readVectors<Vectors>("aws-arc-safety-rules.json");

type Kind = "regions" | "clusters" | "flags";
const NAMES: Readonly<Record<Kind, readonly string[]>> = {
  regions: ["eu", "us", "ap"],
  clusters: ["eu-web", "us-web", "ap-web"],
  flags: ["f0", "f1", "f2"],
};

/** What turns a control off. */
function off(kind: Kind, name: string): Json {
  if (kind === "regions") return drainRegion(name);
  return kind === "clusters" ? drainCluster(name) : switched(name, "DISABLED");
}

const requirement = ({ type, threshold, inverted }: Omit<AssertionCase, "after" | "expected">) => ({
  require: type,
  ...(threshold === undefined ? {} : { atLeast: threshold }),
  ...(inverted === true ? { inverted: true as const } : {}),
});

/** The world with its controls on or off, a Policy of these safety rules, and whatever else lives. */
function controlled(safety: object, kind: Kind, on: readonly number[], ...overlays: readonly Json[]): FleetState {
  const flags = NAMES.flags.map((name) => flag(name));
  const offs = on.flatMap((one, index) => (one === 1 ? [] : [off(kind, NAMES[kind][index] ?? "")]));
  return stateOf(worldBut(...flags, policy({ safety })), [...offs, ...overlays]);
}

function verdictOf(rule: string, before: FleetState, after: FleetState, known: Known = {}): Verdict {
  const found = evaluateSafety(inputOf(before, after, known)).find((verdict) => verdict.rule === rule);
  if (found === undefined) throw new Error(`no verdict of ${rule}`);
  return found;
}

/** All states of so many controls. */
function statesOf(controls: number): readonly (readonly number[])[] {
  return Array.from({ length: 2 ** controls }, (_, bits) =>
    Array.from({ length: controls }, (_unused, index) => (bits >> index) & 1),
  );
}

function onIn(state: readonly number[]): number {
  return state.filter((one) => one === 1).length;
}

describe.each<Kind>(["regions", "clusters", "flags"])("assertions on %s", (kind) => {
  const safetyOf = (one: AssertionCase) => ({
    assertions: [
      { name: "a", controls: { [kind]: NAMES[kind].slice(0, one.after.length) }, ...requirement(one), wait: "off" },
    ],
  });

  test.each([...ASSERTIONS, ...(vectors?.assertion_cases ?? [])])("%j", (one) => {
    const safety = safetyOf(one);
    const glass = one.override === true ? [override(["assertion/a"])] : [];
    const rule = requirement(one);
    const sound = statesOf(one.after.length).filter((state) => isMet(rule, { on: onIn(state), of: state.length }));
    expect(sound.length).toBeGreaterThan(0);
    for (const before of sound) {
      const after = controlled(safety, kind, one.after, ...glass);
      const { outcome, numbers } = verdictOf("assertion/a", controlled(safety, kind, before, ...glass), after);
      const accepted = one.override === true ? "overridden" : "pass";
      expect(outcome).toBe(one.expected === "accepted" ? accepted : "deny");
      expect(numbers).toMatchObject({ on: onIn(one.after), of: one.after.length });
    }
  });
});

describe("assertions between broken states", () => {
  const TWO = {
    assertions: [{ name: "a", controls: { regions: NAMES.regions }, require: "ATLEAST", atLeast: 2, wait: "off" }],
  };
  const FEW = { assertions: [{ ...TWO.assertions[0], inverted: true }] };
  const NONE = {};

  // biome-ignore format: a table reads in columns
  test.each<[string, FleetState, FleetState, string]>([
    ["nothing to do with it",            controlled(TWO, "regions", [1, 0, 0]),  controlled(TWO, "regions", [1, 0, 0], shift("europe", { us: 1 })), "warn"],
    ["nearer",                           controlled(TWO, "regions", [0, 0, 0]),  controlled(TWO, "regions", [1, 0, 0]),                             "warn"],
    ["further away",                     controlled(TWO, "regions", [1, 0, 0]),  controlled(TWO, "regions", [0, 0, 0]),                             "deny"],
    ["one for another",                  controlled(TWO, "regions", [1, 0, 0]),  controlled(TWO, "regions", [0, 1, 0]),                             "deny"],
    ["inverted, nearer",                 controlled(FEW, "regions", [1, 1, 1]),  controlled(FEW, "regions", [0, 1, 1]),                             "warn"],
    ["inverted, further away",           controlled(FEW, "regions", [1, 1, 0]),  controlled(FEW, "regions", [1, 1, 1]),                             "deny"],
    ["a rule that is broken when it comes", controlled(NONE, "regions", [1, 0, 0]), controlled(TWO, "regions", [1, 0, 0]),                          "deny"],
    ["a rule that holds when it comes",  controlled(NONE, "regions", [1, 1, 0]), controlled(TWO, "regions", [1, 1, 0]),                             "pass"],
    ["a rule that goes as it is broken", controlled(TWO, "regions", [1, 1, 0]),  controlled(NONE, "regions", [1, 0, 0]),                            "deny"],
    ["a control that is removed",        controlled(TWO, "regions", [1, 1, 0]),  stateOf(worldWithout(["Region/us", "Cluster/us-web", "Route/web"], worldBut(policy({}))), [drainRegion("ap")]), "deny"],
  ])("%s", (_, before, after, outcome) => {
    expect(verdictOf("assertion/a", before, after).outcome).toBe(outcome);
  });

  test("a cluster is off while its region is", () => {
    const safety = { assertions: [{ name: "a", controls: { clusters: ["eu-web"] }, require: "AND", wait: "off" }] };
    const on = controlled(safety, "clusters", [1, 1, 1]);
    expect(verdictOf("assertion/a", on, controlled(safety, "regions", [0, 1, 1])).outcome).toBe("deny");
    const idle = stateOf(worldBut(policy({ safety }), cluster("eu-web", { weight: 0 })));
    expect(verdictOf("assertion/a", on, idle).outcome).toBe("deny");
  });

  test("the sentence has the numbers", () => {
    const verdict = verdictOf(
      "assertion/a",
      controlled(TWO, "regions", [1, 1, 0]),
      controlled(TWO, "regions", [0, 1, 0]),
    );
    expect(verdict.sentence).toBe('The assertion "a" asks for at least 2 of 3 on; after the change 1 of 3 is (us).');
  });
});

describe("the wait of an assertion", () => {
  const turned = (control: string, agoMs: number): ControlChange => ({
    control,
    direction: "on",
    deltasBps: {},
    atMs: NOW_MS - agoMs,
  });
  const judge = (fields: object, history: readonly ControlChange[], direction: ChangeDirection = "change") => {
    const rule = { name: "a", controls: { regions: ["eu", "us"] }, require: "OR", ...fields };
    const safety = { assertions: [rule], waitSame: "off", waitOpposite: "off" };
    const before = controlled(safety, "regions", [1, 1, 1]);
    return told(verdictOf("assertion/a", before, controlled(safety, "regions", [0, 1, 1]), { history, direction }));
  };

  // biome-ignore format: a table reads in columns
  test.each<[string, object, readonly ControlChange[], ChangeDirection, string]>([
    ["nothing before",                  {},                                [],                             "change",   "pass"],
    ["the other control, at once",      {},                                [turned("region/us", 0)],       "change",   "deny 5000"],
    ["the other control, 4.999 s ago",  {},                                [turned("region/us", 4_999)],   "change",   "deny 1"],
    ["the other control, 5 s ago",      {},                                [turned("region/us", 5_000)],   "change",   "pass"],
    ["the same control",                {},                                [turned("region/eu", 0)],       "change",   "deny 5000"],
    ["no control of it",                {},                                [turned("region/ap", 0)],       "change",   "pass"],
    ["a minute",                        { wait: "1m" },                    [turned("region/us", 9_000)],   "change",   "deny 51000"],
    ["off",                             { wait: "off" },                   [turned("region/us", 0)],       "change",   "pass"],
    ["what comes back waits",           {},                                [turned("region/us", 0)],       "comeback", "deny 5000"],
    ["what is safe does not",           {},                                [turned("region/us", 0)],       "safe",     "pass"],
    ["what undoes is told",             {},                                [turned("region/us", 0)],       "undo",     "warn"],
    ["a region's clusters",             { controls: { clusters: ["eu-web", "us-web"] } }, [turned("cluster/us-web", 0)], "change", "deny 5000"],
    ["a cluster's region",              { controls: { clusters: ["eu-web", "us-web"] } }, [turned("region/us", 0)], "change", "deny 5000"],
    ["a change that is on none of it",  { controls: { regions: ["ap"] } }, [turned("region/ap", 0)],       "change",   "pass"],
    ["a broken state says so first",    { require: "AND" },                [turned("region/us", 0)],       "change",   "deny"],
  ])("%s", (_, fields, history, direction, verdict) => {
    expect(judge(fields, history, direction)).toBe(`assertion/a ${verdict}`);
  });
});

describe("gates", () => {
  const gateOf = (one: GatingCase, targets: object) => ({
    gates: [{ name: "g", gate: { flags: NAMES.flags.slice(0, one.gate.length) }, ...requirement(one), targets }],
  });

  test.each([...GATES, ...(vectors?.gating_cases ?? [])])("%j", (one) => {
    const safety = gateOf(one, { regions: ["eu"] });
    const { outcome, numbers } = verdictOf(
      "gate/g",
      controlled(safety, "flags", one.gate),
      controlled(safety, "flags", one.gate, drainRegion("eu")),
    );
    expect(outcome).toBe(one.expected === "accepted" ? "pass" : "deny");
    expect(numbers).toMatchObject({ on: onIn(one.gate), of: one.gate.length, targets: ["region/eu"] });
  });

  const CLOSED: GatingCase = { gate: [0], type: "OR", expected: "rejected" };
  const closed = (targets: object, ...overlays: readonly Json[]) =>
    controlled(gateOf(CLOSED, targets), "flags", [0], ...overlays);
  const beta = [{ name: "b", when: { flag: "f1" }, weights: { us: 1 } }];

  // biome-ignore format: a table reads in columns
  test.each<[string, object, FleetState, string]>([
    // targets, change                          targets                      after                                                                    verdict
    ["a region, its drain",                     { regions: ["eu"] },         closed({ regions: ["eu"] }, drainRegion("eu")),                          "deny"],
    ["a region, another's drain",               { regions: ["us"] },         closed({ regions: ["us"] }, drainRegion("eu")),                          "notEvaluated"],
    ["a region, weights away from it",          { regions: ["eu"] },         closed({ regions: ["eu"] }, shift("europe", { eu: 1, us: 1 })),          "deny"],
    ["a region, weights of others",             { regions: ["ap"] },         closed({ regions: ["ap"] }, shift("europe", { eu: 1, us: 1 })),          "notEvaluated"],
    ["a cluster, its drain",                    { clusters: ["eu-web"] },    closed({ clusters: ["eu-web"] }, drainCluster("eu-web")),                "deny"],
    ["a cluster, its region's drain",           { clusters: ["eu-web"] },    closed({ clusters: ["eu-web"] }, drainRegion("eu")),                     "deny"],
    ["a route, its weights",                    { routes: ["web"] },         closed({ routes: ["web"] }, shift("europe", { eu: 1, us: 1 })),          "deny"],
    ["a route, a freeze",                       { routes: ["web"] },         closed({ routes: ["web"] }, override(["stepMax"])),                      "notEvaluated"],
    ["another flag",                            { flags: ["f1"] },           closed({ flags: ["f1"] }, switched("f1", "DISABLED")),                   "deny"],
    ["a region, its document",                  { regions: ["eu"] },         stateOf(worldBut(...NAMES.flags.map((name) => flag(name)), policy({ safety: gateOf(CLOSED, { regions: ["eu"] }) }), region("eu", { capacity: { requestsPerSecond: 9 } })), [switched("f0", "DISABLED")]), "deny"],
    ["a route, a flag of its rule",             { routes: ["web"] },         stateOf(worldBut(...NAMES.flags.map((name) => flag(name)), policy({ safety: gateOf(CLOSED, { routes: ["web"] }) }), web({ eu: 100 }, undefined, { steering: beta })), [switched("f0", "DISABLED")]), "deny"],
    ["the change opens it",                     { regions: ["eu"] },         controlled(gateOf(CLOSED, { regions: ["eu"] }), "flags", [1], drainRegion("eu")), "pass"],
  ])("%s", (_, targets, after, outcome) => {
    expect(verdictOf("gate/g", closed(targets), after).outcome).toBe(outcome);
  });

  test("one that the change closes holds for the change, and one that is new does not", () => {
    const safety = gateOf(CLOSED, { regions: ["eu"] });
    const open = controlled(safety, "flags", [1]);
    expect(verdictOf("gate/g", open, controlled(safety, "flags", [0], drainRegion("eu"))).outcome).toBe("deny");
    const before = controlled({}, "flags", [0]);
    const rules = evaluateSafety(inputOf(before, controlled(safety, "flags", [0], drainRegion("eu"))));
    expect(rules.filter(({ rule }) => rule === "gate/g")).toEqual([]);
  });

  test("the sentence says what it asks for", () => {
    const targets = { regions: ["eu"] };
    expect(verdictOf("gate/g", closed(targets), closed(targets, drainRegion("eu"))).sentence).toBe(
      'The gate "g" asks for at least 1 of 1 on, and 0 are: region eu may not be changed.',
    );
  });
});

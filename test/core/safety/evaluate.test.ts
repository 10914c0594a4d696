/** All rules on one change: which of them speak, which way changes go past them, and how the glass is broken. */
import { describe, expect, test } from "vitest";
import { BINDING } from "../../../admin/core/safety/binding.ts";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import { evaluateSafety } from "../../../admin/core/safety/evaluate.ts";
import { ruleIdsOf } from "../../../admin/core/safety/rule-ids.ts";
import type { ChangeDirection } from "../../../admin/core/safety/safety-input.ts";
import {
  cluster,
  drainRegion,
  frozen,
  inputOf,
  type Json,
  type Known,
  NOW_MS,
  override,
  policy,
  projectionOf,
  returned,
  rotation,
  shift,
  stateOf,
  told,
  WORLD,
  worldBut,
  worldWithout,
} from "./world.ts";

const live = (...overlays: readonly Json[]) => stateOf(WORLD, overlays);
const RULES = {
  assertions: [
    { name: "z", controls: { regions: ["eu"] }, require: "AND" },
    { name: "a", controls: { regions: ["eu"] }, require: "AND" },
  ],
  gates: [{ name: "g", gate: { regions: ["eu"] }, require: "AND", targets: { routes: ["web"] } }],
};
const assertingWorld = worldBut(policy({ safety: RULES }));

test("every rule speaks every time, in one order", () => {
  const state = stateOf(assertingWorld);
  const spoken = evaluateSafety(inputOf(state, state)).map(({ rule }) => rule);
  expect(spoken).toEqual([...ruleIdsOf({}), "assertion/a", "assertion/z", "gate/g"]);
  expect([...spoken].sort()).toEqual([...ruleIdsOf(state.fleet)].sort());
});

test("a plain drain passes whatever has something to say", () => {
  const verdicts = evaluateSafety(inputOf(live(), live(drainRegion("eu")), { direction: "safe" }));
  expect(verdicts.map(told)).toEqual([
    "acceptingRegions pass",
    "healthyClusters pass",
    "capacity notEvaluated",
    "stepMax notEvaluated",
    "shiftPerHour notEvaluated",
    "midChange notEvaluated",
    "waitSame notEvaluated",
    "waitOpposite notEvaluated",
    "freeze notEvaluated",
    "incident notEvaluated",
    "errorBudget notEvaluated",
    "removal notEvaluated",
    "secretPresence notEvaluated",
    "secretUse notEvaluated",
  ]);
});

/** For each rule a change that it denies, or has approved, when it binds. */
const BREAKING: Readonly<Record<string, () => Parameters<typeof inputOf>>> = {
  acceptingRegions: () => [
    live(),
    stateOf(
      WORLD,
      ["eu", "us", "ap"].map((name) => drainRegion(name)),
    ),
  ],
  healthyClusters: () => [
    live(),
    live(drainRegion("eu")),
    {
      health: new Map([
        ["us-web", "unhealthy"],
        ["ap-web", "unhealthy"],
      ]),
    },
  ],
  capacity: () => [
    live(),
    live(drainRegion("eu")),
    { projections: { before: projectionOf({ us: { rate: 1 } }), after: projectionOf({ us: { rate: 101 } }) } },
  ],
  stepMax: () => [live(), live(shift("europe", { us: 1 }))],
  shiftPerHour: () => [live(), live(shift("europe", { us: 1 })), { history: [shifted(1)] }],
  midChange: () => [
    live(drainRegion("eu", LEAVING)),
    live(drainRegion("eu", LEAVING), returned("us", NOW_MS), shift("europe", { us: 1 })),
    { projections: { before: projectionOf({ us: { share: 9_000 } }), after: projectionOf({}) } },
  ],
  waitSame: () => [live(), live(shift("europe", { us: 1 })), { history: [shifted(1)] }],
  waitOpposite: () => [live(), live(shift("europe", { us: 1 })), { history: [shifted(-1)] }],
  freeze: () => [live(frozen()), live(frozen(), drainRegion("eu"))],
  incident: () => [live(), live(drainRegion("eu")), { incidents: [{ id: "a", severity: 1, title: "a" }] }],
  errorBudget: () => [
    stateOf(frugalWorld),
    stateOf(frugalWorld, [shift("europe", { eu: 1, us: 1 })]),
    { budgets: [{ service: "web", region: "us", sli: "availability", state: "spent", remainingPpm: 0 }] },
  ],
  removal: () => [live(), stateOf(worldWithout(["Cluster/us-web", "Cluster/ap-web"]))],
  secretPresence: () => [stateOf(secretWorld), stateOf(secretWorld, [rotation({ stage: "active" })])],
  secretUse: () => [
    stateOf(secretWorld, [rotation({ stage: "active" })]),
    stateOf(secretWorld, [rotation({ stage: "revoked" })]),
  ],
  "assertion/a": () => [stateOf(assertingWorld), stateOf(assertingWorld, [drainRegion("eu")])],
  "gate/g": () => [
    stateOf(assertingWorld),
    stateOf(assertingWorld, [drainRegion("eu"), shift("europe", { eu: 1, us: 1 })]),
  ],
};
const frugalWorld = worldBut(policy({ safety: { errorBudgetMinPercent: 0 } }));
const secretWorld = worldBut(cluster("eu-web", { reports: { secrets: [{ name: "db", version: "v1" }] } }));
const LEAVING = { mode: "graceful", deadlineMs: NOW_MS + 9 };

function shifted(sign: 1 | -1): ControlChange {
  const deltasBps = { eu: -5_000 * sign, us: 5_000 * sign };
  return { control: "weights/web/europe", direction: "shift", deltasBps, atMs: NOW_MS };
}

function outcomeOf(rule: string, known: Known = {}, glass: readonly Json[] = []): string | undefined {
  const [before, after, more] = BREAKING[rule]?.() ?? [live(), live()];
  const opened = stateOf([], glass).overlays;
  const input = inputOf(before, { ...after, overlays: [...after.overlays, ...opened] }, { ...more, ...known });
  return evaluateSafety(input).find((verdict) => verdict.rule === rule)?.outcome;
}

describe("which way a change goes", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // rule               change      comeback        safe            undo
    ["acceptingRegions",  "deny",     "deny",         "deny",         "deny"],
    ["healthyClusters",   "deny",     "deny",         "deny",         "deny"],
    ["capacity",          "deny",     "deny",         "warn",         "deny"],
    ["stepMax",           "deny",     "deny",         "notEvaluated", "warn"],
    ["shiftPerHour",      "deny",     "deny",         "notEvaluated", "warn"],
    ["midChange",         "deny",     "deny",         "notEvaluated", "warn"],
    ["waitSame",          "deny",     "deny",         "notEvaluated", "warn"],
    ["waitOpposite",      "deny",     "deny",         "notEvaluated", "warn"],
    ["freeze",            "deny",     "deny",         "notEvaluated", "deny"],
    ["incident",          "deny",     "deny",         "notEvaluated", "notEvaluated"],
    ["errorBudget",       "deny",     "warn",         "notEvaluated", "notEvaluated"],
    ["removal",           "approve",  "notEvaluated", "notEvaluated", "approve"],
    ["secretPresence",    "deny",     "deny",         "deny",         "deny"],
    ["secretUse",         "deny",     "deny",         "deny",         "deny"],
    ["assertion/a",       "deny",     "deny",         "deny",         "deny"],
    ["gate/g",            "deny",     "deny",         "deny",         "deny"],
  ])("%s", (rule, ...outcomes) => {
    const directions: readonly ChangeDirection[] = ["change", "comeback", "safe", "undo"];
    expect(directions.map((direction) => outcomeOf(rule, { direction }))).toEqual(outcomes);
  });

  test("the table has a row for each rule", () => {
    const kinds = Object.keys(BREAKING).map((rule) => rule.split("/")[0]);
    expect(new Set([...kinds, "assertionWait"])).toEqual(new Set(Object.keys(BINDING)));
  });

  test("what is only told does not say when to come back", () => {
    const history = [shifted(1)];
    const input = inputOf(live(), live(shift("europe", { us: 1 })), { history, direction: "undo" });
    const verdicts = evaluateSafety(input);
    expect(verdicts.filter(({ outcome }) => outcome === "warn").map(({ rule }) => rule)).toContain("waitSame");
    expect(verdicts.filter(({ retryAfterMs }) => retryAfterMs !== undefined)).toEqual([]);
  });
});

describe("overrides", () => {
  test.each(Object.keys(BREAKING).filter((rule) => rule !== "removal"))("%s can be overridden by its name", (rule) => {
    expect(outcomeOf(rule, {}, [override([rule])])).toBe("overridden");
    expect(outcomeOf(rule, {}, [override(["nothing"])])).toBe("deny");
  });

  // biome-ignore format: a table reads in columns
  test.each<[string, readonly Json[], readonly Json[], string]>([
    // override                       before                                             after                                              outcome
    ["none",                          [],                                                [],                                                "deny"],
    ["that comes with the change",    [],                                                [override(["stepMax"])],                           "overridden"],
    ["that was there",                [override(["stepMax"])],                           [override(["stepMax"])],                           "overridden"],
    ["that the change lifts",         [override(["stepMax"])],                           [],                                                "overridden"],
    ["a moment before its end",       [override(["stepMax"], { expiresAtMs: NOW_MS + 1 })], [],                                             "overridden"],
    ["that is over",                  [override(["stepMax"], { expiresAtMs: NOW_MS })],  [],                                                "deny"],
    ["of another rule",               [],                                                [override(["waitSame"])],                          "deny"],
    ["of several",                    [],                                                [override(["waitSame", "stepMax"])],               "overridden"],
  ])("%s", (_, before, after, outcome) => {
    const input = inputOf(live(...before), live(...after, shift("europe", { us: 1 })));
    expect(evaluateSafety(input).find(({ rule }) => rule === "stepMax")?.outcome).toBe(outcome);
  });

  test("is no second person: what needs one still does", () => {
    expect(outcomeOf("removal", {}, [override(["removal"])])).toBe("approve");
  });

  test("the sentence keeps the numbers and names the override", () => {
    const input = inputOf(live(), live(override(["stepMax"]), shift("europe", { us: 1 })));
    expect(evaluateSafety(input).find(({ rule }) => rule === "stepMax")?.sentence).toBe(
      'us gets 100% more of web/europe; 50% is the most in one step. The override "fire" lets it pass.',
    );
  });
});

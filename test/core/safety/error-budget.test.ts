/** A spent error budget: what still gets through, and what does not. */
import { describe, expect, test } from "vitest";
import type { BudgetState } from "../../../admin/core/objectives/budget-state.ts";
import { type ResolvedSafety, resolvePolicy } from "../../../admin/core/safety/defaults.ts";
import { evaluateSafety } from "../../../admin/core/safety/evaluate.ts";
import { errorBudget } from "../../../admin/core/safety/rules/error-budget.ts";
import type { ChangeDirection } from "../../../admin/core/safety/safety-input.ts";
import {
  cluster,
  drainRegion,
  examined,
  frozen,
  inputOf,
  type Json,
  override,
  policy,
  route,
  service,
  shift,
  stateOf,
  told,
  WORLD,
  web,
  worldBut,
} from "./world.ts";

const MIN: ResolvedSafety = { ...resolvePolicy({}), errorBudgetMinPercent: 0 };

function budget(region: string, remainingPpm: number | undefined, fields: Partial<BudgetState> = {}): BudgetState {
  const known = remainingPpm === undefined ? {} : { remainingPpm };
  return { service: "web", region, sli: "availability", state: "left", ...known, ...fields };
}

const SPENT = [budget("eu", -100_000), budget("us", 400_000), budget("ap", 1_000_000), budget("none", -1)];
const live = (...overlays: readonly Json[]) => stateOf(WORLD, overlays);
const changed = (...documents: readonly Json[]) => stateOf(worldBut(...documents));
const other = {
  ...route("other", { service: "api", match: { hosts: ["api.example.org"] }, default: { weights: { eu: 1 } } }),
};
const API = [service("api"), cluster("eu-api", { region: "eu", service: "api" }), other];

describe("with a budget spent in eu", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // what                                     after                                                            says
    ["nothing",                                 live(),                                                          "notEvaluated"],
    ["more goes there",                         changed(web({ eu: 50, us: 50 }, { eu: 9, us: 1, ap: 2 })),       "deny"],
    ["less goes there",                         live(shift("europe", { eu: 1, us: 1 })),                         "pass"],
    ["a cluster of it changes",                 changed(cluster("eu-web", { endpoint: "https://b.example.com" })), "deny"],
    ["a cluster elsewhere changes",             changed(cluster("us-web", { region: "us", endpoint: "https://b.example.com" })), "pass"],
    ["the service changes",                     changed(service("web", { retries: { attemptsMax: 1 } })),        "deny"],
    ["another service comes",                   changed(...API),                                                 "notEvaluated"],
    ["a freeze",                                live(frozen()),                                                  "notEvaluated"],
  ] as const)("%s: %s", (_, after, outcome) => {
    expect(errorBudget(examined(live(), after, { budgets: SPENT }), MIN).outcome).toBe(outcome);
  });

  test("the sentence says of which, how much must be left, and what gets through", () => {
    const after = changed(service("web", { retries: { attemptsMax: 1 } }));
    const { sentence, numbers } = errorBudget(examined(live(), after, { budgets: SPENT }), MIN);
    expect(sentence).toBe(
      "0% of the error budget of web in eu (availability) is left, and more than 0% must be: until then only rollbacks, drains and what takes traffic away pass, and fixes with an override of errorBudget.",
    );
    expect(numbers).toEqual({ minPercent: 0, budgets: ["web/eu/availability"] });
  });
});

describe("how much must be left", () => {
  const after = changed(service("web", { retries: { attemptsMax: 1 } }));

  // biome-ignore format: a table reads in columns
  test.each([
    // left         must be      says
    [0,             0,           "deny"],
    [1,             0,           "pass"],
    [200_000,       20,          "deny"],
    [200_001,       20,          "pass"],
    [undefined,     0,           "notEvaluated"],
    [-1,            undefined,   "notEvaluated"],
  ])("%s ppm of %s%%: %s", (left, errorBudgetMinPercent, outcome) => {
    const change = examined(live(), after, { budgets: [budget("eu", left)] });
    expect(errorBudget(change, { ...MIN, errorBudgetMinPercent }).outcome).toBe(outcome);
  });

  test("when nobody can say, nothing is claimed", () => {
    const verdict = errorBudget(examined(live(), after), MIN);
    expect(verdict).toMatchObject({ outcome: "notEvaluated", sentence: expect.stringContaining("cannot be read") });
  });
});

describe("which way a change goes", () => {
  const strict = policy({ safety: { errorBudgetMinPercent: 0 } });
  const retried = service("web", { retries: { attemptsMax: 1 } });
  const verdict = (direction: ChangeDirection, ...overlays: readonly Json[]) => {
    const before = stateOf(worldBut(strict), overlays);
    const after = stateOf(worldBut(strict, retried), overlays);
    const all = evaluateSafety(inputOf(before, after, { direction, budgets: SPENT }));
    return all.filter(({ rule }) => rule === "errorBudget").map(told);
  };

  test("rollbacks and drains are free, what comes back is warned of, anything else is refused", () => {
    expect([verdict("undo"), verdict("safe"), verdict("comeback"), verdict("change")].flat()).toEqual([
      ...["errorBudget notEvaluated", "errorBudget notEvaluated", "errorBudget warn", "errorBudget deny"],
    ]);
  });

  test("a fix gets through with an override that names the rule", () => {
    expect(verdict("change", override(["errorBudget"]))).toEqual(["errorBudget overridden"]);
  });

  test("without a word in the Policy nobody is asked", () => {
    const before = live(drainRegion("us"));
    const after = stateOf(worldBut(retried), [drainRegion("us")]);
    const all = evaluateSafety(inputOf(before, after, { budgets: SPENT }));
    expect(all.filter(({ rule }) => rule === "errorBudget").map(told)).toEqual(["errorBudget notEvaluated"]);
  });
});

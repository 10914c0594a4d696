/** What others know of error budgets: how much is left of each, and nothing of how that came. */
import type { ObjectiveFigures } from "../metrics/figures.ts";
import type { Budget, ObjectiveReport } from "./judge.ts";
import type { Sli } from "./objective.ts";

/** For safety rules. */
export type BudgetState = {
  readonly service: string;
  readonly region: string;
  readonly sli: Sli;
  readonly state: Budget["state"];
  /** Of the whole, in parts per million; absent when nothing can be said. */
  readonly remainingPpm?: number;
};

export function budgetStateOf({ objective, budget }: ObjectiveReport): BudgetState {
  const { service, region, sli } = objective;
  const { state, remainingPpm } = budget;
  return { service, region, sli, state, ...(remainingPpm === undefined ? {} : { remainingPpm }) };
}

/** For metrics. */
export function objectiveFiguresOf({ objective, budget }: ObjectiveReport): ObjectiveFigures[number] {
  const { service, region, sli, targetPpm } = objective;
  const { remainingPpm } = budget;
  return { service, region, sli, targetPpm, ...(remainingPpm === undefined ? {} : { remainingPpm }) };
}

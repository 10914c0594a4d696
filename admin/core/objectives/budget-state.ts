/** What safety rules know of error budgets: how much is left of each, and nothing of how that came. */
import type { Budget, ObjectiveReport } from "./judge.ts";
import type { Sli } from "./objective.ts";

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

/** What the safety rules are given: the state before and after the whole change, and what is known besides. */
import type { HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import type { FleetState } from "../changes/state.ts";
import type { BudgetState } from "../objectives/budget-state.ts";
import type { Projection } from "../plan/projection.ts";
import type { Statuses } from "../status/statuses.ts";
import type { ControlChange } from "./control-change.ts";

export type OpenIncident = {
  readonly id: string;
  /** 1 is the worst. */
  readonly severity: 1 | 2 | 3;
  readonly title: string;
};

/**
 * `safe`: the change only takes traffic away or forbids changes (drain, freeze), so that fewest rules stand in its way.
 * `comeback`: traffic returns (undrain, an expired drain). `undo`: back to a state that was in force before (restore,
 * withdraw), so that rules against going too fast into the unknown only warn. `change`: anything else.
 */
export type ChangeDirection = "safe" | "comeback" | "undo" | "change";

export type SafetyInput = {
  readonly direction: ChangeDirection;
  readonly before: FleetState;
  readonly after: FleetState;
  readonly snapshots: { readonly before: Snapshot; readonly after: Snapshot };
  readonly projections: { readonly before: Projection; readonly after: Projection };
  /** By cluster; absent when the prober did not answer. A cluster that is missing is unknown. */
  readonly health: ReadonlyMap<string, HealthState> | undefined;
  /** What has been turned within the last hour, in any order. */
  readonly history: readonly ControlChange[];
  readonly incidents: readonly OpenIncident[];
  /** What clusters report to run; absent when that is not known. */
  readonly statuses?: Statuses | undefined;
  /** How far the data of clusters is behind, in milliseconds; those that do not say are missing. */
  readonly lagMs?: ReadonlyMap<string, number> | undefined;
  /** What is left of error budgets; absent when that is not known, or no rule asks. */
  readonly budgets?: readonly BudgetState[] | undefined;
  readonly nowMs: number;
};

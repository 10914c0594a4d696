/**
 * The reasoning of the commit path on one change: the state it would make, what the safety rules say of it, and whether a
 * second person is due. Who may ask, the precondition and the writing are the caller's. Pure: the same world and the same
 * change give the same answer, for a dry run as for the commit.
 */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import type { HealthState } from "../../../config/health.ts";
import type { Action } from "../../../config/policy.ts";
import { ok, type Result } from "../../../config/result.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { actionsOf, type Mutation, type MutationContext, type Proposal } from "../changes/mutation.ts";
import { propose } from "../changes/propose.ts";
import type { FleetState } from "../changes/state.ts";
import type { BudgetState } from "../objectives/budget-state.ts";
import type { Demand, Projection } from "../plan/projection.ts";
import type { ControlChange } from "../safety/control-change.ts";
import { controlChangesBetween } from "../safety/control-changes.ts";
import { rulesInForce } from "../safety/defaults.ts";
import { evaluateSafety } from "../safety/evaluate.ts";
import { lookedBackAt } from "../safety/looked-back-at.ts";
import type { OpenIncident, SafetyInput } from "../safety/safety-input.ts";
import { denials, type Verdict } from "../safety/verdict.ts";
import type { Statuses } from "../status/statuses.ts";
import { type ApprovalsDue, approvalsDue } from "./approvals-due.ts";
import { directionOf } from "./direction.ts";
import { type NextState, nextState, type StoredState } from "./next-state.ts";

/** What is known besides the state, at one moment. */
export type World = {
  readonly nowMs: number;
  readonly health: ReadonlyMap<string, HealthState> | undefined;
  /** What was turned of these controls within the last hour, oldest first. */
  readonly recentChanges: (controls: readonly string[]) => readonly ControlChange[];
  readonly incidents: readonly OpenIncident[];
  readonly demand: Demand;
  /** What clusters report to run; undefined when the status object did not answer, or was not asked. */
  readonly statuses?: Statuses | undefined;
  /** What is left of error budgets; undefined when nobody answered, or no rule asks. */
  readonly budgets?: readonly BudgetState[] | undefined;
  /** How far the data of clusters is behind, in milliseconds; those that do not say are missing. */
  readonly lagMs?: ReadonlyMap<string, number> | undefined;
};

/** How a state is compiled and projected; the caller keeps what it has made of the target. */
export type Compiler = {
  readonly snapshotOf: (state: FleetState) => Snapshot;
  readonly projectionOf: (state: FleetState, world: World) => Projection;
};

export type Considered = {
  readonly proposal: Proposal;
  /** Undefined when there is nothing to change. */
  readonly next: NextState | undefined;
  readonly safety: SafetyInput;
  readonly verdicts: readonly Verdict[];
  readonly approvals: ApprovalsDue;
  /** What the change turns, for the history that waits and sums go by. */
  readonly controls: readonly ControlChange[];
};

export type ConsiderInput = {
  readonly target: StoredState;
  readonly mutation: Mutation;
  readonly context: MutationContext;
  readonly world: World;
  readonly compiler: Compiler;
  /** While a revision is tried at one vantage: what everybody else is served instead of a state. */
  readonly wide?: (state: FleetState) => FleetState | undefined;
};

export function consider(input: ConsiderInput): Result<Considered, AdminRefusal> {
  const proposal = propose(input.target.state, input.mutation, input.context);
  return proposal.ok ? ok(considerProposal(input, proposal.value)) : proposal;
}

/** The same of a proposal that is there already; the mutation still says which way it goes. */
export function considerProposal(input: ConsiderInput, proposal: Proposal): Considered {
  const { target, mutation } = input;
  const next = nextState(target, proposal);
  const after = next?.stored.state ?? target.state;
  const { safety, controls } = safetyInput(input, after);
  // Nothing changes, so there is nothing for a rule to refuse: asking twice for the same is no offence.
  const verdicts = next === undefined ? [] : [...evaluateSafety(safety), ...elsewhere(input, safety)];
  const actions = next === undefined ? [] : requestedActions(mutation);
  return { proposal, next, safety, verdicts, approvals: approvalsDue(target.state.fleet, actions, verdicts), controls };
}

/**
 * What must not wait reaches everybody, and most of them are not served what it was planned on: whether anything is left
 * to serve is asked of what they are served, too.
 */
function elsewhere({ wide, compiler, world }: ConsiderInput, safety: SafetyInput): readonly Verdict[] {
  if (safety.direction !== "safe" || wide === undefined) return [];
  const before = wide(safety.before);
  const after = wide(safety.after);
  if (before === undefined || after === undefined) return [];
  const verdicts = evaluateSafety({
    ...safety,
    before,
    after,
    snapshots: { before: compiler.snapshotOf(before), after: compiler.snapshotOf(after) },
    projections: { before: compiler.projectionOf(before, world), after: compiler.projectionOf(after, world) },
  });
  return denials(verdicts).map((verdict) => ({
    ...verdict,
    sentence: `Where revision ${safety.before.revision} is not served yet: ${verdict.sentence}`,
  }));
}

/** What the control plane does by itself waits for nobody. */
function requestedActions(mutation: Mutation): readonly Action[] {
  return mutation.kind === "expire" || mutation.kind === "withdraw" ? [] : actionsOf(mutation);
}

function safetyInput(
  { target, mutation, world, compiler }: ConsiderInput,
  after: FleetState,
): Pick<Considered, "safety" | "controls"> {
  const before = target.state;
  const compiled = {
    before: { state: before, snapshot: compiler.snapshotOf(before) },
    after: { state: after, snapshot: compiler.snapshotOf(after) },
  };
  const controls = controlChangesBetween(compiled.before, compiled.after, world.nowMs);
  const safety: SafetyInput = {
    direction: directionOf(mutation, before.overlays),
    before,
    after,
    snapshots: { before: compiled.before.snapshot, after: compiled.after.snapshot },
    projections: { before: compiler.projectionOf(before, world), after: compiler.projectionOf(after, world) },
    health: world.health,
    history: world.recentChanges(lookedBackAt(controls, compiled, rulesInForce(before, after))),
    incidents: world.incidents,
    statuses: world.statuses,
    lagMs: world.lagMs,
    budgets: world.budgets,
    nowMs: world.nowMs,
  };
  return { safety, controls };
}

/** The refusal that the denials come to, or undefined when there are none. The sentences of all of them are its detail. */
export function refusalOf(verdicts: readonly Verdict[]): AdminRefusal | undefined {
  const denied = denials(verdicts);
  if (denied.length === 0) return undefined;
  const waits = denied.map(({ retryAfterMs }) => retryAfterMs);
  const retryAfterMs = waits.every((wait) => wait !== undefined) ? Math.max(...waits) : undefined;
  return {
    code: "ruleDenied",
    detail: denied.map(({ sentence }) => sentence).join(" "),
    errors: denied.map(({ rule, sentence }) => ({ pointer: "", detail: sentence, code: `rule.${rule}` })),
    more: { verdicts },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

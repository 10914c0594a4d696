/**
 * What-if: plans a whole set of documents, a list of changes, or both, on the target or on a past revision, and replays
 * requests under the state before and after. Nothing is stored and nobody is asked.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { err, ok, type Result } from "../../config/result.ts";
import type { RequestedMutation, SingleMutation } from "../core/changes/mutation.ts";
import type { World } from "../core/commit/consider.ts";
import { consider } from "../core/commit/consider.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { ReplayRequest } from "../core/plan/replay.ts";
import type { History } from "./history.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Target } from "./target.ts";

export type Simulation = {
  /** In the place of all documents. */
  readonly documents?: readonly unknown[];
  /** One after the other, after the documents. */
  readonly mutations?: readonly SingleMutation[];
  /** The revision that all of it is done to; the target when absent. */
  readonly revision?: number;
  /** Decided before and after; those that edges have sampled when absent. */
  readonly requests?: readonly ReplayRequest[];
};

export type SimulationContext = {
  readonly world: World;
  readonly development: boolean;
  readonly target: Target;
  readonly history: History;
  readonly reckoning: Reckoning;
};

export function simulate(simulation: Simulation, context: SimulationContext): Result<Plan, AdminRefusal> {
  const { world, development, target, history, reckoning } = context;
  const base = simulation.revision === undefined ? target.stored : history.stored(simulation.revision);
  if (base === undefined)
    return err({ code: "revisionUnknown", detail: "There is no such revision, or its documents are no longer kept." });
  const mutation = mutationOf(simulation);
  const considered = consider({
    target: base,
    mutation,
    context: {
      author: "simulation",
      manager: "simulation",
      nowMs: world.nowMs,
      development,
      past: (revision) => history.state(revision),
    },
    world,
    compiler: reckoning,
  });
  if (!considered.ok) return considered;
  const requests = simulation.requests === undefined ? {} : { requests: simulation.requests };
  return ok(reckoning.plan({ mutation, considered: considered.value, base, world, ...requests }));
}

/** Ownership is not asked about: nothing is taken from anybody. */
function mutationOf({ documents, mutations = [] }: Simulation): RequestedMutation {
  const apply: readonly SingleMutation[] =
    documents === undefined ? [] : [{ kind: "apply", documents, reason: "a simulation", takeOver: true }];
  const rest = mutations.map((mutation) => (isOwned(mutation) ? { ...mutation, takeOver: true } : mutation));
  return { kind: "batch", mutations: [...apply, ...rest], reason: "a simulation" };
}

/** Guards, restores and alarms about secrets have no owner. */
function isOwned({ kind }: SingleMutation): boolean {
  return !["freeze", "liftFreeze", "override", "liftOverride", "restore", "compromiseSecret"].includes(kind);
}

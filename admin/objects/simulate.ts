/**
 * What-if: plans a whole set of documents, a list of changes, or both, on the target or on a past revision, and replays
 * requests under the state before and after. Nothing is stored and nobody is asked.
 */
import type { AdminProblemItem, AdminRefusal } from "../../config/admin-problems.ts";
import { sortedBy } from "../../config/order.ts";
import { Overlay, overlayKey } from "../../config/overlays.ts";
import { err, ok, type Result } from "../../config/result.ts";
import type { RequestedMutation, SingleMutation } from "../core/changes/mutation.ts";
import { propose } from "../core/changes/propose.ts";
import type { World } from "../core/commit/consider.ts";
import { considerProposal } from "../core/commit/consider.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { ReplayRequest } from "../core/plan/replay.ts";
import type { History } from "./history.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Target } from "./target.ts";

export type Simulation = {
  /** In the place of all documents. */
  readonly documents?: readonly unknown[];
  /** In the place of all live overlays, after everything else; as GET /v1/fleet has them. */
  readonly overlays?: readonly unknown[];
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
  const past = (revision: number) => history.state(revision);
  const asked = { author: "simulation", manager: "simulation", nowMs: world.nowMs, development, past };
  const proposal = propose(base.state, mutation, asked);
  if (!proposal.ok) return err(asAsked(proposal.error, simulation));
  const overlays = simulation.overlays === undefined ? ok(proposal.value.overlays) : readOverlays(simulation.overlays);
  if (!overlays.ok) return overlays;
  const considered = considerProposal(
    { target: base, mutation, context: asked, world, compiler: reckoning },
    { ...proposal.value, overlays: overlays.value },
  );
  const requests = simulation.requests === undefined ? {} : { requests: simulation.requests };
  return ok(reckoning.plan({ mutation, asked: simulation, considered, base, world, ...requests }));
}

/** With pointers into what was asked, where the documents are no change of the list. */
function asAsked(refusal: AdminRefusal, { documents }: Simulation): AdminRefusal {
  if (documents === undefined || refusal.errors === undefined) return refusal;
  const errors = refusal.errors.map((item) => ({
    ...item,
    pointer: item.pointer.replace(/^\/mutations\/(\d+)/, (_, index) =>
      index === "0" ? "" : `/mutations/${Number(index) - 1}`,
    ),
  }));
  return { ...refusal, errors };
}

/** Each parsed as the control plane keeps it, and one for each thing that it is on. */
function readOverlays(inputs: readonly unknown[]): Result<readonly Overlay[], AdminRefusal> {
  const parsed = inputs.map((input) => Overlay.safeParse(input));
  const overlays = parsed.flatMap(({ data }) => data ?? []);
  const keys = overlays.map(overlayKey);
  const errors = parsed.flatMap(({ success, data }, index): AdminProblemItem[] => {
    const pointer = `/overlays/${index}`;
    if (!success || data === undefined)
      return [{ pointer, detail: "This is no live overlay as GET /v1/fleet has them.", code: "overlay.shape" }];
    const first = keys.indexOf(overlayKey(data));
    const again = overlays.indexOf(data) !== first;
    return again ? [{ pointer, detail: `There is another ${overlayKey(data)}.`, code: "overlay.duplicate" }] : [];
  });
  if (errors.length > 0)
    return err({ code: "bodyInvalid", detail: "The overlays are not what they should be.", errors });
  return ok(sortedBy(overlays, overlayKey));
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

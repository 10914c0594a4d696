/** From the state and what is asked for to the state afterwards, or the reason why not. The one place that knows them all. */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { unreachable } from "../../../config/invariant.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { applyDocuments } from "./apply-documents.ts";
import { drain, undrain } from "./drains.ts";
import { expire } from "./expire.ts";
import { releaseFlag, switchFlag } from "./flags.ts";
import { freeze, liftFreeze, liftOverride, override } from "./guards.ts";
import type { Mutation, MutationContext, Outcome, Proposal, SingleMutation } from "./mutation.ts";
import { why } from "./provenance.ts";
import { restore, withdraw } from "./restore.ts";
import { compromiseSecret, revokeSecret, rotateSecret } from "./secrets.ts";
import { shiftWeights } from "./shift-weights.ts";
import type { FleetState } from "./state.ts";

export function propose(
  state: FleetState,
  mutation: Mutation,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  switch (mutation.kind) {
    case "batch":
      return proposeBatch(state, mutation, context);
    case "expire":
      return expire(state, mutation, context);
    case "withdraw":
      return withdraw(state, mutation, context);
    default:
      return proposeSingle(state, mutation, context);
  }
}

function proposeSingle(
  state: FleetState,
  mutation: SingleMutation,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  switch (mutation.kind) {
    case "apply":
      return applyDocuments(state, mutation, context);
    case "shiftWeights":
      return shiftWeights(state, mutation, context);
    case "drain":
      return drain(state, mutation, context);
    case "undrain":
      return undrain(state, mutation, context);
    case "switchFlag":
      return switchFlag(state, mutation, context);
    case "releaseFlag":
      return releaseFlag(state, mutation, context);
    case "freeze":
      return freeze(state, mutation, context);
    case "liftFreeze":
      return liftFreeze(state, mutation);
    case "override":
      return override(state, mutation, context);
    case "liftOverride":
      return liftOverride(state, mutation);
    case "rotateSecret":
      return rotateSecret(state, mutation, context);
    case "revokeSecret":
      return revokeSecret(state, mutation, context);
    case "compromiseSecret":
      return compromiseSecret(state, mutation, context);
    case "restore":
      return restore(state, mutation, context);
    default:
      return unreachable(mutation);
  }
}

type Batch = Extract<Mutation, { readonly kind: "batch" }>;

/** Each sees what those before it did; the first "no" is the answer to all of them. */
function proposeBatch(state: FleetState, batch: Batch, context: MutationContext): Result<Proposal, AdminRefusal> {
  let reached: FleetState = state;
  const outcomes: Outcome[] = [];
  for (const [index, mutation] of batch.mutations.entries()) {
    const proposal = proposeSingle(reached, mutation, context);
    if (!proposal.ok) return err(within(`/mutations/${index}`, proposal.error));
    const { documents, fleet, overlays, outcome } = proposal.value;
    reached = { ...reached, documents, fleet, overlays };
    outcomes.push(outcome);
  }
  const { documents, fleet, overlays } = reached;
  return ok({ documents, fleet, overlays, ...why(batch), outcome: { kind: "batch", outcomes } });
}

function within(prefix: string, refusal: AdminRefusal): AdminRefusal {
  const errors = refusal.errors ?? [{ pointer: "", detail: refusal.detail, code: refusal.code }];
  return { ...refusal, errors: errors.map((item) => ({ ...item, pointer: prefix + item.pointer })) };
}

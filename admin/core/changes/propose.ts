/** From the state and what is asked for to the state afterwards, or the reason why not. The one place that knows them all. */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { unreachable } from "../../../config/invariant.ts";
import type { Result } from "../../../config/result.ts";
import { applyDocuments } from "./apply-documents.ts";
import { drain, expireDrains, undrain } from "./drains.ts";
import type { Mutation, MutationContext, Proposal } from "./mutation.ts";
import { shiftWeights } from "./shift-weights.ts";
import type { FleetState } from "./state.ts";

export function propose(
  state: FleetState,
  mutation: Mutation,
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
    case "expireDrains":
      return expireDrains(state, context);
    default:
      return unreachable(mutation);
  }
}

/**
 * A new set of documents for the whole fleet. Live overlays stay on top of it: `apply` never resets a drain or a shift.
 * Only a weight shift whose rule is gone is cleared, because nothing could ever end it; drains on something that is
 * gone stay until they expire, so that it does not come back undrained.
 */
import type { AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import { diffDocuments } from "../../../config/diff.ts";
import { DEFAULT_RULE, type Document, type Fleet } from "../../../config/documents.ts";
import { type Finding, hasErrors, jsonPointer } from "../../../config/findings.ts";
import { sortedBy } from "../../../config/order.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import type { Mutation, MutationContext, Proposal } from "./mutation.ts";
import type { FleetState } from "./state.ts";

type Apply = Extract<Mutation, { readonly kind: "apply" }>;

export function applyDocuments(
  state: FleetState,
  { documents: inputs, reason, ticket }: Apply,
  { development }: MutationContext,
): Result<Proposal, AdminRefusal> {
  const { documents, fleet, findings } = readFleet(inputs, { environment: state.environment, development });
  if (hasErrors(findings)) return err(refusalOf(findings));
  if (fleet.routes.length === 0 && state.fleet.routes.length > 0) return err(ROUTELESS);

  const cleared = state.overlays.filter((overlay) => isDangling(overlay, fleet)).map(overlayKey);
  const overlays = state.overlays.filter((overlay) => !cleared.includes(overlayKey(overlay)));
  return ok({
    documents: sortedBy(documents, documentKey),
    fleet,
    overlays,
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    outcome: {
      kind: "apply",
      changes: diffDocuments(state.documents, documents),
      warnings: findings,
      overlaysKept: overlays.map(overlayKey),
      overlaysCleared: cleared,
    },
  });
}

const ROUTELESS_DETAIL =
  "There is no route in the documents, and the fleet has some now: every request would be refused. Keep at least one route. There is no way yet to empty a fleet that has routes.";

/** An empty list is far more often a slip of a script than a wish. A fleet that is being set up may still be without. */
const ROUTELESS: AdminRefusal = {
  code: "documentsInvalid",
  detail: ROUTELESS_DETAIL,
  errors: [{ pointer: "/documents", detail: ROUTELESS_DETAIL, code: "fleet.empty" }],
};

/** Documents are kept in this order, so that writing the same ones in another order changes nothing. */
function documentKey({ kind, metadata }: Document): string {
  return `${kind}/${metadata.name}`;
}

function refusalOf(findings: readonly Finding[]): AdminRefusal {
  const errors = findings.filter(({ severity }) => severity === "error");
  return {
    code: "documentsInvalid",
    detail:
      errors.length === 1
        ? "There is one error in the documents."
        : `There are ${errors.length} errors in the documents.`,
    errors: errors.map(problemItem),
  };
}

function problemItem({ path, message, code, didYouMean }: Finding): AdminProblemItem {
  const pointer = jsonPointer(["documents", ...path]);
  return { pointer, detail: message, code, ...(didYouMean === undefined ? {} : { didYouMean }) };
}

function isDangling(overlay: Overlay, fleet: Fleet): boolean {
  if (overlay.kind !== "weightShift") return false;
  const spec = fleet.routes.find(({ metadata }) => metadata.name === overlay.route)?.spec;
  if (spec === undefined) return true;
  if (overlay.rule === DEFAULT_RULE) return !("weights" in spec.default);
  return !(spec.steering ?? []).some(({ name }) => name === overlay.rule);
}

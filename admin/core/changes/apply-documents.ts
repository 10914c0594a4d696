/**
 * A new set of documents for the whole fleet. Live overlays stay on top of it, but for those that the request says to
 * end: `apply` never resets a drain or a shift by itself. Documents that somebody else manages are only changed on purpose.
 */
import type { AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import { type Change, diffDocuments, documentId } from "../../../config/diff.ts";
import type { Document, Fleet } from "../../../config/documents.ts";
import { type Finding, hasErrors, jsonPointer } from "../../../config/findings.ts";
import { sortedBy } from "../../../config/order.ts";
import { overlayKey } from "../../../config/overlays.ts";
import type { ReadOptions } from "../../../config/read-fleet.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { isDangling } from "./dangling.ts";
import type { MutationContext, Proposal, SingleMutation } from "./mutation.ts";
import { managedByOther } from "./provenance.ts";
import { readOnce } from "./read-once.ts";
import type { FleetState } from "./state.ts";
import { unknownName } from "./unknown-name.ts";

type Apply = Extract<SingleMutation, { readonly kind: "apply" }>;

export function applyDocuments(
  state: FleetState,
  request: Apply,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const read = readDocuments(request.documents, { environment: state.environment, development: context.development });
  if (!read.ok) return read;
  const { documents, fleet, findings } = read.value;
  if (fleet.routes.length === 0 && state.fleet.routes.length > 0) return err(ROUTELESS);
  const changes = diffDocuments(state.documents, documents);
  const refusal = refuseOthers(state, changes, request, context) ?? refuseClear(state, request.clear ?? []);
  if (refusal !== undefined) return err(refusal);

  const cleared = state.overlays
    .filter((overlay) => request.clear?.includes(overlayKey(overlay)) === true || isDangling(overlay, fleet))
    .map(overlayKey);
  const overlays = state.overlays.filter((overlay) => !cleared.includes(overlayKey(overlay)));
  return ok({
    documents: sortedDocuments(documents),
    fleet,
    overlays: cleared.length === 0 ? state.overlays : overlays,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
    outcome: {
      kind: "apply",
      changes,
      warnings: findings,
      overlaysKept: overlays.map(overlayKey),
      overlaysCleared: cleared,
    },
  });
}

export type ReadDocuments = {
  readonly documents: readonly Document[];
  readonly fleet: Fleet;
  /** Warnings only. */
  readonly findings: readonly Finding[];
};

export function readDocuments(inputs: readonly unknown[], options: ReadOptions): Result<ReadDocuments, AdminRefusal> {
  const read = readOnce(inputs, options);
  return hasErrors(read.findings) ? err(refusalOf(read.findings)) : ok(read);
}

/** Documents are kept in this order, so that writing the same ones in another order changes nothing. */
export function sortedDocuments(documents: readonly Document[]): readonly Document[] {
  return sortedBy(documents, documentId);
}

const ROUTELESS_DETAIL =
  "There is no route in the documents, and the fleet has some now: every request would be refused. Keep at least one route. There is no way yet to empty a fleet that has routes.";

/** An empty list is far more often a slip of a script than a wish. A fleet that is being set up may still be without. */
const ROUTELESS: AdminRefusal = {
  code: "documentsInvalid",
  detail: ROUTELESS_DETAIL,
  errors: [{ pointer: "/documents", detail: ROUTELESS_DETAIL, code: "fleet.empty" }],
};

function refuseOthers(
  state: FleetState,
  changes: readonly Change[],
  { managedBy, takeOver }: Apply,
  { manager }: MutationContext,
): AdminRefusal | undefined {
  if (takeOver === true) return undefined;
  const holders = new Map(state.documents.map((document) => [documentId(document), document.metadata.managedBy]));
  const held = [...new Set(changes.map(({ document }) => document))].flatMap((what) => {
    const holder = holders.get(what);
    if (holder === undefined || holder === (managedBy ?? manager)) return [];
    return [{ what, holder, pointer: "/documents" }];
  });
  return held.length === 0 ? undefined : managedByOther(held);
}

/** Ending something that is not there is a slip: the caller has planned with another state in mind. */
function refuseClear(state: FleetState, clear: readonly string[]): AdminRefusal | undefined {
  const keys = state.overlays.map(overlayKey);
  const errors = clear.flatMap((name, index) =>
    keys.includes(name)
      ? []
      : [unknownName({ what: "overlay", name, names: keys, pointer: jsonPointer(["clear", index]) })],
  );
  if (errors.length === 0) return undefined;
  return { code: "clearInvalid", detail: "`clear` names live overlays that are not there.", errors };
}

/** As many as a person can read; the command line has all of them. */
const ERRORS_LISTED_MAX = 100;

function refusalOf(findings: readonly Finding[]): AdminRefusal {
  const errors = findings.filter(({ severity }) => severity === "error");
  const count = errors.length === 1 ? "There is one error" : `There are ${errors.length} errors`;
  const rest = errors.length > ERRORS_LISTED_MAX ? `; the first ${ERRORS_LISTED_MAX} are listed` : "";
  return {
    code: "documentsInvalid",
    detail: `${count} in the documents${rest}.`,
    errors: errors.slice(0, ERRORS_LISTED_MAX).map(problemItem),
  };
}

function problemItem({ path, message, code, didYouMean }: Finding): AdminProblemItem {
  const pointer = jsonPointer(["documents", ...path]);
  return { pointer, detail: message, code, ...(didYouMean === undefined ? {} : { didYouMean }) };
}

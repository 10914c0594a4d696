/**
 * Makes a past revision, or some documents of it, the next one. History is never rewritten: what is restored is a new
 * revision on top of the target, held to the same rules as any other change. `withdraw` is the same, asked for by the
 * control plane itself.
 */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { diffDocuments, documentId } from "../../../config/diff.ts";
import { jsonPointer } from "../../../config/findings.ts";
import { OVERLAY_EXPIRES_MS_DEFAULT } from "../../../config/limits.ts";
import { sortedBy } from "../../../config/order.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { readDocuments, sortedDocuments } from "./apply-documents.ts";
import { isDangling } from "./dangling.ts";
import { expiresAtMs } from "./expiry.ts";
import type { MutationContext, OwnMutation, PastState, Proposal, SingleMutation } from "./mutation.ts";
import { withOverlay, withoutOverlay } from "./overlays.ts";
import { why } from "./provenance.ts";
import type { FleetState } from "./state.ts";
import { unknownName } from "./unknown-name.ts";

type Restore = Extract<SingleMutation, { readonly kind: "restore" }>;
type Withdraw = Extract<OwnMutation, { readonly kind: "withdraw" }>;

export function restore(state: FleetState, request: Restore, context: MutationContext): Result<Proposal, AdminRefusal> {
  const past = context.past(request.revision);
  if (past === undefined) return err(unknownRevision(request.revision));
  const read = request.only === undefined ? allOf(state, past, context) : someOf(state, past, request.only, context);
  if (!read.ok) return read;

  const { documents, fleet } = read.value;
  const wanted = request.overlays === "keep" ? state.overlays : withRotations(past.overlays, state.overlays);
  const overlays = wanted.filter((overlay) => isInForce(overlay, context.nowMs) && !isDangling(overlay, fleet));
  return ok({
    documents,
    fleet,
    overlays: overlays.length === state.overlays.length && request.overlays === "keep" ? state.overlays : overlays,
    ...why(request),
    outcome: {
      kind: "restore",
      revision: request.revision,
      changes: diffDocuments(state.documents, documents),
      overlaysLeftOut: wanted.filter((overlay) => !overlays.includes(overlay)).map(overlayKey),
    },
  });
}

/** How far secrets have been rotated is so in the world: a version that was revoked does not come back by itself. */
function withRotations(past: readonly Overlay[], now: readonly Overlay[]): readonly Overlay[] {
  const rotations = now.filter(({ kind }) => kind === "secretRotation");
  return sortedBy([...past.filter(({ kind }) => kind !== "secretRotation"), ...rotations], overlayKey);
}

/**
 * Documents and overlays as they were, but for drains and freezes that came after: what was made safe stays safe. A drain
 * or a switch whose end was what did harm is in force again.
 */
export function withdraw(
  state: FleetState,
  { revision, because }: Withdraw,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const past = context.past(revision);
  if (past === undefined) return err(unknownRevision(revision));
  const later = state.overlays.filter(
    ({ kind }) => kind === "regionDrain" || kind === "clusterDrain" || kind === "freeze",
  );
  const kept = withRotations(past.overlays, state.overlays).flatMap((overlay) =>
    isInForce(overlay, context.nowMs) ? overlay : (revived(overlay, context.nowMs) ?? []),
  );
  return ok({
    documents: past.documents,
    fleet: past.fleet,
    // What is drained is not on its way back.
    overlays: later.reduce<readonly Overlay[]>(
      (overlays, overlay) =>
        withOverlay(withoutOverlay(overlays, overlayKey(overlay).replace("Drain/", "Return/")), overlay),
      kept,
    ),
    reason: because,
    outcome: { kind: "withdraw", revision, because },
  });
}

/** For as long as one lasts by default, so that it does not end again before somebody has looked. */
function revived(overlay: Overlay, nowMs: number): Overlay | undefined {
  switch (overlay.kind) {
    case "regionDrain":
    case "clusterDrain":
    case "flagSwitch":
      return { ...overlay, expiresAtMs: nowMs + OVERLAY_EXPIRES_MS_DEFAULT };
    default:
      return undefined; // Nobody is served by it.
  }
}

function isInForce(overlay: Overlay, nowMs: number): boolean {
  return (expiresAtMs(overlay) ?? Number.POSITIVE_INFINITY) > nowMs;
}

/** As they were, held to what is accepted today. */
function allOf(state: FleetState, { documents }: PastState, { development }: MutationContext) {
  return readDocuments(documents, { environment: state.environment, development });
}

/** The documents of now, with the named ones as they were. */
function someOf(
  state: FleetState,
  past: PastState,
  only: readonly string[],
  { development }: MutationContext,
): Result<Pick<PastState, "documents" | "fleet">, AdminRefusal> {
  const before = new Map(past.documents.map((document) => [documentId(document), document]));
  const unknown = only.flatMap((id, index) =>
    before.has(id)
      ? []
      : [unknownName({ what: "document", name: id, names: [...before.keys()], pointer: jsonPointer(["only", index]) })],
  );
  if (unknown.length > 0)
    return err({
      code: "restoreInvalid",
      detail: "That revision does not have all of these documents.",
      errors: unknown,
    });
  const kept = state.documents.filter((document) => !only.includes(documentId(document)));
  const wanted = sortedDocuments([...kept, ...only.flatMap((id) => before.get(id) ?? [])]);
  return readDocuments(wanted, { environment: state.environment, development });
}

function unknownRevision(revision: number): AdminRefusal {
  return { code: "revisionUnknown", detail: `There is no revision ${revision}, or its documents are no longer kept.` };
}

/**
 * Ends what has run out: drains give way to returns, switches, freezes and overrides go. What the caller found unsafe to
 * end is marked as held instead, with the reason, and stays in force until it is safe or somebody ends it.
 */
import { type Overlay, overlayKey } from "../../../config/overlays.ts";
import { ok, type Result } from "../../../config/result.ts";
import { withReturns } from "./drains.ts";
import { expired } from "./expiry.ts";
import type { MutationContext, OwnMutation, Proposal } from "./mutation.ts";
import { withOverlay } from "./overlays.ts";
import type { FleetState } from "./state.ts";

type Expire = Extract<OwnMutation, { readonly kind: "expire" }>;

export function expire(state: FleetState, { held }: Expire, context: MutationContext): Result<Proposal, never> {
  const { nowMs } = context;
  const over = expired(state.overlays, nowMs);
  const ended = over.filter((overlay) => !Object.hasOwn(held, overlayKey(overlay)));
  const reason = "its time was over";
  const left =
    ended.length === 0 ? state.overlays : withReturns(state.overlays, ended, { reason: "drain expired", context });
  const overlays = over
    .flatMap((overlay) => markHeld(overlay, held[overlayKey(overlay)], nowMs) ?? [])
    .reduce(withOverlay, left);
  return ok({
    documents: state.documents,
    fleet: state.fleet,
    overlays,
    reason: ended.some(({ kind }) => kind === "regionDrain" || kind === "clusterDrain") ? "drain expired" : reason,
    outcome: { kind: "expire", ended: ended.map(overlayKey), held },
  });
}

/** Once: the reason it was held for first is what people look for, and each new wording would be a revision. */
function markHeld(overlay: Overlay, because: string | undefined, nowMs: number): Overlay | undefined {
  if (because === undefined || (overlay.kind !== "regionDrain" && overlay.kind !== "clusterDrain")) return undefined;
  return overlay.held === undefined ? { ...overlay, held: { sinceMs: nowMs, because } } : undefined;
}

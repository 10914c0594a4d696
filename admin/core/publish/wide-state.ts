/**
 * What everybody is given while a revision is tried at one vantage: what was released last, with the drains of the
 * revision that is tried and the flags that it kills, because taking something away must not wait. Freezes go along; edges never see them, and the
 * control plane obeys those of the target from the moment of their commit.
 *
 * What gives traffic back does wait: a drain that the target has ended goes on for everybody else until the release, and
 * so does one whose time is over. And a drain that waits for nobody may meet documents that it was not planned with:
 * whether anything is left to serve must be asked of this state, too, and not only of the target.
 */
import { canonicalJson } from "../../../config/canonical.ts";
import { invariant } from "../../../config/invariant.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";
import { findOverlay, withOverlay, withoutOverlay } from "../changes/overlays.ts";
import type { FleetState } from "../changes/state.ts";

/**
 * Under the number of the target when edges have something new to take from it, else under the number of `released`.
 * The same number then names two states, this and the target: edges tell them apart by their digests.
 */
export function wideState(released: FleetState, target: FleetState): FleetState {
  invariant(released.environment === target.environment, "both states are of one environment");
  invariant(released.revision <= target.revision, "what is tried is not older than what was released");
  const urgent = target.overlays.filter(
    (overlay) => urgencyOf(overlay) !== "waits" && !isIn(released.overlays, overlay),
  );
  if (urgent.length === 0) return released;
  const reachesEdges = urgent.some((overlay) => urgencyOf(overlay) === "edges");
  if (!reachesEdges) return { ...released, overlays: urgent.reduce(withUrgent, released.overlays) };
  const overlays = [...comebacks(released, target), ...urgent].reduce(withUrgent, released.overlays);
  return { ...released, overlays, revision: target.revision };
}

/** A flag that is killed is killed everywhere at once; one that is switched on may wait as any other change. */
function urgencyOf(overlay: Overlay): "edges" | "control" | "waits" {
  return overlay.kind === "flagSwitch" && overlay.state === "DISABLED" ? "edges" : URGENCY[overlay.kind];
}

/** Whether an overlay must not wait, and who acts on it. */
const URGENCY = {
  regionDrain: "edges",
  clusterDrain: "edges",
  freeze: "control",
  regionReturn: "waits",
  clusterReturn: "waits",
  weightShift: "waits",
  flagSwitch: "waits",
  ruleOverride: "waits",
  // Clusters report what they use as soon as they are told, whatever is tried at a vantage.
  secretRotation: "control",
} as const satisfies Record<Overlay["kind"], "edges" | "control" | "waits">;

/**
 * A drain that began and ended during the trial was everybody's, but is in neither state any more. When another one is
 * given out now, its traffic returns with that, and has to be ramped.
 */
function comebacks(released: FleetState, target: FleetState): readonly Overlay[] {
  return target.overlays.filter(
    (overlay) => "returnedAtMs" in overlay && findOverlay(released.overlays, drainKey(overlay)) === undefined,
  );
}

function isIn(overlays: readonly Overlay[], overlay: Overlay): boolean {
  const found = findOverlay(overlays, overlayKey(overlay));
  return found !== undefined && canonicalJson(found) === canonicalJson(overlay);
}

/** What is drained anew is no longer on its way back. */
function withUrgent(overlays: readonly Overlay[], urgent: Overlay): readonly Overlay[] {
  return withOverlay(withoutOverlay(overlays, returnKey(urgent)), urgent);
}

/** Of the drain that a return is the end of. */
function drainKey(overlay: Overlay): string {
  return overlayKey(overlay).replace("Return/", "Drain/");
}

/** Of what a drain would leave behind; of anything else, its own. */
function returnKey(overlay: Overlay): string {
  return overlayKey(overlay).replace("Drain/", "Return/");
}

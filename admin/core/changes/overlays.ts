/** Live overlays as a sorted list with at most one for each key. */
import { sortedBy } from "../../../config/order.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";

/** With `overlay` in the place of the one that has its key. */
export function withOverlay(overlays: readonly Overlay[], overlay: Overlay): readonly Overlay[] {
  return sortedBy([...withoutOverlay(overlays, overlayKey(overlay)), overlay], overlayKey);
}

export function withoutOverlay(overlays: readonly Overlay[], key: string): readonly Overlay[] {
  return overlays.filter((overlay) => overlayKey(overlay) !== key);
}

export function findOverlay(overlays: readonly Overlay[], key: string): Overlay | undefined {
  return overlays.find((overlay) => overlayKey(overlay) === key);
}

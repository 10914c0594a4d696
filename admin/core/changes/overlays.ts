/** Live overlays as a sorted list with at most one for each key. */
import { sortedBy } from "../../../config/order.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";

/** With `overlay` in the place of the one that has its key. */
export function withOverlay(overlays: readonly Overlay[], overlay: Overlay): readonly Overlay[] {
  const key = overlayKey(overlay);
  const at = overlays.findIndex((other) => overlayKey(other) === key);
  return at === -1 ? sortedBy([...overlays, overlay], overlayKey) : overlays.with(at, overlay);
}

/** The same list when there is no such overlay, so that nothing to do is easy to see. */
export function withoutOverlay(overlays: readonly Overlay[], key: string): readonly Overlay[] {
  const left = overlays.filter((overlay) => overlayKey(overlay) !== key);
  return left.length === overlays.length ? overlays : left;
}

export function findOverlay(overlays: readonly Overlay[], key: string): Overlay | undefined {
  return overlays.find((overlay) => overlayKey(overlay) === key);
}

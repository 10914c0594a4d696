/** What changed between two lists of live overlays, by what they are on. */
import { sortedBy } from "../../../config/order.ts";
import { type Overlay, overlayKey } from "../../../config/overlays.ts";
import type { OverlayChange } from "./plan.ts";
import { sameJson } from "./same-json.ts";

/** In the order of their keys. */
export function diffOverlays(before: readonly Overlay[], after: readonly Overlay[]): readonly OverlayChange[] {
  const old = byKey(before);
  const next = byKey(after);
  return sortedBy(new Set([...old.keys(), ...next.keys()]), (key) => key).flatMap((overlay): OverlayChange[] => {
    const [was, is] = [old.get(overlay), next.get(overlay)];
    if (was === undefined) return [{ kind: "added", overlay, after: is }];
    if (is === undefined) return [{ kind: "removed", overlay, before: was }];
    return sameJson(was, is) ? [] : [{ kind: "changed", overlay, before: was, after: is }];
  });
}

function byKey(overlays: readonly Overlay[]): ReadonlyMap<string, Overlay> {
  return new Map(overlays.map((overlay) => [overlayKey(overlay), overlay]));
}

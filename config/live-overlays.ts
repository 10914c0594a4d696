/**
 * What the live overlays come to for each thing that they are on: whom a region or a cluster takes, which weights a rule
 * has been given, which flags have been switched. The order of the overlays does not matter. Whether an overlay is still
 * in force is its keeper's business.
 */
import type { RegionWeights } from "./documents/route.ts";
import type { FlagState } from "./flag.ts";
import { invariant, unreachable } from "./invariant.ts";
import type { ClusterDrain, ClusterReturn, Overlay, RegionDrain, RegionReturn } from "./overlays.ts";
import type { AdminState } from "./shared-shapes.ts";
import type { Availability } from "./snapshot.ts";

type Drain = RegionDrain | ClusterDrain;
type Return = RegionReturn | ClusterReturn;

export type LiveOverlays = {
  readonly regions: ReadonlyMap<string, readonly (Drain | Return)[]>;
  readonly clusters: ReadonlyMap<string, readonly (Drain | Return)[]>;
  /** By `route/rule`. */
  readonly shifts: ReadonlyMap<string, RegionWeights>;
  /** By flag, and by `flag/region` for those of one region. */
  readonly switches: ReadonlyMap<string, FlagState>;
};

const indexes = new WeakMap<readonly Overlay[], LiveOverlays>();

/** The same index for the same list: compiling it, and each rule about flags, asks for it again. */
export function indexOverlays(overlays: readonly Overlay[]): LiveOverlays {
  const known = indexes.get(overlays);
  if (known !== undefined) return known;
  const index = indexOf(overlays);
  indexes.set(overlays, index);
  return index;
}

function indexOf(overlays: readonly Overlay[]): LiveOverlays {
  const regions = new Map<string, (Drain | Return)[]>();
  const clusters = new Map<string, (Drain | Return)[]>();
  const shifts = new Map<string, RegionWeights>();
  const switches = new Map<string, FlagState>();
  for (const overlay of overlays) {
    switch (overlay.kind) {
      case "regionDrain":
      case "regionReturn":
        regions.set(overlay.region, [...(regions.get(overlay.region) ?? []), overlay]);
        break;
      case "clusterDrain":
      case "clusterReturn":
        clusters.set(overlay.cluster, [...(clusters.get(overlay.cluster) ?? []), overlay]);
        break;
      case "weightShift": {
        const key = `${overlay.route}/${overlay.rule}`;
        invariant(!shifts.has(key), "at most one weight shift for a rule");
        shifts.set(key, overlay.weights);
        break;
      }
      case "flagSwitch":
        switches.set(overlay.region === undefined ? overlay.flag : `${overlay.flag}/${overlay.region}`, overlay.state);
        break;
      case "freeze":
      case "ruleOverride":
        break; // These are about changing things, not about routing.
      case "secretRotation":
        break; // Clusters follow it, edges have no part in it.
      default:
        unreachable(overlay);
    }
  }
  return { regions, clusters, shifts, switches };
}

/**
 * The declared state made stricter by drains, never softer: a drain does not put a disabled region back to work. Only
 * what takes everyone can be on its way back; the latest return counts.
 */
export function availabilityOf(
  declared: AdminState | undefined,
  overlays: readonly (Drain | Return)[] = [],
): Availability {
  const availability = overlays
    .flatMap((overlay) => ("mode" in overlay ? [drainedBy(overlay)] : []))
    .reduce(stricter, { adminState: declared ?? "enabled" });
  const returnsAtMs = overlays.flatMap((overlay) => ("returnedAtMs" in overlay ? [overlay.returnedAtMs] : []));
  if (availability.adminState !== "enabled" || returnsAtMs.length === 0) return availability;
  return { ...availability, returnedAtMs: Math.max(...returnsAtMs) };
}

function drainedBy({ mode, deadlineMs }: Drain): Availability {
  if (mode === "immediate") return { adminState: "disabled" };
  return deadlineMs === undefined ? { adminState: "draining" } : { adminState: "draining", deadlineMs };
}

const STRICTNESS: Readonly<Record<AdminState, number>> = { enabled: 0, draining: 1, disabled: 2 };

/** Of two drains the earlier deadline counts. */
function stricter(a: Availability, b: Availability): Availability {
  const difference = STRICTNESS[a.adminState] - STRICTNESS[b.adminState];
  if (difference !== 0) return difference > 0 ? a : b;
  return (a.deadlineMs ?? Number.POSITIVE_INFINITY) <= (b.deadlineMs ?? Number.POSITIVE_INFINITY) ? a : b;
}

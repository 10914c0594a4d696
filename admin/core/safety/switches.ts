/**
 * What is on, in the sense of AWS ARC's routing controls. A region or a cluster is on while it takes new clients; one
 * that is not there is off. Drains, admin states and weights count, health does not: switches are what people turn.
 */
import { isFlagOn } from "../../../config/flag-spec.ts";
import { indexOverlays } from "../../../config/live-overlays.ts";
import type { SafetyControls } from "../../../config/policy.ts";
import type { SwitchCount } from "../../../config/requirement.ts";
import type { Snapshot, SnapshotCluster } from "../../../config/snapshot.ts";
import type { FleetState } from "../changes/state.ts";

/** A state and what it compiles to. */
export type Compiled = { readonly state: FleetState; readonly snapshot: Snapshot };

export function regionsOn({ regions }: Snapshot): ReadonlySet<string> {
  return new Set(regions.flatMap(({ name, availability }) => (availability.adminState === "enabled" ? [name] : [])));
}

/** By its own switch alone, whatever its region does. */
export function isClusterOn({ weight, availability }: SnapshotCluster): boolean {
  return weight > 0 && availability.adminState === "enabled";
}

/** Clusters that new clients can come to, so those whose region is on as well. */
export function acceptingClusters(snapshot: Snapshot): readonly SnapshotCluster[] {
  const open = regionsOn(snapshot);
  return snapshot.clusters.filter((cluster) => isClusterOn(cluster) && open.has(cluster.region));
}

/** Whether the same clusters take the same clients: as they do, without a look at them, after a change of weights. */
export function sameClusters(before: Snapshot, after: Snapshot): boolean {
  return before.clusters === after.clusters && before.regions === after.regions;
}

export function flagsOn({ fleet, overlays }: FleetState): ReadonlySet<string> {
  const { switches } = indexOverlays(overlays);
  const on = fleet.flags.filter(({ metadata, spec }) => isFlagOn(spec, switches.get(metadata.name)));
  return new Set(on.map(({ metadata }) => metadata.name));
}

/** The controls of a rule, each beside whether it is on. */
export type Switch = { readonly control: string; readonly name: string; readonly on: boolean };

export function switchesOf(controls: SafetyControls, { state, snapshot }: Compiled): readonly Switch[] {
  if ("regions" in controls) return switches("region", controls.regions, regionsOn(snapshot));
  if ("flags" in controls) return switches("flag", controls.flags, flagsOn(state));
  const accepting = new Set<string>(acceptingClusters(snapshot).map(({ name }) => name));
  return switches("cluster", controls.clusters, accepting);
}

export function countOf(all: readonly Switch[]): SwitchCount {
  return { on: all.filter(({ on }) => on).length, of: all.length };
}

function switches(kind: string, names: readonly string[], on: ReadonlySet<string>): readonly Switch[] {
  return names.map((name) => ({ control: `${kind}/${name}`, name, on: on.has(name) }));
}

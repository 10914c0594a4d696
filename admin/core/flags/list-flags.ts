/** Every flag of a fleet as operators see it: what it says, what it is switched to, what goes by it, and whether it is stale. */
import { compileFlags } from "../../../config/compile-flags.ts";
import { isTargeted } from "../../../config/flag.ts";
import { isFlagOn } from "../../../config/flag-spec.ts";
import { indexOverlays } from "../../../config/live-overlays.ts";
import type { FlagSwitch } from "../../../config/overlays.ts";
import type { SnapshotFlag } from "../../../config/snapshot.ts";
import type { FleetState } from "../changes/state.ts";
import { type Staleness, stalenessOf, usesOf } from "./stale.ts";

export type FlagOverview = {
  readonly name: string;
  readonly owner?: string;
  /** Enabled, and true by default or for somebody. */
  readonly on: boolean;
  readonly declared: "ENABLED" | "DISABLED";
  readonly targeted: boolean;
  /** The live switch of the whole flag, and those of single regions. */
  readonly switched?: FlagSwitch;
  readonly switchedRegions?: readonly FlagSwitch[];
  /** What differs in a region, switches included. */
  readonly regions?: NonNullable<SnapshotFlag["regions"]>;
  readonly rules: readonly string[];
  /** What goes by it, rules included. */
  readonly uses: readonly string[];
  readonly stale?: Staleness;
};

type State = Pick<FleetState, "fleet" | "overlays">;

/** `monthAgo` is the state of then; undefined when the fleet is younger. `today` is a day in UTC, as `2027-01-31`. */
export function listFlags(now: State, monthAgo: State | undefined, today: string): readonly FlagOverview[] {
  const compiled = byName(now);
  const before = monthAgo === undefined ? new Map<string, SnapshotFlag>() : byName(monthAgo);
  const { switches } = indexOverlays(now.overlays);
  return now.fleet.flags.flatMap((flag): FlagOverview[] => {
    const { name, owner } = flag.metadata;
    const asked = compiled.get(name);
    if (asked === undefined) return [];
    const uses = usesOf(name, now.fleet);
    const usesBefore = monthAgo === undefined ? [] : usesOf(name, monthAgo.fleet);
    const stale = stalenessOf({ flag, now: asked, before: before.get(name), uses, usesBefore, today });
    const live = now.overlays.filter(
      (overlay) => overlay.kind === "flagSwitch" && overlay.flag === name,
    ) as FlagSwitch[]; // of that kind
    const switched = live.find(({ region }) => region === undefined);
    const switchedRegions = live.filter(({ region }) => region !== undefined);
    return [
      {
        name,
        ...(owner === undefined ? {} : { owner }),
        on: isFlagOn(flag.spec, switches.get(name)),
        declared: flag.spec.state,
        targeted: isTargeted(asked),
        ...(switched === undefined ? {} : { switched }),
        ...(switchedRegions.length === 0 ? {} : { switchedRegions }),
        ...(asked.regions === undefined ? {} : { regions: asked.regions }),
        rules: uses.flatMap((use) => (use.startsWith("rule ") ? [use.slice("rule ".length)] : [])),
        uses,
        ...(stale === undefined ? {} : { stale }),
      },
    ];
  });
}

function byName({ fleet, overlays }: State): ReadonlyMap<string, SnapshotFlag> {
  return new Map(compileFlags(fleet, indexOverlays(overlays).switches).map((flag) => [flag.name, flag]));
}

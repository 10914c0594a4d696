/**
 * Flags as they are asked: switches applied, evaluators in their places. Which of them the edge needs is said here too:
 * those that services go by, and those of steering rules that differ from client to client. A rule whose flag is the same
 * for everybody is settled when the snapshot is compiled, and costs no request anything.
 */
import type { FlagDocument, Fleet } from "./documents.ts";
import { type FlagState, isTargeted, type RegionFlag } from "./flag.ts";
import { expandReferences } from "./flag-references.ts";
import { isFlagOn } from "./flag-spec.ts";
import type { LiveOverlays } from "./live-overlays.ts";
import { sortedBy, sortedRecord } from "./order.ts";
import type { SnapshotFlag } from "./snapshot.ts";

type Switches = LiveOverlays["switches"];

/** What a steering rule's flag comes to; `asked`: it differs from client to client. */
export type GateState = "on" | "off" | "asked";

export function gateStates(flags: readonly FlagDocument[], switches: Switches): ReadonlyMap<string, GateState> {
  return new Map(flags.map((flag) => [flag.metadata.name, gateState(flag, switches)]));
}

function gateState(flag: FlagDocument, switches: Switches): GateState {
  const { spec } = flag;
  const regions = regionsOf(flag, switches);
  const states = [stateOf(flag, switches), ...Object.values(regions).flatMap(({ state }) => state ?? [])];
  if (!states.includes("ENABLED")) return "off";
  if (isTargeted({ ...spec, regions })) return "asked";
  return isFlagOn(spec, "ENABLED") ? "on" : "off";
}

/** All of them, sorted by name. */
export function compileFlags({ flags, evaluators }: Fleet, switches: Switches): readonly SnapshotFlag[] {
  const logics = new Map(evaluators.map(({ metadata, spec }) => [metadata.name, spec.logic]));
  return sortedBy(flags, ({ metadata }) => metadata.name).map((flag) => {
    const { variants, defaultVariant, targeting = {} } = flag.spec;
    const regions = regionsOf(flag, switches);
    return {
      name: flag.metadata.name,
      state: stateOf(flag, switches),
      variants,
      ...(typeof defaultVariant === "string" ? { defaultVariant } : {}),
      ...(Object.keys(targeting).length > 0 ? { targeting: expandReferences(targeting, logics) } : {}),
      ...(Object.keys(regions).length === 0 ? {} : { regions }),
    };
  });
}

/** The names of the flags that the edge asks. */
export function flagsAtEdge({ routes, services }: Fleet, gates: ReadonlyMap<string, GateState>): ReadonlySet<string> {
  return new Set([
    ...routes
      .flatMap(({ spec }) => (spec.steering ?? []).flatMap(({ when: { flag } }) => flag ?? []))
      .filter((flag) => gates.get(flag) === "asked"),
    ...services.flatMap(({ spec }) => [
      ...(spec.flags ?? []),
      ...(spec.canaryFlag === undefined ? [] : [spec.canaryFlag.flag]),
    ]),
  ]);
}

function stateOf({ metadata, spec }: FlagDocument, switches: Switches): FlagState {
  return switches.get(metadata.name) ?? spec.state;
}

/**
 * What differs from everywhere else. A switch of the whole flag is a kill switch: DISABLED holds in every region, also
 * where the document or a switch of the region says otherwise. Next comes the region's switch, then the flag's, then
 * the documents.
 */
function regionsOf(flag: FlagDocument, switches: Switches): Record<string, RegionFlag> {
  const { metadata, spec } = flag;
  const everywhere = switches.get(metadata.name);
  const state = stateOf(flag, switches);
  const names = new Set([...Object.keys(spec.regions ?? {}), ...switchedRegions(metadata.name, switches)]);
  const differing = [...names].flatMap((region): [string, RegionFlag][] => {
    const declared = spec.regions?.[region as keyof typeof spec.regions]; // a record by name
    const switched = everywhere === "DISABLED" ? everywhere : switches.get(`${metadata.name}/${region}`);
    const own = switched ?? everywhere ?? declared?.state ?? spec.state;
    const does = {
      ...(own === state ? {} : { state: own }),
      ...(declared?.rollout === undefined ? {} : { rollout: declared.rollout }),
    };
    return Object.keys(does).length === 0 ? [] : [[region, does]];
  });
  return sortedRecord(Object.fromEntries(differing));
}

function switchedRegions(flag: string, switches: Switches): readonly string[] {
  const prefix = `${flag}/`;
  return [...switches.keys()].flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
}

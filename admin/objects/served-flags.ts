/**
 * The flags that SDKs are answered by: those that everybody is served, not those of a revision that is still tried at one
 * vantage. With a tag of what they say, so that who has them need not be sent them again.
 */
import { canonicalJson } from "../../config/canonical.ts";
import { compileFlags } from "../../config/compile-flags.ts";
import { indexOverlays } from "../../config/live-overlays.ts";
import type { SnapshotFlag } from "../../config/snapshot.ts";
import type { FleetState } from "../core/changes/state.ts";
import { sha256Hex } from "../core/digest.ts";
import type { FlagMetadata } from "../core/flags/ofrep.ts";

export type ServedFlagSet = {
  readonly tag: string;
  readonly flags: readonly { readonly flag: SnapshotFlag; readonly metadata?: FlagMetadata }[];
};

const setsByState = new WeakMap<FleetState, ServedFlagSet>();

export function servedFlagsOf(state: FleetState): ServedFlagSet {
  const known = setsByState.get(state);
  if (known !== undefined) return known;
  const metadata = new Map(state.fleet.flags.map((flag) => [flag.metadata.name as string, flag.spec.metadata]));
  const flags = compileFlags(state.fleet, indexOverlays(state.overlays).switches).map((flag) => {
    const beside = metadata.get(flag.name);
    return beside === undefined ? { flag } : { flag, metadata: beside };
  });
  const made = { tag: sha256Hex(canonicalJson(flags)), flags };
  setsByState.set(state, made);
  return made;
}

/**
 * Whom a change of flags, evaluators or switches concerns: for each region the part of its clients who would get another
 * variant, from the same sampled clients asked before and after. They have keys and countries as the demand has them;
 * what only SDKs know of people (a plan, an address) is absent, so a flag that goes by that is not told of in full.
 */
import { compileFlags } from "../../../config/compile-flags.ts";
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import { indexOverlays } from "../../../config/live-overlays.ts";
import type { SnapshotFlag } from "../../../config/snapshot.ts";
import { askFlag, type LoadedFlag, loadFlag } from "../../../worker/flags/loaded-flag.ts";
import type { FlagContext } from "../../../worker/flags/scope.ts";
import type { FleetState } from "../changes/state.ts";
import { placeOf } from "./clients.ts";
import type { FlagChange } from "./plan.ts";
import { sameJson } from "./same-json.ts";
import { spreadByPart } from "./spread-by-part.ts";

/** All flags and regions together: some tenths of a second. */
const ASKED_MAX = 100_000;
/** Of one region and flag: a half is then known within one percent. */
const CLIENTS_MAX = 10_000;
const CLIENTS_MIN = 200;

export type FlagsChangedInput = {
  readonly before: Pick<FleetState, "fleet" | "overlays">;
  readonly after: Pick<FleetState, "fleet" | "overlays">;
  /** Those of the demand, and each one's part of all clients. */
  readonly countries: readonly string[];
  readonly countryParts: readonly number[];
  readonly nowMs: number;
};

export function flagsChanged(input: FlagsChangedInput): readonly FlagChange[] {
  const [before, after] = [flagsOf(input.before), flagsOf(input.after)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changed = names.filter((name) => !sameJson(before.get(name), after.get(name)));
  const regions = [...new Set([input.before, input.after].flatMap(({ fleet }) => fleet.regions))].map(
    ({ metadata }) => metadata.name,
  );
  const unique = [...new Set<string>(regions)].sort();
  const asked = Math.floor(ASKED_MAX / Math.max(1, changed.length * unique.length));
  const clients = Math.min(CLIENTS_MAX, Math.max(CLIENTS_MIN, asked));
  const contexts = contextsOf(input, clients);
  return changed.map((flag) => {
    const ask = { before: loaded(before.get(flag)), after: loaded(after.get(flag)) };
    return { flag, regions: unique.map((region) => regionChange(region, ask, contexts, input.nowMs)) };
  });
}

function flagsOf({ fleet, overlays }: FlagsChangedInput["before"]): ReadonlyMap<string, SnapshotFlag> {
  return new Map(compileFlags(fleet, indexOverlays(overlays).switches).map((flag) => [flag.name, flag]));
}

function loaded(flag: SnapshotFlag | undefined): LoadedFlag | undefined {
  return flag === undefined ? undefined : loadFlag(flag);
}

function contextsOf({ countries, countryParts }: FlagsChangedInput, clients: number): readonly FlagContext[] {
  const places = countries.map(placeOf);
  return spreadByPart(countryParts, clients).map((country, client) => {
    const { coordinates: _, tor: __, ...place } = places[country] ?? { eu: false };
    return { targetingKey: `client ${client}`, ...place };
  });
}

function regionChange(
  region: string,
  { before, after }: { readonly before: LoadedFlag | undefined; readonly after: LoadedFlag | undefined },
  contexts: readonly FlagContext[],
  nowMs: number,
): FlagChange["regions"][number] {
  const counts = new Map<string | null, { before: number; after: number }>();
  let changed = 0;
  for (const client of contexts) {
    const context = { ...client, region };
    const was = variantOf(before, context, nowMs);
    const is = variantOf(after, context, nowMs);
    if (was !== is) changed += 1;
    countOf(counts, was).before += 1;
    countOf(counts, is).after += 1;
  }
  const bps = (count: number) => Math.round((SHARE_BPS_TOTAL * count) / contexts.length);
  return {
    region,
    changedBps: bps(changed),
    variants: [...counts]
      .sort(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1))
      .map(([variant, count]) => ({ variant, beforeBps: bps(count.before), afterBps: bps(count.after) })),
  };
}

function countOf(counts: Map<string | null, { before: number; after: number }>, variant: string | null) {
  const count = counts.get(variant) ?? { before: 0, after: 0 };
  counts.set(variant, count);
  return count;
}

/** Null for no value, and for no flag. */
function variantOf(flag: LoadedFlag | undefined, context: FlagContext, nowMs: number): string | null {
  const result = flag === undefined ? undefined : askFlag(flag, { context, nowMs });
  return result?.kind === "value" ? result.variant : null;
}

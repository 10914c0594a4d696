/**
 * Not too much is on its way at once: regions that drain and whose bound clients have not all left, and regions that
 * come back on their ramp. Refused only when both limits are passed, the number of regions and their part of all
 * traffic. A change that moves no traffic is not held to it.
 */
import type { Snapshot, SnapshotRegion } from "../../../../config/snapshot.ts";
import type { Projection } from "../../plan/projection.ts";
import type { MidChangeLimits, ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { counted, listed, percent } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff } from "./verdicts.ts";

const RULE = "midChange";

export function midChange(change: ExaminedChange, { midChange: limits }: ResolvedSafety): Verdict {
  if (limits === undefined) return switchedOff(RULE);
  if (change.controls.length === 0) return notEvaluated(RULE, "The change moves no traffic.");
  const moving = movingRegions(change);
  const shareBps = shareOf(moving);
  const numbers = { regions: moving.map(({ region }) => region), shareBps, ...limits };
  const most = `at most ${counted(limits.regionsMax, "region")} or ${percent(limits.trafficMaxBps)} of all traffic may be`;
  if (moving.length === 0) return pass(RULE, `No region is draining or coming back; ${most}.`, numbers);
  const names = listed(moving.map(({ region, how }) => `${region} (${how})`));
  const sentence = `On their way are ${names}, with ${percent(shareBps)} of all traffic; ${most}.`;
  if (!exceeds(moving, limits)) return pass(RULE, sentence, numbers);
  return deny(RULE, sentence, numbers, waitMs(moving, limits, change.nowMs));
}

type Moving = {
  readonly region: string;
  readonly how: "draining" | "coming back";
  /** When it is no longer on its way. */
  readonly settlesAtMs: number;
  /** The change itself sets it on its way, and would again. */
  readonly byChange: boolean;
  readonly shareBps: number;
};

/** In the order in which they settle. */
function movingRegions({ snapshots, projections, nowMs }: ExaminedChange): readonly Moving[] {
  const movedBefore = settlings(snapshots.before);
  return [...settlings(snapshots.after)]
    .flatMap(([region, settling]): Moving[] => {
      const { settlesAtMs } = settling;
      if (settlesAtMs <= nowMs) return [];
      const byChange = movedBefore.get(region)?.settlesAtMs !== settlesAtMs;
      const shareBps = Math.max(shareIn(projections.before, region), shareIn(projections.after, region));
      return [{ region, ...settling, byChange, shareBps }];
    })
    .sort((a, b) => a.settlesAtMs - b.settlesAtMs || (a.region < b.region ? -1 : 1));
}

type Settling = Pick<Moving, "how" | "settlesAtMs">;

function settlings(snapshot: Snapshot): ReadonlyMap<string, Settling> {
  const ramps = rampsByRegion(snapshot);
  return new Map(
    snapshot.regions.flatMap((region) => {
      const settling = settlingOf(region, ramps.get(region.name) ?? 0);
      return settling === undefined ? [] : [[region.name, settling] as const];
    }),
  );
}

/** A region that is declared to be draining, without a deadline, is as it should be and goes nowhere. */
function settlingOf(
  { availability: { adminState, deadlineMs, returnedAtMs } }: SnapshotRegion,
  rampMs: number,
): Settling | undefined {
  if (adminState === "draining" && deadlineMs !== undefined) return { how: "draining", settlesAtMs: deadlineMs };
  if (adminState === "enabled" && returnedAtMs !== undefined)
    return { how: "coming back", settlesAtMs: returnedAtMs + rampMs };
  return undefined;
}

/** The longest ramp of the services that have clusters there: until then some of its traffic is still coming back. */
function rampsByRegion({ services, clusters }: Snapshot): ReadonlyMap<string, number> {
  const ramps = new Map(services.map(({ name, recovery }) => [name, recovery.rampMs]));
  const byRegion = new Map<string, number>();
  for (const { region, service } of clusters)
    byRegion.set(region, Math.max(byRegion.get(region) ?? 0, ramps.get(service) ?? 0));
  return byRegion;
}

function shareIn({ regions }: Projection, name: string): number {
  return regions.find(({ region }) => region === name)?.shareBps ?? 0;
}

function shareOf(moving: readonly Moving[]): number {
  return moving.reduce((sum, { shareBps }) => sum + shareBps, 0);
}

function exceeds(moving: readonly Moving[], { regionsMax, trafficMaxBps }: MidChangeLimits): boolean {
  return moving.length > regionsMax && shareOf(moving) > trafficMaxBps;
}

/** Until enough of them have settled. Undefined when it is the change itself that sets too many on their way. */
function waitMs(moving: readonly Moving[], limits: MidChangeLimits, nowMs: number): number | undefined {
  const last = moving.find(({ settlesAtMs }) => {
    const left = moving.filter((one) => one.byChange || one.settlesAtMs > settlesAtMs);
    return !exceeds(left, limits);
  });
  return last === undefined ? undefined : last.settlesAtMs - nowMs;
}

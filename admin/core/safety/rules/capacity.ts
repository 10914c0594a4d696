/**
 * After the change no region is projected to get more than its capacity allows. Without a rate there is nothing to
 * compare: the country mix says who comes from where, not how many. A region that was over before and does not get worse
 * is told, and does not stop a change that has nothing to do with it.
 */
import { sortedBy } from "../../../../config/order.ts";
import type { RegionProjection } from "../../plan/projection.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf, percent } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff, warn } from "./verdicts.ts";

const RULE = "capacity";

export function capacity(
  { projections }: ExaminedChange,
  { utilizationMaxPercent: maxPercent }: ResolvedSafety,
): Verdict {
  if (maxPercent === undefined) return switchedOff(RULE);
  const regions = sortedBy(projections.after.regions, ({ region }) => region);
  const rated = regions.filter(({ utilizationBps }) => utilizationBps !== undefined);
  if (projections.after.demand.requestsPerSecond === undefined || rated.length === 0)
    return notEvaluated(
      RULE,
      "Nobody knows how many requests there are: edges have reported none, the Policy says none.",
    );
  const before = new Map(projections.before.regions.map((region) => [region.region, utilizationOf(region)]));
  const over = rated.filter((region) => utilizationOf(region) > maxPercent * 100);
  const worse = over.filter((region) => utilizationOf(region) > (before.get(region.region) ?? 0));
  const highest = Math.max(...rated.map(utilizationOf));
  const numbers = { highestBps: highest, maxPercent, source: projections.after.demand.source };
  if (over.length === 0) {
    const sentence = `After the change the busiest region gets ${percent(highest)} of its capacity; ${maxPercent}% is the most.`;
    return pass(RULE, sentence, numbers);
  }
  const told = worse.length > 0 ? worse : over;
  const sentence = firstOf(told.map((region) => overload(region, before.get(region.region) ?? 0, maxPercent)));
  const named = { ...numbers, regions: told.map(({ region }) => region) };
  return worse.length > 0 ? deny(RULE, sentence, named) : warn(RULE, `${sentence} It was no better before.`, named);
}

/** In whole basis points: a sum of parts must not be above a limit by the last bit of a fraction. */
function utilizationOf({ utilizationBps = 0 }: RegionProjection): number {
  return Math.round(utilizationBps);
}

function overload(region: RegionProjection, beforeBps: number, maxPercent: number): string {
  const { capacityRequestsPerSecond, requestsPerSecond = 0 } = region;
  const load = `${Math.round(requestsPerSecond)} of ${capacityRequestsPerSecond} requests/s`;
  const after = percent(utilizationOf(region));
  return `After the change ${region.region} gets ${after} of its capacity (${load}; now ${percent(beforeBps)}); ${maxPercent}% is the most.`;
}

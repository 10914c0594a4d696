/**
 * What somebody who is about to make a change should know besides what the safety rules say: a sentence each, with the
 * numbers behind it. Warnings never refuse anything.
 */
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import type { LoadedRegion } from "../../../worker/routing/loaded-snapshot.ts";
import type { FailureAnalysis, FailureScenario, PlanWarning } from "./plan.ts";
import type { ProjectionState } from "./project.ts";
import type { Projection, RegionProjection } from "./projection.ts";

export type WarningsInput = {
  readonly before: ProjectionState;
  readonly after: ProjectionState;
  /** Of the state after the change. */
  readonly failures: FailureAnalysis;
};

export function warningsOf({ before, after, failures }: WarningsInput): readonly PlanWarning[] {
  return [
    ...unservedRises(before.projection, after.projection),
    ...overCapacity(before.projection, after.projection),
    ...failureWarnings(failures),
    ...noDemand(after.projection),
    ...canaryWarnings(before, after),
  ];
}

function unservedRises(before: Projection, after: Projection): readonly PlanWarning[] {
  const was = new Map(before.countries.map(({ country, unservedBps }) => [country, unservedBps]));
  const countries = after.countries.filter(({ country, unservedBps }) => unservedBps > (was.get(country) ?? 0));
  if (after.unservedBps <= before.unservedBps && countries.length === 0) return [];
  const from =
    countries.length === 0
      ? ""
      : ` More clients than now would be refused in ${named(countries.map(({ country }) => country))}.`;
  const sentence = `Nobody would serve ${percent(after.unservedBps)} of all traffic; now it is ${percent(before.unservedBps)}.${from}`;
  return [{ code: "unservedRises", sentence }];
}

function overCapacity(before: Projection, after: Projection): readonly PlanWarning[] {
  const was = new Map(before.regions.map((region) => [region.region, region]));
  return after.regions.flatMap((region) => {
    if ((region.utilizationBps ?? 0) <= SHARE_BPS_TOTAL) return [];
    return [{ code: "overCapacity" as const, sentence: capacitySentence(region, was.get(region.region)) }];
  });
}

function capacitySentence(after: RegionProjection, before: RegionProjection | undefined): string {
  const { region, requestsPerSecond = 0, utilizationBps = 0, capacityRequestsPerSecond: capacity } = after;
  const now = before?.utilizationBps === undefined ? "" : `; now it is ${percent(before.utilizationBps)}`;
  return `${region} would get ${Math.round(requestsPerSecond)} requests/s, which is ${percent(utilizationBps)} of its capacity of ${capacity}${now}.`;
}

function failureWarnings({ single, scenarios }: FailureAnalysis): readonly PlanWarning[] {
  const warnings: PlanWarning[] = single === undefined ? [] : singleWarnings(single);
  if (scenarios.examined < scenarios.total) {
    const sentence = `Of ${scenarios.total} failures of one or two regions, the ${scenarios.examined} of the heaviest were examined.`;
    warnings.push({ code: "failuresNotAllExamined", sentence });
  }
  return warnings;
}

function singleWarnings({ regions, unservedBps, stranded, overCapacity: over }: FailureScenario): PlanWarning[] {
  const failing = `If ${regions.join(" and ")} failed afterwards,`;
  const warnings: PlanWarning[] = [];
  if (stranded.length > 0) {
    const countries = new Set(stranded.flatMap((service) => service.countries));
    const who = `clients from ${named([...countries].sort())} of ${named(stranded.map(({ service }) => service))}`;
    const sentence = `${failing} ${who} would lose the service that they have now: ${percent(unservedBps)} of all traffic would be unserved.`;
    warnings.push({ code: "failureStrands", sentence });
  }
  if (over.length > 0) {
    const loads = over.map(({ region, utilizationBps }) => `${region} ${percent(utilizationBps)}`);
    warnings.push({
      code: "failureOverCapacity",
      sentence: `${failing} others would get more than they can carry: ${named(loads)} of capacity.`,
    });
  }
  return warnings;
}

function noDemand({ demand }: Projection): readonly PlanWarning[] {
  if (demand.requestsPerSecond !== undefined) return [];
  const sentence =
    "Nothing is said of capacity: edges have reported no requests, and the Policy states no demand. Shares go by where people are.";
  return [{ code: "noDemand", sentence }];
}

/** Splits that cannot be carried out as they are declared, from this change on (DECISIONS 6). */
function canaryWarnings(before: ProjectionState, after: ProjectionState): readonly PlanWarning[] {
  const [now, then] = [brokenSplits(before), brokenSplits(after)];
  return [...then].flatMap(([place, warning]) => (now.get(place)?.code === warning.code ? [] : [warning]));
}

function brokenSplits({ routes }: ProjectionState): ReadonlyMap<string, PlanWarning> {
  const broken = new Map<string, PlanWarning>();
  for (const service of new Set(routes.map(({ route }) => route.service))) {
    for (const region of service.regions) {
      const warning = splitWarning(service.name, region);
      if (warning !== undefined) broken.set(`${service.name}/${region.name}`, warning);
    }
  }
  return broken;
}

function splitWarning(
  service: string,
  { name, stable, canary, canaryShareBps }: LoadedRegion,
): PlanWarning | undefined {
  if (canaryShareBps === 0) return undefined;
  const share = percent(canaryShareBps);
  if (canary.length === 0 && stable.length > 0) {
    const sentence = `No canary cluster of ${service} takes clients in ${name}, so its stable clusters serve the ${share} that are meant for the canary.`;
    return { code: "canaryFallback", sentence };
  }
  if (canary.length > 0 && stable.length === 0 && canaryShareBps < SHARE_BPS_TOTAL) {
    const sentence = `Only canary clusters of ${service} take clients in ${name}: they keep to about the ${share} that are theirs, and the others fail over to other regions.`;
    return { code: "canaryAlone", sentence };
  }
  return undefined;
}

function percent(bps: number): string {
  return `${bps / 100}%`;
}

/** A few names, and how many more there are. */
function named(names: readonly string[]): string {
  const shown = names.slice(0, 5);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.slice(-1).join("")}`;
}

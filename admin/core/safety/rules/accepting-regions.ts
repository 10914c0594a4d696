/**
 * After the change enough regions take new clients: of the fleet, and of every service that had any. No service is asked
 * for more regions than it has clusters in. Judged on what is compiled, so drains, admin states and weights count; health
 * does not, because a drain must not depend on the prober.
 */
import { sortedBy } from "../../../../config/order.ts";
import type { Snapshot, SnapshotCluster } from "../../../../config/snapshot.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import { acceptingClusters, regionsOn, sameClusters } from "../switches.ts";
import type { Verdict } from "../verdict.ts";
import { counted, firstOf } from "../words.ts";
import { deny, pass, switchedOff, warn } from "./verdicts.ts";

const RULE = "acceptingRegions";

export function acceptingRegions({ snapshots }: ExaminedChange, { acceptingRegionsMin }: ResolvedSafety): Verdict {
  if (acceptingRegionsMin === undefined) return switchedOff(RULE);
  const fleet = fleetAcceptance(snapshots.before, snapshots.after);
  const all = [fleet, ...serviceAcceptances(snapshots.before, snapshots.after)];
  const short = all.filter((one) => one.after < leastOf(one, acceptingRegionsMin));
  const lost = short.filter((one) => one.after < one.before);
  const numbers = { accepting: fleet.after, regions: fleet.places, min: acceptingRegionsMin };
  const state = `After the change ${fleet.after} of ${counted(fleet.places, "region")} ${takes(fleet.after)} new clients`;
  if (short.length === 0)
    return pass(RULE, `${state}, and every service keeps at least ${acceptingRegionsMin} where it can.`, numbers);
  const told = lost.length > 0 ? lost : short;
  const services = told.flatMap(({ service }) => service ?? []);
  const sentence = `${state}. ${firstOf(told.map((one) => shortage(one, acceptingRegionsMin)))}`;
  return lost.length > 0
    ? deny(RULE, sentence, { ...numbers, services })
    : warn(RULE, `${sentence} It was no better before.`, { ...numbers, services });
}

type Acceptance = {
  /** Undefined: the whole fleet. */
  readonly service: string | undefined;
  readonly before: number;
  readonly after: number;
  /** Where it could be served after the change, if all of that were on. */
  readonly places: number;
};

/** Nobody has to have what is not there, but one is never too much to ask. */
function leastOf({ places }: Acceptance, min: number): number {
  return Math.max(1, Math.min(min, places));
}

function fleetAcceptance(before: Snapshot, after: Snapshot): Acceptance {
  const places = after.regions.length;
  return { service: undefined, before: regionsOn(before).size, after: regionsOn(after).size, places };
}

/** A service that had no region has none to lose, and one that is gone needs none. */
function serviceAcceptances(before: Snapshot, after: Snapshot): readonly Acceptance[] {
  const had = regionsByService(acceptingClusters(before));
  const has = sameClusters(before, after) ? had : regionsByService(acceptingClusters(after));
  const places = regionsByService(after.clusters);
  return sortedBy(after.services, ({ name }) => name).flatMap(({ name }): Acceptance[] => {
    const sizeIn = (regions: ReadonlyMap<string, ReadonlySet<string>>) => regions.get(name)?.size ?? 0;
    if (sizeIn(had) === 0) return [];
    return [{ service: name, before: sizeIn(had), after: sizeIn(has), places: sizeIn(places) }];
  });
}

function regionsByService(clusters: readonly SnapshotCluster[]): ReadonlyMap<string, ReadonlySet<string>> {
  const regions = new Map<string, Set<string>>();
  for (const { service, region } of clusters) {
    const known = regions.get(service);
    if (known === undefined) regions.set(service, new Set([region]));
    else known.add(region);
  }
  return regions;
}

function shortage({ service, before, after, places }: Acceptance, min: number): string {
  const least = leastOf({ service, before, after, places }, min);
  if (service === undefined) return `At least ${least} must.`;
  return `Of the service ${service} ${counted(after, "region")} would (now ${before}); at least ${least} must.`;
}

function takes(n: number): string {
  return n === 1 ? "takes" : "take";
}

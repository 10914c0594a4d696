/**
 * Which regions may serve a client at all: residency first, as a hard filter that nothing later can widen, then what
 * operators wish. A drained or disabled region is no failover target either. Health plays no part here.
 */
import type { Availability } from "../../config/snapshot.ts";
import type { Reason, RegionRemoval } from "./decision.ts";
import type { Facts } from "./facts.ts";
import type { LoadedRegion, LoadedService } from "./loaded-snapshot.ts";
import { matchesPlace } from "./place.ts";

/** True for every region when the service states no residency; undefined when nobody may serve this client. */
export type Permission = ((region: string) => boolean) | undefined;

export function residencyOf(service: LoadedService, facts: Facts, reasons: Reason[]): Permission {
  if (service.residency === undefined) {
    reasons.push({ code: "residency.none" });
    return () => true;
  }
  const number = service.residency.findIndex((candidate) => matchesPlace(candidate.clients, facts.place));
  const rule = service.residency[number];
  if (rule === undefined) {
    reasons.push({ code: "residency.denied", country: facts.place.country ?? null });
    return undefined;
  }
  const { jurisdictions, removed, permitted } = rule;
  reasons.push({ code: "residency.filtered", rule: number, jurisdictions, removed });
  return (region) => permitted.has(region);
}

/** The permitted regions that take new clients, in the order of their names. */
export function acceptingRegions(
  service: LoadedService,
  permitted: (region: string) => boolean,
  reasons: Reason[],
): readonly LoadedRegion[] {
  return service.regions.filter((region) => {
    if (!permitted(region.name)) return false;
    const because = whyNotAccepting(region);
    if (because !== undefined) reasons.push({ code: "region.removed", region: region.name, because });
    return because === undefined;
  });
}

function whyNotAccepting(region: LoadedRegion): RegionRemoval | undefined {
  if (region.availability.adminState !== "enabled") return region.availability.adminState;
  const canaryTakesPart = region.canary.length > 0 && region.canaryShareBps > 0;
  return region.stable.length === 0 && !canaryTakesPart ? "noCluster" : undefined;
}

/** Whether clients that are already bound may stay: always while enabled, until the deadline while draining. */
export function keepsBound(availability: Availability, now: number): boolean {
  switch (availability.adminState) {
    case "enabled":
      return true;
    case "draining":
      return availability.deadlineMs === undefined || now < availability.deadlineMs;
    case "disabled":
      return false;
  }
}

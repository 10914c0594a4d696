/**
 * Which regions may serve a client at all: residency first, as a hard filter that nothing later can widen, then what
 * operators wish. A drained or disabled region is no failover target either, nor is one whose data is too far behind
 * (`replica-lag.ts`). Health plays no part here, so it is worked out once per revision and only looked up per request.
 */
import type { Availability } from "../../config/snapshot.ts";
import type { Reason, RegionRemoval } from "./decision.ts";
import type { Facts } from "./facts.ts";
import type { Admission, LoadedRegion, LoadedService } from "./loaded-snapshot.ts";
import { matchesPlace } from "./place.ts";
import type { HeldTo } from "./replica-lag.ts";

/** `permitted` are the regions that residency leaves, in the order of their names. */
export function admit(permitted: readonly LoadedRegion[], index: number): Admission {
  return {
    index,
    permitted: new Set(permitted.map((region) => region.name)),
    eligible: permitted.filter((region) => whyNotAccepting(region) === undefined),
    closed: permitted.flatMap((region) => {
      const because = whyNotAccepting(region);
      return because === undefined ? [] : [{ region: region.name, because }];
    }),
  };
}

/**
 * The same admission with some clusters out of the question. `regions` are those that have lost some, without them;
 * those that are left without anybody who takes clients are closed.
 */
export function admitWithout(admission: Admission, regions: ReadonlyMap<string, LoadedRegion>): Admission {
  const left = admission.eligible.map((region) => regions.get(region.name) ?? region);
  const lost = left.filter((region) => whyNotAccepting(region) !== undefined);
  return {
    ...admission,
    eligible: left.filter((region) => !lost.includes(region)),
    closed: [...admission.closed, ...lost.map(({ name }) => ({ region: name, because: "replicaLag" as const }))],
  };
}

/** Undefined when nobody may serve this client. */
export function admissionOf(service: LoadedService, facts: Facts, trace: Reason[] | undefined): Admission | undefined {
  const admission = service.residency === undefined ? service.openAdmission : byResidency(service, facts, trace);
  if (service.residency === undefined) trace?.push({ code: "residency.none" });
  if (trace !== undefined && admission !== undefined && service.heldTo !== undefined)
    trace.push(lagReason(service.heldTo));
  for (const closed of trace === undefined ? [] : (admission?.closed ?? []))
    trace?.push({ code: "region.removed", ...closed });
  return admission;
}

function byResidency(
  { residency = [] }: LoadedService,
  facts: Facts,
  trace: Reason[] | undefined,
): Admission | undefined {
  const number = residency.findIndex((candidate) => matchesPlace(candidate.clients, facts.place));
  const rule = residency[number];
  if (rule === undefined) {
    trace?.push({ code: "residency.denied", country: facts.place.country ?? null });
    return undefined;
  }
  const { jurisdictions, removed } = rule;
  trace?.push({ code: "residency.filtered", rule: number, jurisdictions, removed });
  return rule.admission;
}

function lagReason({ limit: { requests, lagMsMax }, lagging }: HeldTo): Reason {
  return { code: "replicaLag.filtered", requests, lagMsMax, lagMs: Object.fromEntries(lagging) };
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

/**
 * What a change takes away from clients: services and residency zones that had somewhere to send a new client before
 * and have nowhere afterwards. Judged on compiled snapshots, so drains, admin states and weights all count. Health does
 * not: a drain must not depend on the prober.
 */
import type { Snapshot } from "../../../config/snapshot.ts";

export type AcceptanceLoss =
  /** No region at all would take new clients. */
  | { readonly code: "fleetWithoutRegion" }
  | { readonly code: "serviceWithoutRegion"; readonly service: string }
  /** Clients of one residency rule would be refused, because no region that may serve them takes any. */
  | {
      readonly code: "residencyWithoutRegion";
      readonly service: string;
      readonly rule: number;
      readonly jurisdictions: readonly string[];
    };

export function acceptanceLosses(before: Snapshot, after: Snapshot): readonly AcceptanceLoss[] {
  const had = new Set(shortages(before).map(keyOf));
  return shortages(after).filter((loss) => !had.has(keyOf(loss)));
}

function keyOf(loss: AcceptanceLoss): string {
  return JSON.stringify(loss);
}

function shortages(snapshot: Snapshot): readonly AcceptanceLoss[] {
  const open: OpenRegions = new Map(
    snapshot.regions
      .filter((region) => region.availability.adminState === "enabled")
      .map((region) => [region.name, new Set<string>(region.jurisdictions)]),
  );
  const fleet: readonly AcceptanceLoss[] = open.size === 0 ? [{ code: "fleetWithoutRegion" }] : [];
  const regionsByService = regionsWithClusters(snapshot);
  const services = snapshot.services.flatMap((service) => {
    const names = regionsByService.get(service.name) ?? new Set();
    return serviceShortages(service, new Map([...open].filter(([region]) => names.has(region))));
  });
  return [...fleet, ...services];
}

/** By region: the jurisdictions it satisfies. */
type OpenRegions = ReadonlyMap<string, ReadonlySet<string>>;

/** By service: the regions in which one of its clusters takes new clients. */
function regionsWithClusters(snapshot: Snapshot): ReadonlyMap<string, ReadonlySet<string>> {
  const regions = new Map<string, Set<string>>();
  for (const { service, region, weight, availability } of snapshot.clusters) {
    if (weight === 0 || availability.adminState !== "enabled") continue;
    const known = regions.get(service);
    if (known === undefined) regions.set(service, new Set([region]));
    else known.add(region);
  }
  return regions;
}

function serviceShortages(service: Snapshot["services"][number], regions: OpenRegions): readonly AcceptanceLoss[] {
  if (regions.size === 0) return [{ code: "serviceWithoutRegion", service: service.name }];
  return (service.residency ?? []).flatMap(({ jurisdictions }, rule) => {
    const served = [...regions.values()].some((satisfied) => jurisdictions.some((name) => satisfied.has(name)));
    return served ? [] : [{ code: "residencyWithoutRegion" as const, service: service.name, rule, jurisdictions }];
  });
}

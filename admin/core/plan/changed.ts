/**
 * Which services and routes one snapshot treats differently from another, so that everything that was worked out for
 * the others can be used again. Compares what the edge reads, not what people wrote.
 */
import type { Snapshot } from "../../../config/snapshot.ts";
import { sameJson } from "./same-json.ts";

export type ChangedParts = {
  /** Of which the service itself, one of its clusters or a region that it runs in is another. */
  readonly services: ReadonlySet<string>;
  /** That are new, gone or different, or belong to a service that is. */
  readonly routes: ReadonlySet<string>;
};

export function changedParts(before: Snapshot, after: Snapshot): ChangedParts {
  const regions = changedNames(before.regions, after.regions);
  const clusters = changedNames(before.clusters, after.clusters);
  const services = changedNames(before.services, after.services);
  for (const { name, service, region } of [...before.clusters, ...after.clusters]) {
    if (clusters.has(name) || regions.has(region)) services.add(service);
  }
  const flags = changedNames(before.flags ?? [], after.flags ?? []);
  for (const { name, canaryFlag } of flags.size === 0 ? [] : [...before.services, ...after.services])
    if (canaryFlag !== undefined && flags.has(canaryFlag.flag)) services.add(name);
  const routes = changedNames(before.routes, after.routes);
  for (const { name, steering } of flags.size === 0 ? [] : [...before.routes, ...after.routes])
    if (steering.some(({ flag }) => flag !== undefined && flags.has(flag))) routes.add(name);
  for (const { name, service } of [...before.routes, ...after.routes]) if (services.has(service)) routes.add(name);
  return { services, routes };
}

type Named = { readonly name: string };

/** Names that only one of the lists has, or that stand for different things. */
function changedNames(before: readonly Named[], after: readonly Named[]): Set<string> {
  if (before === after) return new Set();
  const old = new Map(before.map((item) => [item.name, item]));
  const changed = new Set<string>();
  for (const item of after) {
    if (!sameJson(old.get(item.name), item)) changed.add(item.name);
    old.delete(item.name);
  }
  for (const name of old.keys()) changed.add(name);
  return changed;
}

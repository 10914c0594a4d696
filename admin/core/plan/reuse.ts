/** What of one projection is as good for the next: routes of services that nothing has happened to. */
import type { HealthView } from "../../../worker/routing/health-view.ts";
import { conditionOf } from "../../../worker/routing/region-health.ts";
import { changedParts } from "./changed.ts";
import type { ProjectInput, ProjectionState } from "./project.ts";
import { sameJson } from "./same-json.ts";
import type { Spread } from "./spread.ts";
import type { ProjectedRoute, ProjectedService } from "./traffic.ts";

export type Reusable = {
  /** By name. */
  readonly routes: ReadonlyMap<string, ProjectedRoute>;
  /** By key. */
  readonly spreads: ReadonlyMap<string, Spread>;
};

/** Nothing that a projection depends on is another. */
export function isSameInput(before: ProjectionState["input"], after: ProjectInput): boolean {
  return (
    before.snapshot === after.snapshot &&
    isSameView(before.health, after.health) &&
    sameJson(before.demand, after.demand) &&
    sameJson([...before.capacities], [...after.capacities])
  );
}

export const NOTHING: Reusable = { routes: new Map(), spreads: new Map() };

export function reusableOf(previous: ProjectionState, { snapshot, health }: ProjectInput): Reusable {
  const { routes: changedRoutes, services: changedServices } = changedParts(previous.input.snapshot, snapshot);
  // A service is kept or made anew with all of its routes, so that they all speak of the same one.
  const stale = new Set(changedServices);
  for (const { name, service } of snapshot.routes) if (changedRoutes.has(name)) stale.add(service);
  for (const service of isSameView(previous.input.health, health) ? [] : servicesOf(previous)) {
    if (differsInHealth(service, previous.input.health, health)) stale.add(service.loaded.name);
  }
  const kept = previous.routes.filter(
    ({ route, service }) => !stale.has(service.loaded.name) && !changedRoutes.has(route.name),
  );
  return { routes: new Map(kept.map((entry) => [entry.route.name, entry])), spreads: previous.spreads };
}

/** Without looking into the parts: whoever puts a view together again from the same parts has the same view. */
function isSameView(a: HealthView, b: HealthView): boolean {
  return (
    a.states === b.states &&
    a.ejected === b.ejected &&
    a.capacityBps === b.capacityBps &&
    a.utilizationBps === b.utilizationBps &&
    a.latencyRanks === b.latencyRanks
  );
}

function servicesOf({ routes }: ProjectionState): Iterable<ProjectedService> {
  return new Set(routes.map(({ service }) => service));
}

function differsInHealth({ loaded }: ProjectedService, before: HealthView, after: HealthView): boolean {
  if (before.latencyRanks !== after.latencyRanks) return true;
  for (const name of loaded.clusters.keys()) {
    if (conditionOf(name, before) !== conditionOf(name, after)) return true;
    if (before.capacityBps.get(name) !== after.capacityBps.get(name)) return true;
    if (before.utilizationBps.get(name) !== after.utilizationBps.get(name)) return true;
  }
  return false;
}

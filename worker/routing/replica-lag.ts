/**
 * Holds requests to the lag of data that their route, or else their service, tolerates. A cluster that reports more is out of the question for
 * them, as if an operator had disabled it: nobody is steered there, no failover and no retry leads there, no binding
 * keeps a client there, and panic does not bring it back, because it is about health that is not believed, and lag is
 * the cluster's own word. A cluster that does not report its lag counts as within. Copies to a mirror are not held to
 * it: nobody reads their answers.
 *
 * It is done by deciding on another route: the same one over the same service without those clusters, made when a report
 * of lag is first asked about and kept until the next. So a route that tolerates any lag costs a request one
 * comparison, and no later step knows of lag at all.
 */
import type { SnapshotReplicaLag, SnapshotRoute, SnapshotService } from "../../config/snapshot.ts";
import { admitWithout } from "./eligibility.ts";
import type { HealthView } from "./health-view.ts";
import {
  type LoadedCluster,
  type LoadedRegion,
  type LoadedRoute,
  type LoadedService,
  newRegion,
} from "./loaded-snapshot.ts";

export type RequestKind = "reads" | "writes";

/** How far behind a cluster's data may be for one kind of requests. */
export type LagLimit = {
  readonly requests: RequestKind;
  readonly lagMsMax: number;
  /** What the newest report comes to; undefined in it: everybody is within the limit. */
  newest: { readonly lagMs: HealthView["lagMs"]; readonly held: HeldService | undefined } | undefined;
};

export type LagLimits = { readonly reads: LagLimit | undefined; readonly writes: LagLimit | undefined };

/** What a service without its lagging clusters is held to, and their lag in milliseconds. */
export type HeldTo = { readonly limit: LagLimit; readonly lagging: ReadonlyMap<string, number> };

type HeldService = {
  readonly service: LoadedService;
  /** By the route that each was made of, as they are asked for. */
  readonly routes: Map<LoadedRoute, LoadedRoute>;
};

/** Safe methods (RFC 9110 §9.2.1) but TRACE, which the edge refuses. */
const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** The limits of routes, each made once for all routes of a service that have it. */
export function lagLimiter(services: readonly SnapshotService[]): (route: SnapshotRoute) => LagLimits | undefined {
  const stated = new Map<string, SnapshotReplicaLag | undefined>(services.map((one) => [one.name, one.replicaLag]));
  const limits = new Map<string, LagLimit>();
  const limit = (service: string, requests: RequestKind, lagMsMax: number | undefined): LagLimit | undefined => {
    if (lagMsMax === undefined) return undefined;
    const key = `${service} ${requests} ${lagMsMax}`;
    const known = limits.get(key) ?? { requests, lagMsMax, newest: undefined };
    limits.set(key, known);
    return known;
  };
  return ({ service, replicaLag }) => {
    const { readsMs, writesMs } = { ...stated.get(service), ...replicaLag };
    if (readsMs === undefined && writesMs === undefined) return undefined;
    return { reads: limit(service, "reads", readsMs), writes: limit(service, "writes", writesMs) };
  };
}

/** `route` itself when nothing of its service is too far behind for a request with this method. */
export function heldToLag(route: LoadedRoute, method: string, health: HealthView): LoadedRoute {
  const { lagLimits } = route;
  if (lagLimits === undefined) return route;
  const limit = READS.has(method) ? lagLimits.reads : lagLimits.writes;
  const held = limit === undefined ? undefined : heldService(route.service, limit, health.lagMs);
  return held === undefined ? route : heldRoute(route, held);
}

function heldService(service: LoadedService, limit: LagLimit, lagMs: HealthView["lagMs"]): HeldService | undefined {
  if (limit.newest?.lagMs === lagMs) return limit.newest.held;
  const lagging = new Map<string, number>();
  for (const name of service.clusters.keys()) {
    const lag = lagMs.get(name);
    if (lag !== undefined && lag > limit.lagMsMax) lagging.set(name, lag);
  }
  const held =
    lagging.size === 0
      ? undefined
      : { service: without(service, { limit, lagging }), routes: new Map<LoadedRoute, LoadedRoute>() };
  limit.newest = { lagMs, held };
  return held;
}

function heldRoute(route: LoadedRoute, { service, routes }: HeldService): LoadedRoute {
  const known = routes.get(route);
  if (known !== undefined) return known;
  // Plans speak of the regions of one service, so they are worked out anew.
  const held: LoadedRoute = { ...route, service, lagLimits: undefined, plans: [] };
  routes.set(route, held);
  return held;
}

function without(service: LoadedService, heldTo: HeldTo): LoadedService {
  const { lagging } = heldTo;
  const isWithin = ({ name }: LoadedCluster) => !lagging.has(name);
  const changed = new Map<string, LoadedRegion>();
  for (const region of service.regions) {
    const [stable, canary] = [region.stable.filter(isWithin), region.canary.filter(isWithin)];
    const lost = region.stable.length + region.canary.length - stable.length - canary.length;
    if (lost > 0) changed.set(region.name, newRegion({ ...region, stable, canary }));
  }
  return {
    ...service,
    regions: service.regions.map((region) => changed.get(region.name) ?? region),
    residency: service.residency?.map((rule) => ({ ...rule, admission: admitWithout(rule.admission, changed) })),
    openAdmission: admitWithout(service.openAdmission, changed),
    heldTo,
  };
}

/**
 * How many clients would meet another region or cluster than now: the same sampled clients decided before and after, on
 * the routes that the change touches. Clients count as new ones; who is bound by a cookie stays longer than is said here.
 *
 * The clients are always the same ones, so that the same change has the same answer. Whoever is served before and is not
 * afterwards counts as moved; whoever is not served before has not been anywhere.
 */
import { invariant } from "../../../config/invariant.ts";
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import { murmur3 } from "../../../config/murmur3.ts";
import { decide } from "../../../worker/routing/decide.ts";
import type { Decision } from "../../../worker/routing/decision.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import type { LoadedRoute, LoadedSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { changedParts } from "./changed.ts";
import { placeOf, requestOf, withKey } from "./clients.ts";
import type { Plan } from "./plan.ts";
import type { ProjectionState } from "./project.ts";
import { spreadByPart } from "./spread-by-part.ts";
import { routePartsOf } from "./traffic.ts";

/** Each is decided twice. Of 10,000 clients, a half that moves is known to within one percent. */
const CLIENTS_MAX = 10_000;

export type MovedInput = {
  readonly projected: { readonly before: ProjectionState; readonly after: ProjectionState };
  readonly loaded: { readonly before: LoadedSnapshot; readonly after: LoadedSnapshot };
  readonly nowMs: number;
};

export function movedBy({ projected, loaded, nowMs }: MovedInput): Plan["moved"] {
  const ask = { health: projected.after.input.health, now: nowMs };
  const places = projected.after.countries.map(placeOf);
  let cluster = 0;
  let region = 0;
  let decisions = 0;
  for (const { route, part, clients } of samplesOf({ projected, loaded, nowMs })) {
    const requests = places.map((place) => requestOf(route, place));
    for (const [client, country] of spreadByPart(projected.after.countryParts, clients).entries()) {
      const who = clientOf(route, requests[country], client);
      const before = decide({ ...ask, ...who, snapshot: loaded.before });
      const after = decide({ ...ask, ...who, snapshot: loaded.after });
      decisions += 2;
      if (before.kind === "reject") continue;
      if (!isSame(before, after, "cluster")) cluster += part / clients;
      if (!isSame(before, after, "region")) region += part / clients;
    }
  }
  return { bps: Math.round(SHARE_BPS_TOTAL * cluster), regionBps: Math.round(SHARE_BPS_TOTAL * region), decisions };
}

type Sample = {
  readonly route: LoadedRoute;
  /** Of all clients. */
  readonly part: number;
  readonly clients: number;
};

/** Every touched route that has clients gets one, and the rest of them as it has its part. */
function samplesOf({ projected, loaded }: MovedInput): readonly Sample[] {
  const { routes: changed } = changedParts(projected.before.input.snapshot, projected.after.input.snapshot);
  if (changed.size === 0) return [];
  const all = new Map([...loaded.after.routes, ...loaded.before.routes].map((route) => [route.name, route]));
  const names = [...all.keys()].sort();
  const parts = routePartsOf(names, projected.after.input.demand);
  const touched = names.flatMap((name, index): Omit<Sample, "clients">[] => {
    const [route, part = 0] = [all.get(name), parts[index]];
    return route === undefined || part === 0 || !changed.has(name) ? [] : [{ route, part }];
  });
  const total = touched.reduce((sum, { part }) => sum + part, 0);
  const spare = Math.max(0, CLIENTS_MAX - touched.length);
  return touched.map((sample) => ({ ...sample, clients: 1 + Math.floor((spare * sample.part) / total) }));
}

/** 198.18.0.0/15 belongs to benchmarks (RFC 2544): nobody's real address. */
function clientOf(route: LoadedRoute, request: Facts | undefined, client: number): { facts: Facts; draw: number } {
  invariant(request !== undefined, "a client is from a country of the demand");
  const address = `198.18.${client >>> 8}.${client & 255}`;
  return { facts: withKey(request, route, address), draw: murmur3(address) };
}

function isSame(before: Decision, after: Decision, what: "cluster" | "region"): boolean {
  return before.kind === "forward" && after.kind === "forward" && before.first[what] === after.first[what];
}

/**
 * The clients that a plan reckons with: one of each country, at the country's own point, and requests that a route is
 * meant for. Networks are not known, and headers only as far as the route itself asks for them, so steering rules that
 * want either apply to nobody here.
 */
import type { PathMatch } from "../../../config/shared-shapes.ts";
import type { Facts, Place } from "../../../worker/routing/facts.ts";
import type { LoadedRoute } from "../../../worker/routing/loaded-snapshot.ts";
import { readPlace } from "../../../worker/routing/place.ts";

/** As the edge would see it: `XX` and `T1` are nowhere. */
export function placeOf(country: string): Place {
  return readPlace({ country });
}

/** A request that the route matches, from this place. */
export function requestOf({ hosts, paths, methods, headers }: LoadedRoute, place: Place): Facts {
  const wanted = new Map(headers?.map(({ name, value }) => [name, value ?? "1"]));
  return {
    method: methods?.[0] ?? "GET",
    host: (hosts[0] ?? "*").replace("*", "any.example"),
    path: paths[0] === undefined ? "/" : pathOf(paths[0]),
    header: (name) => wanted.get(name) ?? null,
    place,
  };
}

/** The same request from a client who is kept by `key`, whatever the route's service keeps its clients by. */
export function withKey(request: Facts, { service }: LoadedRoute, key: string): Facts {
  const { affinity } = service;
  if (affinity.by !== "header") return { ...request, clientAddress: key };
  // What the route itself wants to find in that header comes first: without it, it would be another route's request.
  const header: Facts["header"] = (name) => request.header(name) ?? (name === affinity.header ? key : null);
  return { ...request, header, clientAddress: key };
}

function pathOf(path: PathMatch): string {
  if ("exact" in path) return path.exact;
  return "prefix" in path ? path.prefix : path.pattern.replaceAll(/\/:[^/]+/g, "/any");
}

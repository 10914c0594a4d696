/**
 * Which cluster a client is bound to, by its affinity cookie, and the cookie that binds it. Only services that ask for
 * cookies have them; for all others, and for clients without one, nothing here waits or costs more than a look.
 */
import { type AffinityCookies, affinityCookieName, readCookie } from "./affinity-cookie.ts";
import type { Facts } from "./routing/facts.ts";
import { clusterId, type LoadedCluster, type LoadedService, type LoadedSnapshot } from "./routing/loaded-snapshot.ts";
import { matchRoute } from "./routing/match.ts";

const COOKIE_PREFIX = affinityCookieName("");

/**
 * The name of the cluster, or undefined for no good cookie. Undefined at once, without a promise, when the request has no
 * cookie of ours. The route is matched here as well, because the cookie belongs to its service.
 */
export function readBinding(
  cookies: AffinityCookies,
  { snapshot, facts, now }: { readonly snapshot: LoadedSnapshot; readonly facts: Facts; readonly now: number },
): Promise<string | undefined> | undefined {
  const cookieHeader = cookies.enabled ? facts.header("cookie") : null;
  if (cookieHeader === null || !cookieHeader.includes(COOKIE_PREFIX)) return undefined;
  const route = matchRoute(snapshot.index, facts);
  if (typeof route === "string" || route.service.affinity.by !== "cookie") return undefined;
  const { service } = route;
  const value = readCookie(cookieHeader, affinityCookieName(service.name));
  if (value === undefined) return undefined;
  return cookies
    .verify(value, service.name, now)
    .then((binding) => (binding === undefined ? undefined : service.clustersById.get(binding.clusterId)));
}

/** The `Set-Cookie` value that binds a client to the cluster that served it, when it is not bound there yet. */
export function bindingCookie(
  cookies: AffinityCookies,
  { name, affinity }: LoadedService,
  { cluster, facts, now }: { readonly cluster: LoadedCluster; readonly facts: Facts; readonly now: number },
): Promise<string | undefined> | undefined {
  if (affinity.by !== "cookie" || !cookies.enabled || facts.binding === cluster.name) return undefined;
  const expiresAtSeconds = Math.floor(now / 1_000) + affinity.maxAgeSeconds;
  return cookies.issue({ clusterId: clusterId(cluster), expiresAtSeconds }, name, affinity.maxAgeSeconds);
}

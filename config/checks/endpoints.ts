/**
 * Where the edge may connect to: public names over HTTPS, and nothing that could lead a signed snapshot into somebody's
 * private network or back to an edge. Development alone may use plain HTTP, private names and
 * loopback; that switch is a deploy-time variable, never part of a document. Each reason has a code of its own.
 */
import { type Endpoint, type EndpointFlaw, formatEndpoint, isAddress, isLoopback, parseEndpoint } from "../endpoint.ts";
import type { Finding } from "../findings.ts";
import { groupBy } from "../group.ts";
import { findingAt, type Problem } from "../placed.ts";
import type { CheckInput } from "./check.ts";

const AT = ["spec", "endpoint"];

export function checkEndpoints({ clusters, development }: CheckInput): readonly Finding[] {
  return clusters.flatMap((cluster) =>
    endpointProblems(cluster.document.spec.endpoint, development).map((problem) => findingAt(cluster, problem)),
  );
}

/** At the place of a cluster's endpoint. */
export function endpointProblems(text: string, development: boolean): readonly Problem[] {
  const parsed = parseEndpoint(text);
  if (!parsed.ok) return parsed.error.map((flaw) => flawProblem(flaw, development));
  const refused = development ? refusedInDevelopment(parsed.value) : refusedInProduction(parsed.value);
  if (refused.length > 0) return refused;
  const canonical = formatEndpoint(parsed.value);
  if (canonical === text) return [];
  const message = `the edge will use the endpoint as ${canonical}: write it so`;
  return [{ code: "endpoint.spelling", severity: "warning", path: AT, message }];
}

/** Where something hides behind an odd spelling, that is the reason, and not the spelling. */
function flawProblem({ code, sentence, hidden }: EndpointFlaw, development: boolean): Problem {
  if (hidden !== undefined && isAddress(hidden)) {
    const message = `the endpoint names an address in disguise (${JSON.stringify(hidden)}), and ${sentence}`;
    return { code: "endpoint.address", path: AT, message };
  }
  if (hidden !== undefined && !development && leadsInside(hidden)) {
    const message = `the endpoint names ${JSON.stringify(hidden)}, which is not a public name, and ${sentence}`;
    return { code: "endpoint.specialUse", path: AT, message };
  }
  return { code, path: AT, message: `the endpoint ${sentence}` };
}

function refusedInDevelopment({ host }: Endpoint): readonly Problem[] {
  if (!isAddress(host) || isLoopback(host)) return [];
  const message = "in development the endpoint may be an address only of this machine (127.0.0.1, [::1])";
  return [{ code: "endpoint.address", path: AT, message }];
}

function refusedInProduction({ scheme, host }: Endpoint): readonly Problem[] {
  const problems: Problem[] = [];
  if (scheme !== "https")
    problems.push({ code: "endpoint.scheme", path: AT, message: "the endpoint must use https outside development" });
  if (isAddress(host)) {
    const message = "the endpoint must be a DNS name, not an address, outside development";
    problems.push({ code: "endpoint.address", path: AT, message });
  } else if (isSpecialUse(host)) {
    const message = `"${host}" is not a public name: outside development the edge connects to public names only`;
    problems.push({ code: "endpoint.specialUse", path: AT, message });
  }
  return problems;
}

/**
 * Names that never lead to a public server: the IANA registry of special-use domain names (RFC 6761 and the RFCs it
 * collects; all of `arpa` at once), ICANN's `internal`, what ICANN will not delegate because it leaks (`corp`, `home`,
 * `mail`), and names that home and office routers hand out (RFC 6762, appendix G).
 */
const SPECIAL_USE_SUFFIXES: ReadonlySet<string> = new Set([
  ...["alt", "arpa", "example", "invalid", "local", "localhost", "onion", "test"],
  ...["internal", "corp", "home", "mail", "intranet", "lan", "localdomain", "private"],
  // What Kubernetes and Consul resolve inside a cluster.
  ...["svc", "consul"],
]);

/** Public spellings of the link-local servers that hand a machine its credentials. */
const METADATA_HOSTS: ReadonlySet<string> = new Set([
  ...["metadata.goog", "metadata.tencentyun.com", "metadata.packet.net", "metadata.platformequinix.com"],
]);

function leadsInside(host: string): boolean {
  return SPECIAL_USE_SUFFIXES.has(host.slice(host.lastIndexOf(".") + 1)) || METADATA_HOSTS.has(host);
}

/** A name of one label is looked up in the searcher's own domain. */
function isSpecialUse(host: string): boolean {
  return !host.includes(".") || leadsInside(host);
}

/** The same server under two names takes twice its share. Several services behind one ingress are ordinary. */
export function checkSharedEndpoints({ clusters }: CheckInput): readonly Finding[] {
  const byServer = groupBy(
    clusters.flatMap((cluster) => {
      const parsed = parseEndpoint(cluster.document.spec.endpoint);
      return parsed.ok ? [{ cluster, endpoint: formatEndpoint(parsed.value) }] : [];
    }),
    ({ cluster, endpoint }) => `${cluster.document.spec.service} ${endpoint}`,
  );
  return [...byServer.values()].flatMap(([first, ...others]) =>
    others.map(({ cluster, endpoint }) => {
      const message = `cluster "${first?.cluster.document.metadata.name}" of the same service has the endpoint ${endpoint} too`;
      return findingAt(cluster, { code: "endpoint.shared", severity: "warning", path: AT, message });
    }),
  );
}

/**
 * A cluster under a host that the edge itself serves would be asked by the edge for ever, under whatever port. A route
 * for every host (`*`) says nothing about which hosts lead here, so it counts for none.
 */
export function checkEndpointLoops({ clusters, routes, development }: CheckInput): readonly Finding[] {
  if (development) return [];
  const served = new Map(
    routes.flatMap(({ document }) => document.spec.match.hosts.map((host) => [host, document.metadata.name])),
  );
  return clusters.flatMap((cluster) => {
    const parsed = parseEndpoint(cluster.document.spec.endpoint);
    const pattern = parsed.ok ? patternsOver(parsed.value.host).find((host) => served.has(host)) : undefined;
    if (pattern === undefined) return [];
    const message = `route "${served.get(pattern)}" serves this host (${pattern}): the edge would ask itself`;
    return [findingAt(cluster, { code: "endpoint.loop", path: AT, message })];
  });
}

/** The hosts of routes that would match a host: itself, and a wildcard in front of each of its parents. */
function patternsOver(host: string): readonly string[] {
  const labels = host.split(".");
  return [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`)];
}

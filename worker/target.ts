/**
 * What a request asks for: host, path and query, read strictly. workerd builds `request.url` by pasting scheme, Host
 * header and request target together, so `Host: good@evil.example` or a Host with a slash would move the address
 *. The Host header is therefore checked by itself before anything reads the URL.
 *
 * The path is the one that will be sent: routing on `/public/../private` and sending `/private` would be a way around
 * the routes. workerd hands the target over as it came, so what is not plain goes through the URL parser here.
 */
import { normalizeHost } from "./routing/host.ts";

export type Target = {
  /** Lower case, without port and trailing dot: what routes are matched with. */
  readonly host: string;
  /** As the client wrote it, port included: what clusters are told. Safe to print, `normalizeHost` has passed it. */
  readonly authority: string;
  readonly scheme: "http" | "https";
  /** Begins with `/`; or is `*`, which only OPTIONS may ask for. */
  readonly path: string;
  /** Empty, or begins with `?`. */
  readonly query: string;
};

/**
 * A path of these bytes is left as it is by the URL parser, unless a segment is of dots, plain or encoded. A dot file is
 * not plain either, which costs it only the slow way.
 */
const PLAIN_PATH_PATTERN = /^(?:\/(?!\.|%2[Ee])[A-Za-z0-9\-._~!$&'()*+,;=:@%]*)+$/;

/** Undefined when the host is not a clean host name, or when header and URL do not agree about it. */
export function readTarget(url: string, hostHeader: string | null): Target | undefined {
  const scheme = schemeOf(url);
  if (scheme === undefined) return undefined;
  const authorityStart = scheme.length + "://".length;

  // Requests over bindings may have no Host header; then the platform has made the URL, and it is all there is.
  const authority = hostHeader ?? authorityOf(url, authorityStart);
  const host = hostHeader === null ? normalizeHost(authority) : readHost(hostHeader);
  if (host === undefined) return undefined;

  const restStart = url.startsWith(authority, authorityStart)
    ? authorityStart + authority.length
    : restOfRewritten(url, authorityStart, host);
  if (restStart === undefined) return undefined;
  const rest = readRest(url, restStart);
  return rest === undefined ? undefined : { host, authority, scheme, path: rest.path, query: rest.query };
}

function schemeOf(url: string): Target["scheme"] | undefined {
  if (url.startsWith("http://")) return "http";
  return url.startsWith("https://") ? "https" : undefined;
}

/** An isolate serves few, each many times. */
const HOSTS_MAX = 256;

/** Hosts by how the Host header wrote them. What no host is, is not kept: anybody can think of another one. */
const hosts = new Map<string, string>();

/** The one asked for last: mostly the next request asks for it as well, and comparing texts is cheaper than a look-up. */
let last: { readonly header: string; readonly host: string } | undefined;

/** As `normalizeHost`, but read once; and routes are found faster by a text that is the same object each time. */
function readHost(header: string): string | undefined {
  if (header === last?.header) return last.host;
  const host = hosts.get(header) ?? keepHost(header);
  if (host !== undefined) last = { header, host };
  return host;
}

function keepHost(header: string): string | undefined {
  const host = normalizeHost(header);
  if (host === undefined) return undefined;
  if (hosts.size >= HOSTS_MAX) hosts.clear();
  hosts.set(header, host);
  return host;
}

/** Up to the first character that ends it for the URL parser; a backslash does, too. */
function authorityOf(url: string, start: number): string {
  const length = url.slice(start).search(/[/?#\\]/);
  return length < 0 ? url.slice(start) : url.slice(start, start + length);
}

/** Where the path starts when the platform wrote the host in its own way: lower case, or without the default port. */
function restOfRewritten(url: string, start: number, host: string): number | undefined {
  const authority = authorityOf(url, start);
  return normalizeHost(authority) === host ? start + authority.length : undefined;
}

function readRest(url: string, start: number): Pick<Target, "path" | "query"> | undefined {
  const queryStart = url.indexOf("?", start);
  const path = queryStart < 0 ? url.slice(start) : url.slice(start, queryStart);
  const query = queryStart < 0 ? "" : url.slice(queryStart);
  if (PLAIN_PATH_PATTERN.test(path)) return { path, query };
  if (path === "*") return { path, query };
  if (path !== "" && !path.startsWith("/") && !path.startsWith("\\")) return undefined;
  return parseRest(`http://host.invalid${path}${query}`);
}

function parseRest(url: string): Pick<Target, "path" | "query"> | undefined {
  const parsed = URL.parse(url);
  return parsed === null ? undefined : { path: parsed.pathname, query: parsed.search };
}

/**
 * The endpoint of a cluster, taken apart without the help of a URL parser: those repair what they read (`http:host`,
 * `127.1`, `%6cocalhost`), and the edge must connect to exactly what a reviewer saw. Whether an endpoint is allowed is
 * said in `checks/endpoints.ts`; here it is only read and spelled in one way.
 */
import { err, ok, type Result } from "./result.ts";

export type Endpoint = {
  readonly scheme: "http" | "https";
  /** Lower case; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** Absent: the default port of the scheme. */
  readonly port?: number;
};

const ENDPOINT_PATTERN = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#\\]*)(.*)$/s;
const AUTHORITY_PATTERN = /^(\[[0-9A-Fa-f:.]*\]|[^:]*)(?::([0-9]*))?$/;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DNS_NAME_PATTERN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
/** A name is at most 253 characters long when written without its root dot (RFC 1035 §2.3.4). */
const DNS_NAME_LENGTH_MAX = 253;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Reads `scheme://host[:port]`, or says in a sentence why the text is not that. */
export function parseEndpoint(text: string): Result<Endpoint, string> {
  const match = ENDPOINT_PATTERN.exec(text);
  if (match === null) return err("must be a URL with scheme and host, as in https://web.example.com");
  const [, scheme = "", authority = "", rest = ""] = match;
  const schemeLower = scheme.toLowerCase();
  if (schemeLower !== "http" && schemeLower !== "https") return err(`cannot use the scheme ${schemeLower}: use https`);
  if (authority.includes("@")) return err("must not hold a user name or password");
  if (rest !== "" && rest !== "/")
    return err("must be scheme, host and port only: the path and query of each request are appended");
  return parseAuthority(schemeLower, authority);
}

function parseAuthority(scheme: "http" | "https", authority: string): Result<Endpoint, string> {
  const match = AUTHORITY_PATTERN.exec(authority);
  if (match === null) return err("must have one host and at most one port");
  const host = (match[1] ?? "").toLowerCase();
  if (host === "") return err("must name a host");
  if (!host.startsWith("[") && !isDnsName(host))
    return err("must have a host of letters, digits, hyphens and dots, without a dot at the end");
  const portText = match[2];
  if (portText === undefined) return ok({ scheme, host });
  const port = Number(portText);
  if (!/^[1-9][0-9]*$/.test(portText) || port > 65_535) return err("must have a port from 1 to 65535");
  return ok(port === DEFAULT_PORTS[scheme] ? { scheme, host } : { scheme, host, port });
}

/** The one spelling of an endpoint: lower case, without the default port, without a slash. */
export function formatEndpoint({ scheme, host, port }: Endpoint): string {
  return port === undefined ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

function isDnsName(host: string): boolean {
  return host.length <= DNS_NAME_LENGTH_MAX && DNS_NAME_PATTERN.test(host);
}

/**
 * An address in any spelling a URL parser would understand: brackets, or a last label that is a number in decimal,
 * octal or hex (URL Standard, "ends in a number checker").
 */
export function isAddress(host: string): boolean {
  const lastLabel = host.slice(host.lastIndexOf(".") + 1);
  return host.startsWith("[") || /^([0-9]+|0x[0-9a-f]*)$/.test(lastLabel);
}

/** This machine, in its plain spellings only. */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    /^127(\.(0|[1-9][0-9]{0,2})){3}$/.test(host)
  );
}

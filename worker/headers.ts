/**
 * The header policy of the edge, both ways (RFC 9110 §7.6, RFC 7239, RFC 8586). Towards clusters the edge is the first
 * hop that is trusted: what clients say about forwarding is dropped, never extended. Names are deleted from a copy that
 * the platform makes; writing the headers out again would merge `Cookie` lines and damage bytes that are not UTF-8.
 */
import type { RequestFields } from "./request-fields.ts";
import type { Target } from "./target.ts";

/** By `cf.httpProtocol`: Via says which protocol the message arrived by. Anything else, and locally: HTTP/1.1. */
const VIA_BY_PROTOCOL: ReadonlyMap<string, string> = new Map([
  ["HTTP/1.0", "1.0 fairlead"],
  ["HTTP/2", "2.0 fairlead"],
  ["HTTP/3", "3.0 fairlead"],
]);

/** What the edge knows of a request and tells the cluster. */
export type Forwarding = {
  readonly target: Target;
  readonly clientAddress: string | undefined;
  readonly protocol: string | undefined;
  readonly loopId: string;
};

/** Turns `headers`, a copy of the client's, of which `fields` were read, into those that a cluster gets. */
export function setRequestHeaders(
  headers: Headers,
  { connection, dropped }: Pick<RequestFields, "connection" | "dropped">,
  { target, clientAddress, protocol, loopId }: Forwarding,
): void {
  // Nominated fields first, so that no client takes away what the edge is about to write.
  for (const name of nominatedFields(connection)) headers.delete(name);
  for (const name of dropped) headers.delete(name);

  if (clientAddress !== undefined) headers.set("x-forwarded-for", clientAddress);
  headers.set("x-forwarded-host", target.authority);
  headers.set("x-forwarded-proto", target.scheme);
  headers.set("forwarded", forwardedElement(target, clientAddress));
  headers.append("via", VIA_BY_PROTOCOL.get(protocol ?? "") ?? "1.1 fairlead");
  headers.append("cdn-loop", loopId);
}

/** RFC 7239 §4 and §6: a value with a colon is quoted, and an IPv6 address has brackets besides. */
export function forwardedElement({ authority, scheme }: Target, clientAddress: string | undefined): string {
  return `for=${forwardedNode(clientAddress)};host="${authority}";proto=${scheme}`;
}

function forwardedNode(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.includes(":") ? `"[${address}]"` : address;
}

/**
 * Names that `Connection` may list without taking anything away: the connection's own options; `Upgrade`, which is dealt
 * with by itself; framing and coding, without which the body means something else; and the traces of the way a message
 * took, which would otherwise be wiped by whoever wants to hide a loop.
 */
const NEVER_NOMINATED: ReadonlySet<string> = new Set([
  "",
  "cdn-loop",
  "close",
  "content-encoding",
  "content-length",
  "host",
  "keep-alive",
  "upgrade",
  "via",
]);

/** What `Connection` nominates (RFC 9110 §7.6.1); nothing for the values that nearly every message carries. */
export function nominatedFields(connection: string | null): readonly string[] {
  if (connection === null || isOrdinary(connection) || NEVER_NOMINATED.has(connection.toLowerCase())) return NONE;
  return connection
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !NEVER_NOMINATED.has(name) && FIELD_NAME_PATTERN.test(name));
}

const NONE: readonly string[] = [];

/** As nearly every message has it. A text from the platform is compared faster than it is looked up. */
function isOrdinary(connection: string): boolean {
  return connection === "keep-alive" || connection === "close";
}

/** RFC 9110 §5.1. Anything else cannot be a header's name, and deleting it would throw. */
const FIELD_NAME_PATTERN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Headers of an answer that are not for the client, and that workerd leaves in: it takes `Connection`, `Keep-Alive`,
 * `TE`, `Trailer`, `Transfer-Encoding` and `Upgrade` out of answers by itself (a test holds it to that).
 */
const DROPPED_FROM_RESPONSES = ["proxy-authenticate", "proxy-authentication-info", "proxy-connection"];

/** Whether an answer has any of them; nearly none has, and is then handed on as it came. */
export function hasHeadersToDrop(headers: Headers): boolean {
  for (const name of DROPPED_FROM_RESPONSES) if (headers.has(name)) return true;
  return nominatedFields(headers.get("connection")).length > 0;
}

export function dropResponseHeaders(headers: Headers): void {
  for (const name of nominatedFields(headers.get("connection"))) headers.delete(name);
  for (const name of DROPPED_FROM_RESPONSES) headers.delete(name);
}

/**
 * What the edge goes by in a request's headers, and what of them it does not send on, read in one pass: names of families
 * can only be found by looking at all, and asking for a header by name is a call into the platform, also where there is none.
 */
import { DEBUG_TOKEN_HEADER } from "../config/debug-token.ts";

/** Values as `Headers` gives them: lines of one name joined by commas, null for none. */
export type RequestFields = {
  readonly host: string | null;
  readonly connection: string | null;
  readonly upgrade: string | null;
  readonly cdnLoop: string | null;
  readonly connectingIp: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  readonly debugToken: string | null;
  /** Names that are there and are not sent on. */
  readonly dropped: readonly string[];
};

/** Never sent on, whoever wrote it. Headers that the edge sets need not be here: setting replaces. */
const DROPPED_FROM_REQUESTS = [
  // About one connection, not about the message (RFC 9110 §7.6.1). `Upgrade` has its own rule below.
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  // Some servers hand `Proxy` to programs as HTTP_PROXY (httpoxy).
  "proxy",
  // Belongs to a valid parent only; the edge writes it again where it has one.
  "tracestate",
  // Where a client claims to be; the address goes into `X-Forwarded-For` and `Forwarded`, and comes from us only.
  "fastly-client-ip",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-forwarded-for",
  "x-real-ip",
  // Which address was asked for: some frameworks believe these from anybody.
  "x-host",
  "x-original-host",
  "x-original-url",
  "x-rewrite-url",
];

/**
 * Families: what the edge or the platform says under these names, no client may say. Two of Cloudflare's go on: an id,
 * and the trace by which the platform breaks loops of Workers.
 */
const DROPPED_FAMILIES = ["fairlead-", "x-forwarded-", "proxy-", "cf-(?!ray$|ew-via$)"];

/** All of it in one pattern. */
const DROPPED_PATTERN = new RegExp(`^(?:(?:${DROPPED_FROM_REQUESTS.join("|")})$|${DROPPED_FAMILIES.join("|")})`);

/** `name` in lower case, as `Headers` gives it. */
export function isDroppedFromRequests(name: string): boolean {
  return DROPPED_PATTERN.test(name);
}

/** Sent on, but read. */
const READ_ONLY = ["host", "upgrade", "cdn-loop", "traceparent"];

/** Most of a request's twenty names begin with another letter, and need no second look. */
const INITIALS: ReadonlySet<number> = new Set(
  [...READ_ONLY, ...DROPPED_FROM_REQUESTS, ...DROPPED_FAMILIES].map((name) => name.charCodeAt(0)),
);

type Read = { -readonly [name in keyof RequestFields]: RequestFields[name] } & { readonly dropped: string[] };

export function readRequestFields(headers: Headers): RequestFields {
  const read: Read = {
    host: null,
    connection: null,
    upgrade: null,
    cdnLoop: null,
    connectingIp: null,
    traceparent: null,
    tracestate: null,
    debugToken: null,
    dropped: [],
  };
  headers.forEach((value, name) => {
    if (INITIALS.has(name.charCodeAt(0))) readField(read, name, value);
  });
  // workerd opens a WebSocket exactly when `Upgrade` is there; any other upgrade is about our connection (h2c).
  if (read.upgrade !== null && !isWebSocket(read.upgrade)) read.dropped.push("upgrade");
  return read;
}

function readField(read: Read, name: string, value: string): void {
  switch (name) {
    case "host":
      read.host = value;
      return;
    case "upgrade":
      read.upgrade = value;
      return;
    case "cdn-loop":
      read.cdnLoop = value;
      return;
    case "traceparent":
      read.traceparent = value;
      return;
    case "connection":
      read.connection = value;
      break;
    case "cf-connecting-ip":
      read.connectingIp = value;
      break;
    case "tracestate":
      read.tracestate = value;
      break;
    case DEBUG_TOKEN_HEADER:
      read.debugToken = value;
  }
  if (isDroppedFromRequests(name)) read.dropped.push(name);
}

/** By the value of `Upgrade`. */
export function isWebSocket(upgrade: string | null): boolean {
  return upgrade?.toLowerCase() === "websocket";
}

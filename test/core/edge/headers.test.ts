/** What clusters and clients get to see of each other's headers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dropResponseHeaders,
  forwardedElement,
  hasHeadersToDrop,
  nominatedFields,
  setRequestHeaders,
} from "../../../worker/headers.ts";
import { isDroppedFromRequests, readRequestFields } from "../../../worker/request-fields.ts";
import { readTarget } from "../../../worker/target.ts";

const TARGET = readTarget("https://shop.example:8443/a", "shop.example:8443");

type Fields = Readonly<Record<string, string>>;

function sent(fields: Fields, clientAddress?: string, protocol?: string): Fields {
  if (TARGET === undefined) throw new Error("the target is clean");
  const client = new Headers(fields);
  const headers = new Headers(client);
  setRequestHeaders(headers, readRequestFields(client), {
    target: TARGET,
    clientAddress,
    protocol,
    loopId: "fairlead-demo",
  });
  return Object.fromEntries(headers);
}

const OURS = {
  "cdn-loop": "fairlead-demo",
  forwarded: 'for=unknown;host="shop.example:8443";proto=https',
  via: "1.1 fairlead",
  "x-forwarded-host": "shop.example:8443",
  "x-forwarded-proto": "https",
};

test("every field that the edge goes by is read, and what is not sent on is named", () => {
  const read = readRequestFields(
    new Headers({
      ...{ host: "a", connection: "b", upgrade: "c", "cdn-loop": "d", "cf-connecting-ip": "e", accept: "f" },
      ...{ traceparent: "g", tracestate: "h", "fairlead-debug": "i", "cf-ray": "j", "x-other": "k" },
    }),
  );
  expect({ ...read, dropped: read.dropped.toSorted() }).toEqual({
    ...{ host: "a", connection: "b", upgrade: "c", cdnLoop: "d", connectingIp: "e" },
    ...{ traceparent: "g", tracestate: "h", debugToken: "i" },
    dropped: ["cf-connecting-ip", "connection", "fairlead-debug", "tracestate", "upgrade"],
  });
});

describe("towards clusters", () => {
  test.each<[string, Fields, Fields]>([
    ["nothing", {}, {}],
    [
      "end-to-end fields",
      { accept: "a", cookie: "b=c", authorization: "d", range: "bytes=0-1", priority: "u=1" },
      { accept: "a", cookie: "b=c", authorization: "d", range: "bytes=0-1", priority: "u=1" },
    ],
    [
      "hop-by-hop fields",
      {
        connection: "close",
        "keep-alive": "5",
        te: "trailers",
        trailer: "x",
        upgrade: "h2c",
        expect: "100-continue",
        "http2-settings": "x",
      },
      {},
    ],
    [
      "fields of proxies",
      { "proxy-authorization": "a", "proxy-connection": "b", "proxy-anything": "c", proxy: "http://evil.example" },
      {},
    ],
    [
      "forwarding",
      {
        "x-forwarded-for": "6.6.6.6",
        "x-forwarded-host": "evil",
        "x-forwarded-proto": "gopher",
        "x-forwarded-anything": "x",
        forwarded: "for=6.6.6.6",
      },
      {},
    ],
    [
      "addresses",
      {
        "x-real-ip": "6.6.6.6",
        "true-client-ip": "6.6.6.6",
        "cf-connecting-ip": "6.6.6.6",
        "cf-connecting-ipv6": "::6",
        "fastly-client-ip": "6.6.6.6",
        "x-client-ip": "6.6.6.6",
      },
      {},
    ],
    ["place", { "cf-ipcountry": "US", "cf-region-code": "CA", "cf-iplatitude": "1" }, {}],
    ["rewrites", { "x-original-url": "/admin", "x-rewrite-url": "/admin", "x-original-host": "evil" }, {}],
    ["our namespace", { "fairlead-geo": "{}", "fairlead-decision": "x", "fairlead-anything": "x" }, {}],
    ["traces of the platform", { "cf-ray": "a-FRA", "cf-ew-via": "15" }, { "cf-ray": "a-FRA", "cf-ew-via": "15" }],
    [
      "a WebSocket's upgrade",
      { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "k" },
      { upgrade: "websocket", "sec-websocket-key": "k" },
    ],
    [
      "nominated fields",
      { connection: "X-One, x-two ,close", "x-one": "1", "x-two": "2", "x-three": "3" },
      { "x-three": "3" },
    ],
    ["nominating what we set", { connection: "X-Forwarded-For, Forwarded, X-Forwarded-Host, Via, CDN-Loop" }, {}],
    [
      "nominating framing and host",
      { connection: "Content-Length, Host", "content-length": "5" },
      { "content-length": "5" },
    ],
    ["names that are none", { connection: "a b, (c), é" }, {}],
  ])("%s", (_, fields, expected) => {
    expect(sent(fields)).toEqual({ ...OURS, ...expected });
  });

  test("Via and CDN-Loop are continued, also when the client nominates them", () => {
    const fields = { via: "2.0 cdn", "cdn-loop": "cdn", connection: "via, cdn-loop" };
    expect(sent(fields)).toEqual({ ...OURS, via: "2.0 cdn, 1.1 fairlead", "cdn-loop": "cdn, fairlead-demo" });
  });

  test.each([
    [undefined, "1.1 fairlead"],
    ["HTTP/1.1", "1.1 fairlead"],
    ["HTTP/2", "2.0 fairlead"],
    ["HTTP/3", "3.0 fairlead"],
  ])("a request by %s leaves with Via %s", (protocol, via) => {
    expect(sent({}, undefined, protocol).via).toBe(via);
  });

  test.each([
    [undefined, undefined, 'for=unknown;host="shop.example:8443";proto=https'],
    ["192.0.2.7", "192.0.2.7", 'for=192.0.2.7;host="shop.example:8443";proto=https'],
    ["2001:db8::7", "2001:db8::7", 'for="[2001:db8::7]";host="shop.example:8443";proto=https'],
  ])("the client %s is told as %s and %s", (address, xForwardedFor, forwarded) => {
    const fields = sent({ "x-forwarded-for": "6.6.6.6" }, address);
    expect([fields["x-forwarded-for"], fields.forwarded]).toEqual([xForwardedFor, forwarded]);
    if (TARGET !== undefined) expect(forwardedElement(TARGET, address)).toBe(forwarded);
  });

  test("no value of Connection takes away what we set, or throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abxv-, ()é"via,forwarded') }), (connection) => {
        nominatedFields(connection);
        expect(nominatedFields(connection).every((name) => /^[^\s,]+$/.test(name))).toBe(true);
      }),
    );
  });

  test("names are dropped by family, whatever follows", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("fairlead-", "x-forwarded-", "proxy-", "cf-ip"),
        fc.stringMatching(/^[a-z-]*$/),
        (prefix, rest) => {
          expect(isDroppedFromRequests(prefix + rest)).toBe(true);
        },
      ),
    );
  });
});

describe("towards clients", () => {
  test.each<[Fields, Fields]>([
    [{ "content-type": "a" }, { "content-type": "a" }],
    [{ "keep-alive": "timeout=5" }, { "keep-alive": "timeout=5" }],
    [{ connection: "close" }, {}],
    [{ connection: "Upgrade", upgrade: "h2,h2c" }, { upgrade: "h2,h2c" }],
    [{ connection: "keep-alive, X-Secret", "x-secret": "1", "x-other": "2" }, { "x-other": "2" }],
    [{ connection: "content-length, content-encoding", "content-length": "5" }, { "content-length": "5" }],
    [{ "proxy-authenticate": "Basic", "proxy-authentication-info": "a", "proxy-connection": "close" }, {}],
    [{ "proxy-status": "origin; error=dns_error" }, { "proxy-status": "origin; error=dns_error" }],
  ])("of %j it leaves %j", (fields, left) => {
    const headers = new Headers(fields);
    const dropped = Object.keys(fields).some((name) => !(name in left) && name !== "connection");
    expect(hasHeadersToDrop(headers)).toBe(dropped);
    dropResponseHeaders(headers);
    headers.delete("connection"); // which workerd takes out by itself
    expect(Object.fromEntries(headers)).toEqual(left);
  });
});

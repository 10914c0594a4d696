/**
 * Requests on their way to a cluster (RFC 9110 §7.6, RFC 9112): the same bytes sent direct and through the edge reach the
 * origin alike, except where a row says so and why. What the edge itself writes is in `forwarding.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer } from "../faults/answers.ts";
import { RawConnection } from "../faults/raw-connection.ts";
import { type Differences, differences, SET_BY_THE_EDGE } from "./differences.ts";
import { type Lanes, openLanes, type RequestParts, requestText } from "./lanes.ts";

let lanes: Lanes;
beforeAll(async () => {
  lanes = await openLanes();
});
afterAll(() => lanes.dispose());

type Row = {
  readonly what: string;
  readonly request: RequestParts & { readonly chunks?: string };
  readonly differs?: Differences;
  readonly because?: string;
};

/** The field does not reach the cluster. */
function gone(...direct: readonly string[]) {
  return { direct, edge: [] };
}

const HOP_BY_HOP = "RFC 9110 §7.6.1: it is about one connection";
const FRAMED = "the runtime says that a request which may have content has none";

const FIELDS: readonly Row[] = [
  {
    what: "fields that Connection nominates end here",
    request: { lines: ["Connection: X-Hop, X-Other", "X-Hop: 1", "X-Other: 2", "X-Stays: 3"] },
    differs: { connection: gone("X-Hop, X-Other"), "x-hop": gone("1"), "x-other": gone("2") },
    because: HOP_BY_HOP,
  },
  {
    what: "framing, coding and host cannot be nominated away",
    request: {
      method: "POST",
      lines: ["Connection: Content-Length, Host, Content-Encoding", "Content-Encoding: gzip"],
      content: "hello",
    },
    differs: { connection: gone("Content-Length, Host, Content-Encoding") },
    because: "without them the message means something else",
  },
  {
    what: "Connection with things that are no field names",
    request: { lines: ['Connection: "x", ,a b, X-Hop', "X-Hop: 1", "X-Stays: 2"] },
    differs: { connection: gone('"x", ,a b, X-Hop'), "x-hop": gone("1") },
    because: HOP_BY_HOP,
  },
  {
    what: "Keep-Alive",
    request: { lines: ["Keep-Alive: timeout=5"] },
    differs: { "keep-alive": gone("timeout=5") },
    because: HOP_BY_HOP,
  },
  {
    what: "TE",
    request: { lines: ["Connection: TE", "TE: trailers, deflate"] },
    differs: { connection: gone("TE"), te: gone("trailers, deflate") },
    because: HOP_BY_HOP,
  },
  {
    what: "Trailer",
    request: { lines: ["Trailer: X-Sum"] },
    differs: { trailer: gone("X-Sum") },
    because: "a Worker cannot send trailers, so none are announced",
  },
  {
    what: "an upgrade that is no WebSocket, and its settings",
    request: { lines: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"] },
    differs: { connection: gone("Upgrade, HTTP2-Settings"), upgrade: gone("h2c"), "http2-settings": gone("AAMAAABk") },
    because: HOP_BY_HOP,
  },
  {
    what: "Proxy-Connection",
    request: { lines: ["Proxy-Connection: keep-alive"] },
    differs: { "proxy-connection": gone("keep-alive") },
    because: "never was a field of HTTP; some clients send it to every proxy",
  },
  {
    what: "Proxy-Authorization, and not Authorization",
    request: { lines: ["Proxy-Authorization: Basic YTpi", "Authorization: Basic YTpi"] },
    differs: { "proxy-authorization": gone("Basic YTpi") },
    because: "RFC 9110 §11.7.2: it is for the next proxy, and that is us",
  },
  {
    what: "Expect: 100-continue is answered here",
    request: { method: "POST", lines: ["Expect: 100-continue"], content: "hello" },
    differs: { expect: gone("100-continue") },
    because: "the runtime has told the client to go on",
  },
  {
    what: "Max-Forwards of OPTIONS goes down by one",
    request: { method: "OPTIONS", lines: ["Max-Forwards: 5"] },
    differs: { "max-forwards": { direct: ["5"], edge: ["4"] }, "content-length": { direct: [], edge: ["0"] } },
    because: `RFC 9110 §7.6.2; and ${FRAMED}`,
  },
  { what: "Max-Forwards of GET means nothing", request: { lines: ["Max-Forwards: 5"] } },
  {
    what: "conditions and ranges",
    request: {
      lines: [
        'If-None-Match: "a", W/"b"',
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        'If-Match: "c"',
        "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        "Range: bytes=0-3,5-",
        'If-Range: "a"',
      ],
    },
  },
  { what: "Priority", request: { lines: ["Priority: u=1, i"] } },
  {
    what: "what is negotiated, in the client's words",
    request: { lines: ["Accept-Encoding: br;q=1.0, gzip;q=0.5", "Accept: text/*;q=0.3", "Cache-Control: no-cache"] },
  },
  { what: "repeated lines of a name that the runtime does not know", request: { lines: ["X-Y: 1", "x-y: 2"] } },
  {
    what: "two Cookie lines",
    request: { lines: ["Cookie: a=1", "Cookie: b=2"] },
    differs: { cookie: { direct: ["a=1", "b=2"], edge: ["a=1, b=2"] } },
    because: "the runtime joins lines of names it knows; clients of HTTP/1.1 send one (RFC 6265 §5.4)",
  },
  {
    what: "bytes of values",
    request: { lines: ["X-Latin: caf\xe9", "X-Utf: caf\xc3\xa9", "X-Empty:", "X-Tab: a\tb", "X_Under: 1"] },
  },
];

const CONTENT: readonly Row[] = [
  { what: "a GET with content", request: { content: "hello" } },
  { what: "a DELETE with content", request: { method: "DELETE", content: "hello" } },
  { what: "a POST whose content is empty", request: { method: "POST", content: "" } },
  {
    what: "a POST that says nothing about content",
    request: { method: "POST" },
    differs: { "content-length": { direct: [], edge: ["0"] } },
    because: FRAMED,
  },
  {
    what: "coded content, byte for byte",
    request: { method: "PUT", lines: ["Content-Encoding: gzip"], content: "\x1f\x8bno gzip at all\x00\xff" },
  },
  {
    what: "chunks with extensions",
    request: {
      method: "POST",
      lines: ["Transfer-Encoding: chunked"],
      chunks: "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    },
  },
  {
    what: "trailers are dropped and do not become headers",
    request: {
      method: "POST",
      lines: ["Transfer-Encoding: chunked", "Trailer: X-Sum"],
      chunks: "5\r\nabcde\r\n0\r\nX-Sum: 9\r\n\r\n",
    },
    differs: { trailer: gone("X-Sum") },
    because: "RFC 9110 §6.5.1; a Worker can neither read nor send trailers",
  },
  {
    what: "a length beside chunks",
    request: {
      method: "POST",
      lines: ["Content-Length: 3", "Transfer-Encoding: chunked"],
      chunks: "5\r\nabcde\r\n0\r\n\r\n",
    },
    differs: { "content-length": gone("3") },
    because: "RFC 9112 §6.3: the length must go before the message is sent on",
  },
];

async function sendBothWays({ request }: Row) {
  const text = requestText(request) + (request.chunks ?? "");
  const direct = await lanes.send("direct", { request: text });
  const edge = await lanes.send("edge", { request: text });
  expect(edge.client.status, edge.client.content.toString()).toBe(200);
  expect(edge.received).toHaveLength(1);
  const [before] = direct.received;
  const [after] = edge.received;
  if (before === undefined || after === undefined) throw new Error("the origin got no request");
  return { before, after };
}

describe("header fields", () => {
  test.each(FIELDS)("$what", async (row) => {
    const { before, after } = await sendBothWays(row);
    expect(differences(before, after, SET_BY_THE_EDGE)).toEqual(row.differs ?? {});
    expect(after.startLine).toBe(before.startLine);
    expect(after.content).toEqual(before.content);
  });
});

describe("content", () => {
  test.each(CONTENT)("$what", async (row) => {
    const { before, after } = await sendBothWays(row);
    expect(differences(before, after, SET_BY_THE_EDGE)).toEqual(row.differs ?? {});
    expect(after.content).toEqual(before.content);
    expect(after).toMatchObject({ state: "complete", trailers: [] });
  });
});

describe("request targets that arrive byte for byte", () => {
  test.each([
    "/a//b",
    "//evil.example/x",
    "/%7Ea%2fb%2F",
    "/a%20b?x=%zz&y=a+b",
    "/a;p=1,2",
    "/a/..%2fb",
    "/.well-known/x",
    "/x?",
    "/x??a",
    "/x?a=../b",
    "/x?a=[b]{c}|d^e`f\\g",
    "/[x]|y",
    "/$&()*+,;=:@!'",
  ])("%s", async (target) => {
    const { after } = await sendBothWays({ what: target, request: { target } });
    expect(after.startLine).toBe(`GET ${target} HTTP/1.1`);
  });
});

const PARSED = "the URL parser normalises it, before routing and not after";

describe("request targets that are changed", () => {
  test.each([
    // sent                            arrives         because
    ["/a/../b", "/b", PARSED],
    ["/a/./b/", "/a/b/", PARSED],
    ["/%2e%2e/x", "/x", PARSED],
    ["/a/%2E./b", "/b", PARSED],
    ["/..", "/", PARSED],
    ["/a\\b", "/a/b", PARSED],
    ["/\xc3\xa9", "/%C3%A9", PARSED],
    ['/"{x}^', "/%22%7Bx%7D%5E", PARSED],
    ["/x?a='b'", "/x?a=%27b%27", PARSED],
    ["/x#fragment", "/x", "a fragment is no part of a request"],
    ["http://shop.example/abs?q", "/abs?q", "RFC 9112 §3.2.1: origins are asked in origin form"],
    ["HTTP://SHOP.EXAMPLE/abs", "/abs", "RFC 9112 §3.2.1"],
    ["http://other.example/abs", "/abs", "the runtime reads the host from Host alone, and so does routing"],
    ["http://u:p@other.example/abs", "/abs", "the same"],
  ])("%s arrives as %s: %s", async (target, arrives) => {
    const { after } = await sendBothWays({ what: target, request: { target } });
    expect(after.startLine).toBe(`GET ${arrives} HTTP/1.1`);
    expect(after.lines).toContain("x-forwarded-host: shop.example");
  });
});

describe("requests behind each other on one connection", () => {
  test("two in one packet are two, and are answered in order", async () => {
    lanes.origin.serve({ answer: ({ startLine }) => [answer({ status: "200 OK", content: `for ${startLine}` })] });
    const connection = await RawConnection.open(lanes.edge.port);
    const post = requestText({ method: "POST", target: "/1", content: "GET /x HTTP/1.1\r\n\r\n" });
    await connection.send(post + requestText({ target: "/2" }));
    expect(await connection.waitFor("for GET /2 HTTP/1.1")).toBe(true);
    const text = connection.received.toString();
    expect(text.indexOf("for POST /1 ")).toBeLessThan(text.indexOf("for GET /2 "));
    expect(lanes.origin.requests().map(({ startLine }) => startLine)).toEqual(["POST /1 HTTP/1.1", "GET /2 HTTP/1.1"]);
    connection.destroy();
  });
});

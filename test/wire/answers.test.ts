/**
 * Answers on their way to a client: the same bytes from the origin, received direct and through the edge, look alike
 * except where a row says so and why. Every row runs twice, because the edge has two ways to hand an answer on: the very
 * one, and a copy when a field of it has to go.
 */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer, chunk, LAST_CHUNK, rawAnswer } from "../faults/answers.ts";
import type { Ending } from "../faults/raw-client.ts";
import { FIN, RESET, type Step, send } from "../faults/steps.ts";
import { ADDED_TO_ANSWERS, type Differences, differences } from "./differences.ts";
import { type Lanes, openLanes, requestText } from "./lanes.ts";

let lanes: Lanes;
beforeAll(async () => {
  lanes = await openLanes();
});
afterAll(() => lanes.dispose());

type Row = {
  readonly what: string;
  readonly method?: string;
  /** Header lines besides those that the steps bring. */
  readonly steps: (more: readonly string[]) => readonly Step[];
  readonly differs?: Differences;
  readonly because?: string;
};

function gone(...direct: readonly string[]) {
  return { direct, edge: [] };
}

/** An answer with a length. */
function whole(status: string, lines: readonly string[] = [], content: string | Buffer = "ok"): Row["steps"] {
  return (more) => [answer({ status, lines: [...lines, ...more], content })];
}

/** An answer without anything that is not said, and what happens after it. */
function raw(status: string, lines: readonly string[], content: string | Buffer = "", ...then: Step[]): Row["steps"] {
  return (more) => [rawAnswer({ status, lines: [...lines, ...more], content }), ...then];
}

const HOP_BY_HOP = "RFC 9110 §7.6.1: it is about one connection";
const JOINED = "the runtime joins lines of names it knows; as lists they mean the same (RFC 9110 §5.3)";
const NO_TRAILERS = "a Worker can neither read nor send trailers, so none are announced";
const GZIP = gzipSync("hello ".repeat(100));

const FIELDS: readonly Row[] = [
  {
    what: "the fields of one connection",
    steps: whole("200 OK", ["Keep-Alive: timeout=5", "TE: x", "Upgrade: h2c", "Proxy-Connection: keep-alive"]),
    differs: {
      "keep-alive": gone("timeout=5"),
      te: gone("x"),
      upgrade: gone("h2c"),
      "proxy-connection": gone("keep-alive"),
    },
    because: HOP_BY_HOP,
  },
  {
    what: "what a proxy asks of the next, and not what an origin asks of the client",
    steps: whole("407 Proxy Authentication Required", [
      "Proxy-Authenticate: Basic",
      "Proxy-Authentication-Info: x",
      "WWW-Authenticate: Basic",
    ]),
    differs: { "proxy-authenticate": gone("Basic"), "proxy-authentication-info": gone("x") },
    because: "RFC 9110 §11.7.1: it applies to the next client on the way, and that is us",
  },
  {
    what: "several Set-Cookie lines stay lines",
    steps: whole("200 OK", ["Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Expires=Sun, 06 Nov 1994 08:49:37 GMT"]),
  },
  {
    what: "two challenges",
    steps: whole("401 Unauthorized", ['WWW-Authenticate: Basic realm="x"', 'WWW-Authenticate: Digest realm="y"']),
    differs: {
      "www-authenticate": {
        direct: ['Basic realm="x"', 'Digest realm="y"'],
        edge: ['Basic realm="x", Digest realm="y"'],
      },
    },
    because: JOINED,
  },
  {
    what: "what belongs to the origin or to the front end passes, and nothing is added",
    steps: whole("200 OK", [
      'Alt-Svc: h3=":443"',
      "Strict-Transport-Security: max-age=1",
      "Server: origin/1",
      "Date: Sun, 06 Nov 1994 08:49:37 GMT",
      "Age: 5",
      "Vary: Accept",
      "Cache-Control: max-age=5",
      "Expires: 0",
      "Priority: u=1",
      "Via: 1.1 varnish",
      "Link: </a.css>; rel=preload",
    ]),
  },
  { what: "Cache-Status: we do not cache", steps: whole("200 OK", ["Cache-Status: origin; hit"]) },
  {
    what: "Proxy-Status of a proxy behind us",
    steps: whole("200 OK", ["Proxy-Status: origin-proxy; error=dns_error"]),
  },
  {
    what: "bytes of values",
    steps: whole("200 OK", ["X-Latin: caf\xe9", "X-Utf: caf\xc3\xa9", "X-Empty:", "X-Two: 1", "X-Two: 2"]),
  },
  { what: "a head of 30 KB", steps: whole("200 OK", [`X-Big: ${"a".repeat(30_000)}`]) },
];

const STATUSES: readonly Row[] = [
  ...["200 OK", "200 Quite Fine", "200 ", "201 Created", "299 Odd", "404 Not Found", "418 I'm a teapot"].map(passes),
  ...["408 Slow", "421 Misdirected", "425 Early", "429 Many", "500 Wrong", "502 Bad", "503 Busy", "504 Late"].map(
    passes,
  ),
  ...["599 Odd", "600 Odder", "999 Oddest"].map(passes),
  ...["301 Moved", "302 Found", "303 Other", "307 Again", "308 Always"].map((status) => ({
    what: `${status}: a redirect is the client's to follow`,
    steps: whole(status, ["Location: http://127.0.0.1:1/x/../y"]),
  })),
  {
    what: "204 with bytes behind it",
    steps: raw("204 No Content", [], "oops"),
  },
  {
    what: "204 with a length",
    steps: raw("204 No Content", ["Content-Length: 4"], "oops"),
    differs: { "content-length": gone("4") },
    because: "RFC 9110 §8.6: there must not be one",
  },
  {
    what: "304 with the length of what is not sent",
    steps: raw("304 Not Modified", ['ETag: "a"', "Content-Length: 500"]),
    differs: { "content-length": gone("500") },
    because: "the runtime leaves it out, as it may (RFC 9110 §8.6)",
  },
  { what: "205 without content", steps: whole("205 Reset Content", [], "") },
  {
    what: "426 with the protocols it wants",
    steps: whole("426 Upgrade Required", ["Upgrade: h2c"]),
    differs: { upgrade: gone("h2c") },
    because: HOP_BY_HOP,
  },
];

function passes(status: string): Row {
  return { what: status, steps: whole(status) };
}

const CONTENT: readonly Row[] = [
  { what: "gzip under a strong ETag", steps: whole("200 OK", ["Content-Encoding: gzip", 'ETag: "a"'], GZIP) },
  {
    what: "gzip in chunks",
    steps: raw(
      "200 OK",
      ["Transfer-Encoding: chunked", "Content-Encoding: gzip"],
      Buffer.concat([chunk(GZIP), LAST_CHUNK]),
    ),
  },
  { what: "gzip that is none", steps: whole("200 OK", ["Content-Encoding: gzip"], "not gzip") },
  { what: "brotli", steps: whole("200 OK", ["Content-Encoding: br"], "\x0b\x01\x80abc\x03") },
  { what: "a coding that nobody knows", steps: whole("200 OK", ["Content-Encoding: zstd, x-own"], "zz") },
  {
    what: "a range",
    steps: whole("206 Partial Content", ["Content-Range: bytes 0-1/10", "Accept-Ranges: bytes", 'ETag: "a"']),
  },
  {
    what: "ranges in parts",
    steps: whole(
      "206 Partial Content",
      ["Content-Type: multipart/byteranges; boundary=B"],
      "--B\r\n\r\nab\r\n--B--\r\n",
    ),
  },
  {
    what: "chunks with extensions",
    steps: raw("200 OK", ["Transfer-Encoding: chunked"], "2;a=b\r\nok\r\n0\r\n\r\n"),
  },
  {
    what: "content until the connection ends",
    steps: raw("200 OK", ["Connection: close"], "until the end", FIN),
    differs: { connection: gone("close"), "transfer-encoding": { direct: [], edge: ["chunked"] } },
    because: "the runtime can tell the end without ending the client's connection",
  },
  { what: "HEAD: a length without content", method: "HEAD", steps: raw("200 OK", ["Content-Length: 12"]) },
  {
    what: "HEAD of a coded answer",
    method: "HEAD",
    steps: raw("200 OK", ["Content-Length: 12", "Content-Encoding: gzip", 'ETag: "a"']),
  },
  { what: "more content than the length says", steps: raw("200 OK", ["Content-Length: 2"], "okay") },
  {
    what: "an origin of HTTP/1.0",
    steps: (more) => [send(["HTTP/1.0 200 OK", "Content-Length: 2", ...more, "", "ok"].join("\r\n"))],
  },
];

/** The client must be able to see that something is missing (DESIGN, "truth in failure"). */
const CUT: readonly Row[] = [
  { what: "less content than the length says", steps: raw("200 OK", ["Content-Length: 10"], "short", FIN) },
  { what: "no content at all", steps: raw("200 OK", ["Content-Length: 10"], "", FIN) },
  { what: "a reset in the content", steps: raw("200 OK", ["Content-Length: 10"], "short", RESET) },
  { what: "a chunk that is too short", steps: raw("200 OK", ["Transfer-Encoding: chunked"], "5\r\nok", FIN) },
  { what: "no last chunk", steps: raw("200 OK", ["Transfer-Encoding: chunked"], "2\r\nok\r\n", FIN) },
  {
    what: "a reset instead of the last chunk",
    steps: raw("200 OK", ["Transfer-Encoding: chunked"], "2\r\nok\r\n", RESET),
  },
  { what: "a bad chunk", steps: raw("200 OK", ["Transfer-Encoding: chunked"], "2\r\nok\r\nzz\r\nmore\r\n", FIN) },
  {
    what: "gzip that breaks off",
    steps: raw("200 OK", ["Content-Length: 100", "Content-Encoding: gzip"], GZIP.subarray(0, 15), FIN),
  },
  {
    what: "a reset in content of unknown length",
    steps: raw("200 OK", [], "until the en", RESET),
    differs: { "transfer-encoding": { direct: [], edge: ["chunked"] } },
    because: "the runtime can tell the end without ending the client's connection",
  },
];

type Way = { readonly way: string; readonly more: readonly string[]; readonly differs: Differences };

const WAYS: readonly Way[] = [
  { way: "handed on", more: [], differs: {} },
  {
    way: "copied, because a nominated field has to go",
    more: ["Connection: X-Hop", "X-Hop: 1"],
    differs: { connection: gone("X-Hop"), "x-hop": gone("1") },
  },
];

async function receiveBothWays({ steps, method = "GET" }: Row, more: readonly string[]) {
  const request = requestText({ method });
  const rules = { answer: () => steps(more) };
  const direct = await lanes.send("direct", { request, method }, rules);
  const edge = await lanes.send("edge", { request, method }, rules);
  expect(edge.received).toHaveLength(1);
  return { before: direct.client, after: edge.client };
}

/** A row that brings a Connection line of its own has one way only. */
function bringsConnection({ steps }: Row): boolean {
  return steps([]).some((step) => step.kind === "send" && /\r\nConnection:/.test(step.bytes.toString("latin1")));
}

describe.each(WAYS)("$way:", ({ more, differs }) => {
  const rowsOf = (rows: readonly Row[]) => rows.filter((row) => more.length === 0 || !bringsConnection(row));

  describe.each([
    { group: "fields", rows: rowsOf(FIELDS) },
    { group: "statuses", rows: rowsOf(STATUSES).filter((row) => more.length === 0 || !isBeyond599(row)) },
    { group: "content", rows: rowsOf(CONTENT) },
  ])("$group", ({ rows }) => {
    test.each(rows)("$what", async (row) => {
      const { before, after } = await receiveBothWays(row, more);
      expect(after).toMatchObject({ status: before.status, ending: "complete" });
      expect(differences(before, after, ADDED_TO_ANSWERS)).toEqual({ ...row.differs, ...differs });
      expect(after.content.equals(before.content)).toBe(true);
    });
  });

  describe("answers that break off are seen to", () => {
    test.each(rowsOf(CUT))("$what", async (row) => {
      const { before, after } = await receiveBothWays(row, more);
      expect(after).toMatchObject({ status: 200, ending: "cut" satisfies Ending });
      expect(differences(before, after, ADDED_TO_ANSWERS)).toEqual({ ...row.differs, ...differs });
    });
  });
});

function isBeyond599({ what }: Row): boolean {
  return Number.parseInt(what, 10) > 599;
}

describe("what cannot be copied", () => {
  // `new Response` takes 200 to 599 only. A hop-by-hop field too many is better than an error of ours.
  test.each(["600 Odd", "999 Oddest"])("%s passes with its nominated fields", async (status) => {
    const { after } = await receiveBothWays({ what: status, steps: whole(status) }, ["Connection: X-Hop", "X-Hop: 1"]);
    expect(after.status).toBe(Number.parseInt(status, 10));
    expect(after.content.toString()).toBe("ok");
  });
});

describe("what does not reach the client", () => {
  test.each([
    ["100 Continue", []],
    ["102 Processing", []],
    ["103 Early Hints", ["Link: </a.css>; rel=preload"]],
  ])("%s before the answer", async (status, lines) => {
    const steps = () => [rawAnswer({ status, lines }), answer({ status: "200 OK", content: "ok" })];
    const { before, after } = await receiveBothWays({ what: status, steps }, []);
    expect(before.interim).toEqual([`HTTP/1.1 ${status}`]);
    expect(after).toMatchObject({ status: 200, interim: [] });
    expect(after.content.toString()).toBe("ok");
  });

  test("trailers, and they do not become headers", async () => {
    const steps = raw("200 OK", ["Transfer-Encoding: chunked", "Trailer: X-Sum"], "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
    const { before, after } = await receiveBothWays({ what: "trailers", steps }, []);
    expect(before.trailers).toEqual(["X-Sum: 1"]);
    expect(after.trailers).toEqual([]);
    expect(differences(before, after, ADDED_TO_ANSWERS), NO_TRAILERS).toEqual({ trailer: gone("X-Sum") });
  });

  test("content of a 205, which has none", async () => {
    const { after } = await receiveBothWays({ what: "205", steps: whole("205 Reset Content") }, []);
    expect(after).toMatchObject({ status: 205, ending: "complete" });
    expect(after.content).toHaveLength(0);
  });

  test("fields that Connection nominates, apart from framing and coding", async () => {
    const lines = ["Connection: Content-Length, Content-Encoding, X-Hop", "X-Hop: 1", "Content-Encoding: gzip"];
    const { before, after } = await receiveBothWays({ what: "nominated", steps: whole("200 OK", lines, GZIP) }, []);
    expect(differences(before, after, ADDED_TO_ANSWERS), HOP_BY_HOP).toEqual({
      connection: gone("Content-Length, Content-Encoding, X-Hop"),
      "x-hop": gone("1"),
    });
    expect(after.content.equals(GZIP)).toBe(true);
  });
});

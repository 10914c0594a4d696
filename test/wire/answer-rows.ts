/**
 * Answers of an origin as the wire tests send them, and what the edge may change about each, with the reason. What is not
 * listed as a difference is none.
 */
import { gzipSync } from "node:zlib";
import { answer, chunk, LAST_CHUNK, rawAnswer } from "../faults/answers.ts";
import { FIN, RESET, type Step, send } from "../faults/steps.ts";
import type { Differences } from "./differences.ts";

export type AnswerRow = {
  readonly what: string;
  readonly method?: string;
  /** Header lines besides those that the steps bring. */
  readonly steps: (more: readonly string[]) => readonly Step[];
  readonly differs?: Differences;
  readonly because?: string;
};

export function gone(...direct: readonly string[]) {
  return { direct, edge: [] };
}

/** An answer with a length. */
export function whole(
  status: string,
  lines: readonly string[] = [],
  content: string | Buffer = "ok",
): AnswerRow["steps"] {
  return (more) => [answer({ status, lines: [...lines, ...more], content })];
}

/** An answer without anything that is not said, and what happens after it. */
export function raw(
  status: string,
  lines: readonly string[],
  content: string | Buffer = "",
  ...then: Step[]
): AnswerRow["steps"] {
  return (more) => [rawAnswer({ status, lines: [...lines, ...more], content }), ...then];
}

export const HOP_BY_HOP = "RFC 9110 §7.6.1: it is about one connection";
const JOINED = "the runtime joins lines of names it knows; as lists they mean the same (RFC 9110 §5.3)";
export const GZIP = gzipSync("hello ".repeat(100));

export const FIELDS: readonly AnswerRow[] = [
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

export const STATUSES: readonly AnswerRow[] = [
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

function passes(status: string): AnswerRow {
  return { what: status, steps: whole(status) };
}

export const CONTENT: readonly AnswerRow[] = [
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
export const CUT: readonly AnswerRow[] = [
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

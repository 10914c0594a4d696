/**
 * What the edge itself tells a cluster: the way a request took (Via, CDN-Loop), where it came from (Forwarded,
 * X-Forwarded-*), and which trace it belongs to. A client can neither set nor remove any of it.
 */
import { parseList } from "structured-headers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CF_BLOB_HEADER } from "../faults/edge-harness.ts";
import { values } from "../faults/raw-client.ts";
import type { RecordedRequest } from "../faults/recording-server.ts";
import { HOST, type Lanes, openLanes, requestText } from "./lanes.ts";

let lanes: Lanes;
beforeAll(async () => {
  lanes = await openLanes();
});
afterAll(() => lanes.dispose());

async function receive(lines: readonly string[], method = "GET"): Promise<RecordedRequest> {
  const { client, received } = await lanes.send("edge", { request: requestText({ method, lines }) });
  expect(client.status, client.content.toString()).toBe(200);
  const [request] = received;
  if (request === undefined) throw new Error("the origin got no request");
  return request;
}

/** As Cloudflare says it: the place in `request.cf`, the address in a header that no client can set there. */
function fromCloudflare(address: string, cf: object = {}): readonly string[] {
  return [`${CF_BLOB_HEADER}: ${JSON.stringify(cf)}`, `CF-Connecting-IP: ${address}`];
}

const SPOOFED = [
  "Forwarded: for=6.6.6.6;host=evil.example",
  "X-Forwarded-For: 6.6.6.6",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Proto: https",
];

/** Of these a client may say what it likes; no cluster hears it. */
const DROPPED = [
  "X-Real-IP",
  "True-Client-IP",
  "CF-IPCountry",
  "CF-Visitor",
  "CF-Worker",
  "Fastly-Client-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Original-Forwarded-For",
  "X-Forwarded-Port",
  "X-Forwarded-Prefix",
  "X-Forwarded-Server",
  "X-Forwarded-Ssl",
  "X-Forwarded-Scheme",
  "X-Forwarded-Client-Cert",
  "X-Forwarded-User",
  "X-Original-Host",
  "X-Original-URL",
  "X-Rewrite-URL",
  "Proxy",
  "Fairlead-Geo",
  "Fairlead-Decision",
];

describe("where a request came from", () => {
  test.each([
    // address                 X-Forwarded-For          Forwarded
    ["192.0.2.7", ["192.0.2.7"], `for=192.0.2.7;host="${HOST}";proto=http`],
    ["2001:db8::1", ["2001:db8::1"], `for="[2001:db8::1]";host="${HOST}";proto=http`],
    ["::ffff:192.0.2.7", ["::ffff:192.0.2.7"], `for="[::ffff:192.0.2.7]";host="${HOST}";proto=http`],
    ['1.2.3.4";for=evil', [], `for=unknown;host="${HOST}";proto=http`],
  ])("the client at %s", async (address, forwardedFor, forwarded) => {
    const request = await receive(fromCloudflare(address));
    expect(values(request, "x-forwarded-for")).toEqual(forwardedFor);
    expect(values(request, "forwarded")).toEqual([forwarded]);
    expect(values(request, "x-forwarded-host")).toEqual([HOST]);
    expect(values(request, "x-forwarded-proto")).toEqual(["http"]);
    expect(values(request, "cf-connecting-ip")).toEqual([]);
  });

  test("what a client says is replaced, not extended", async () => {
    const request = await receive([...SPOOFED, ...fromCloudflare("192.0.2.7")]);
    expect(request.lines.filter((line) => /6\.6\.6\.6|evil|https/.test(line))).toEqual([]);
    expect(values(request, "x-forwarded-for")).toEqual(["192.0.2.7"]);
  });

  test("without the platform's word there is no address, whoever claims one", async () => {
    const request = await receive([...SPOOFED, "CF-Connecting-IP: 6.6.6.6"]);
    expect(values(request, "x-forwarded-for")).toEqual([]);
    expect(values(request, "forwarded")).toEqual([`for=unknown;host="${HOST}";proto=http`]);
  });

  test("nominating the edge's own fields takes nothing away", async () => {
    const nominated = "Connection: Forwarded, X-Forwarded-For, X-Forwarded-Host, Via, CDN-Loop, traceparent";
    const request = await receive([nominated, ...SPOOFED, ...fromCloudflare("192.0.2.7"), "Via: 1.0 first"]);
    expect(values(request, "x-forwarded-for")).toEqual(["192.0.2.7"]);
    expect(values(request, "forwarded")).toEqual([`for=192.0.2.7;host="${HOST}";proto=http`]);
    expect(values(request, "via").join(", ")).toBe("1.0 first, 1.1 fairlead");
    expect(values(request, "cdn-loop")).toEqual(["fairlead-wire"]);
  });

  test("fields by which programs are told an address or a target are dropped", async () => {
    const request = await receive(DROPPED.map((name) => `${name}: x`));
    const names = request.lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase());
    expect(names.filter((name) => DROPPED.some((dropped) => dropped.toLowerCase() === name))).toEqual([]);
  });
});

describe("Via", () => {
  test.each([
    // cf.httpProtocol  already there            arrives
    [undefined, [], "1.1 fairlead"],
    ["HTTP/1.0", [], "1.0 fairlead"],
    ["HTTP/1.1", [], "1.1 fairlead"],
    ["HTTP/2", [], "2.0 fairlead"],
    ["HTTP/3", ["Via: 1.0 fred, 1.1 p.example.net"], "1.0 fred, 1.1 p.example.net, 3.0 fairlead"],
  ])("by %s with %j before", async (httpProtocol, lines, via) => {
    const cf = httpProtocol === undefined ? {} : { httpProtocol };
    const request = await receive([...lines, ...fromCloudflare("192.0.2.7", cf)]);
    expect(values(request, "via").join(", ")).toBe(via);
  });
});

describe("CDN-Loop", () => {
  test.each([
    [[], ["fairlead-wire"]],
    [["CDN-Loop: cloudflare"], ["cloudflare", "fairlead-wire"]],
    [
      ['CDN-Loop: a.example; v="x,y"', "CDN-Loop: b"],
      ['a.example; v="x,y"', "b", "fairlead-wire"],
    ],
    // An id of another environment, an id in a quoted string, and a longer id are not ours.
    [["CDN-Loop: fairlead-other"], ["fairlead-other", "fairlead-wire"]],
    [['CDN-Loop: x; a=", fairlead-wire"'], ['x; a=", fairlead-wire"', "fairlead-wire"]],
    [["CDN-Loop: fairlead-wire.example"], ["fairlead-wire.example", "fairlead-wire"]],
  ])("%j becomes %j", async (lines, arrives) => {
    const request = await receive(lines);
    expect(values(request, "cdn-loop").join(", ")).toBe(arrives.join(", "));
  });

  test("is a list by RFC 8941, to which ours is added last", async () => {
    const request = await receive(["CDN-Loop: cloudflare; loops=1"]);
    const members = parseList(values(request, "cdn-loop").join(", "));
    expect(members.map(([id]) => String(id))).toEqual(["cloudflare", "fairlead-wire"]);
  });
});

describe("trace context (W3C)", () => {
  const TRACE = "0af7651916cd43dd8448eb211c80319c";
  const PARENT = "b7ad6b7169203331";
  const VALID = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/;

  test.each([
    ["sampled", `00-${TRACE}-${PARENT}-01`],
    ["not sampled", `00-${TRACE}-${PARENT}-00`],
    ["a later version with more behind it", `cc-${TRACE}-${PARENT}-01-what-comes-later`],
  ])("%s: the trace goes on under a new parent", async (_what, traceparent) => {
    const request = await receive([`traceparent: ${traceparent}`, "tracestate: congo=t61,rojo=00f0"]);
    const [sent = ""] = values(request, "traceparent");
    expect(sent).toMatch(VALID);
    const [, trace, parent, flags] = sent.split("-");
    expect(trace).toBe(TRACE);
    expect(parent).not.toBe(PARENT);
    expect(flags).toBe(traceparent.split("-")[3]);
    expect(values(request, "tracestate")).toEqual(["congo=t61,rojo=00f0"]);
  });

  test.each([
    ["none", []],
    ["upper case", [`00-${TRACE.toUpperCase()}-${PARENT}-01`]],
    ["a trace id of zeros", [`00-${"0".repeat(32)}-${PARENT}-01`]],
    ["a parent id of zeros", [`00-${TRACE}-${"0".repeat(16)}-01`]],
    ["version ff", [`ff-${TRACE}-${PARENT}-01`]],
    ["version 00 with more behind it", [`00-${TRACE}-${PARENT}-01-more`]],
    ["too short", [`00-${TRACE.slice(1)}-${PARENT}-01`]],
    ["two of them", [`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`]],
    ["nonsense", ["hello"]],
  ])("%s: a new trace begins, without the old state", async (_what, traceparents) => {
    const request = await receive([...traceparents.map((value) => `traceparent: ${value}`), "tracestate: congo=t61"]);
    const sent = values(request, "traceparent");
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatch(VALID);
    expect(sent[0]).not.toContain(TRACE);
    expect(values(request, "tracestate")).toEqual([]);
  });

  test("two requests are two traces", async () => {
    const [first, second] = [await receive([]), await receive([])];
    expect(values(first, "traceparent")).not.toEqual(values(second, "traceparent"));
  });
});

/**
 * What never reaches a cluster, and what the client gets instead: answers of the edge, with Proxy-Status (RFC 9209) in
 * valid structured fields, and answers of the runtime for what is no HTTP.
 */
import { parseList, Token } from "structured-headers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EDGE_PROBLEMS, type EdgeProblemCode } from "../../config/errors.ts";
import { answer, rawAnswer } from "../faults/answers.ts";
import { type RawAnswer, values } from "../faults/raw-client.ts";
import { FIN, RESET, type Step } from "../faults/steps.ts";
import { HOST, type Lanes, openLanes, type Passage, requestText } from "./lanes.ts";

let lanes: Lanes;
beforeAll(async () => {
  lanes = await openLanes();
});
afterAll(() => lanes.dispose());

/** The member of Proxy-Status that is ours, parsed as the list of structured fields that it has to be. */
function proxyStatus(client: RawAnswer): { readonly error: string; readonly receivedStatus: unknown } {
  const members = parseList(values(client, "proxy-status").join(", "));
  const ours = members.at(-1);
  if (ours === undefined) throw new Error(`no Proxy-Status in ${client.statusLine}`);
  const [name, parameters] = ours;
  expect(name).toEqual(new Token("fairlead"));
  return { error: String(parameters.get("error")), receivedStatus: parameters.get("received-status") };
}

/** A problem of the edge's table, in every place where it is told. */
function expectProblem(client: RawAnswer, code: EdgeProblemCode): void {
  const { status, title, proxyError } = EDGE_PROBLEMS[code];
  expect(client, client.content.toString()).toMatchObject({ status, ending: "complete" });
  expect(values(client, "content-type")).toEqual(["application/problem+json"]);
  expect(values(client, "cache-control")).toEqual(["no-store"]);
  expect(JSON.parse(client.content.toString())).toMatchObject({ code, status, title });
  expect(proxyStatus(client).error).toBe(proxyError);
}

async function expectRefused(request: string, code: EdgeProblemCode): Promise<RawAnswer> {
  const { client, received } = await lanes.send("edge", { request });
  expectProblem(client, code);
  expect(received).toEqual([]);
  return client;
}

describe("hosts", () => {
  test.each([
    ["user information", "good@evil.example"],
    ["a path", `${HOST}/admin`],
    ["a backslash", `${HOST}\\x`],
    ["a query", `${HOST}?x`],
    ["a fragment", `${HOST}#x`],
    ["a space", "shop example"],
    ["a comma", "a.example,b.example"],
    ["two dots at the end", `${HOST}..`],
    ["a port that is too large", `${HOST}:99999`],
    ["a colon without a port", `${HOST}:`],
    ["a bracket that stays open", "[::1"],
    ["an escape", "%73hop.example"],
    ["more than a name may have", "a".repeat(300)],
  ])("%s: %s", async (_what, host) => {
    await expectRefused(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, "hostInvalid");
  });

  test("two Host lines", async () => {
    await expectRefused(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nHost: b.example\r\n\r\n`, "hostInvalid");
  });

  test.each(["SHOP.Example", `${HOST}.`, `${HOST}:80`, "127.0.0.1", "[::1]:8080"])("%s is a host", async (host) => {
    const { client, received } = await lanes.send("edge", { request: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n` });
    expect(client.status).toBe(200);
    // Clusters are told the host as the client wrote it.
    expect(received.map((request) => values(request, "x-forwarded-host"))).toEqual([[host]]);
  });
});

describe("methods", () => {
  test("TRACE, which would show a client what proxies have added", async () => {
    const client = await expectRefused(requestText({ method: "TRACE" }), "methodRefused");
    expect(values(client, "allow")).toHaveLength(1);
  });

  test("TRACE with Max-Forwards: 0 is not answered with the request either", async () => {
    const request = requestText({ method: "TRACE", lines: ["Max-Forwards: 0", "Cookie: a=secret"] });
    const client = await expectRefused(request, "methodRefused");
    expect(client.content.toString()).not.toContain("secret");
  });

  test.each([
    ["the server as a whole", { target: "*" }],
    ["whoever is reached at Max-Forwards: 0", { lines: ["Max-Forwards: 0"] }],
  ])("OPTIONS for %s is answered here", async (_what, parts) => {
    const { client, received } = await lanes.send("edge", { request: requestText({ method: "OPTIONS", ...parts }) });
    expect(client).toMatchObject({ status: 204, ending: "complete" });
    expect(values(client, "allow")).toHaveLength(1);
    expect(received).toEqual([]);
  });

  test("* is for OPTIONS only", async () => {
    await expectRefused(requestText({ target: "*" }), "methodRefused");
  });

  test.each(["PATCH", "QUERY", "PROPFIND", "REPORT", "LOCK", "PURGE", "SUBSCRIBE"])("%s passes", async (method) => {
    const { client, received } = await lanes.send("edge", { request: requestText({ method }) });
    expect(client.status).toBe(200);
    expect(received.map(({ startLine }) => startLine)).toEqual([`${method} / HTTP/1.1`]);
  });

  // The runtime has a fixed list; what is not on it never comes to the Worker.
  test.each(["LINK", "MKCALENDAR", "M-SEARCH", "CUSTOM", "get"])("%s is not implemented", async (method) => {
    const { client, received } = await lanes.send("edge", { request: requestText({ method }) });
    expect(client.status).toBe(501);
    expect(received).toEqual([]);
  });
});

describe("loops", () => {
  test.each([
    ["our id", ["CDN-Loop: fairlead-wire"]],
    ["in another case, behind another, with parameters", ["CDN-Loop: cloudflare, Fairlead-Wire; v=1"]],
    ["in a second line", ["CDN-Loop: cloudflare", "CDN-Loop: fairlead-wire"]],
    ["behind an empty member", ["CDN-Loop: x,,fairlead-wire"]],
    ["in a quote that stays open", ['CDN-Loop: "fairlead-wire']],
    ["nominated away", ["Connection: CDN-Loop", "CDN-Loop: fairlead-wire"]],
  ])("%s", async (_what, lines) => {
    await expectRefused(requestText({ lines }), "loop");
  });
});

describe("requests that are no HTTP are refused by the runtime", () => {
  const POST = `POST / HTTP/1.1\r\nHost: ${HOST}\r\n`;
  test.each([
    ["no Host", "GET / HTTP/1.1\r\n\r\n"],
    ["an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"],
    ["two lengths", `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ["a length that is no number", `${POST}Content-Length: 5x\r\n\r\nhello`],
    ["a coding that does not end in chunked", `${POST}Transfer-Encoding: gzip\r\n\r\nhello`],
    ["a space before the colon", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ["a folded line", `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: b\r\n c\r\n\r\n`],
    ["a control character in the target", `GET /\x01 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
    ["a target without a slash", `GET ?q HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ])("%s", async (_what, request) => {
    const { client, received } = await lanes.send("edge", { request });
    expect(client.status).toBe(400);
    expect(received).toEqual([]);
  });
});

describe("answers that are not handed on", () => {
  async function ask(method: string, steps: readonly Step[]): Promise<Passage> {
    return lanes.send("edge", { request: requestText({ method }) }, { answer: () => steps });
  }

  test.each([
    ["without a head", rawAnswer({ status: "101 Switching Protocols" })],
    [
      "for a WebSocket",
      rawAnswer({ status: "101 Switching Protocols", lines: ["Upgrade: websocket", "Connection: Upgrade"] }),
    ],
  ])("101 that nobody asked for, %s", async (_what, step) => {
    const { client } = await ask("GET", [step]);
    expectProblem(client, "upstreamInvalid");
  });

  test.each([
    // status of the platform    problem
    ["520 Unknown", "upstreamInvalid", 520],
    ["521 Down", "upstreamRefused", 521],
    ["522 Timed out", "upstreamTimeout", 522],
    ["523 Unreachable", "upstreamRefused", 523],
    ["524 Timeout", "upstreamTimeout", 524],
    ["525 Handshake", "upstreamLost", 525],
    ["526 Certificate", "upstreamLost", 526],
    ["530 Error", "upstreamLost", 530],
  ] as const)("%s, which the platform says in a cluster's name", async (status, code, receivedStatus) => {
    const { client } = await ask("GET", [answer({ status })]);
    expectProblem(client, code);
    expect(proxyStatus(client)).toMatchObject({ receivedStatus });
  });

  // The runtime says no more than that the connection was lost; to say "refused" would be to say that nothing was sent.
  test.each([
    ["the end of the connection", [FIN]],
    ["a reset", [RESET]],
    [
      "two lengths",
      [rawAnswer({ status: "200 OK", lines: ["Content-Length: 2", "Content-Length: 3"], content: "abc" })],
    ],
    ["a field without a colon", [rawAnswer({ status: "200 OK", lines: ["nonsense"] }), FIN]],
    ["a NUL in a value", [rawAnswer({ status: "200 OK", lines: ["X-A: a\0b"] }), FIN]],
    ["another protocol", [rawAnswer({ status: "" }), FIN]],
  ] as const)("%s, after the cluster had the request", async (_what, steps) => {
    const { client, received } = await ask("POST", steps);
    expectProblem(client, "upstreamLost");
    expect(received).toHaveLength(1);
  });
});

describe("who reads the answer", () => {
  test.each([
    ["a browser", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"],
    ["a program", "*/*", "application/problem+json"],
    ["an API client", "application/json", "application/problem+json"],
  ])("%s", async (_who, accept, contentType) => {
    const request = `GET / HTTP/1.1\r\nHost: a@b\r\nAccept: ${accept}\r\n\r\n`;
    const { client } = await lanes.send("edge", { request });
    expect(values(client, "content-type")).toEqual([contentType]);
    expect(values(client, "vary")).toEqual(["accept"]);
  });

  test("HEAD gets the head", async () => {
    const { client } = await lanes.send("edge", { request: "HEAD / HTTP/1.1\r\nHost: a@b\r\n\r\n" });
    expect(client).toMatchObject({ status: 400, ending: "complete" });
  });

  test("the path of a client does not come back in a page", async () => {
    const request = requestText({ method: "TRACE", target: "/script-alert", lines: ["Accept: text/html"] });
    const { client } = await lanes.send("edge", { request });
    expect(client.content.toString()).not.toContain("script-alert");
  });
});

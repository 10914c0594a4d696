/** One request from client to cluster and back, on real sockets, as production is set up. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { type Edge, fleet, publish, startEdge } from "./edge.ts";

const BERLIN = { country: "DE", continent: "EU", isEUCountry: "1", latitude: "52.5", longitude: "13.4" };
const BOSTON = { country: "US", continent: "NA", latitude: "42.4", longitude: "-71.1" };

type Echo = {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly body: string;
};

type Init = RequestInit<RequestInitCfProperties> & { readonly cf?: object };

let edge: Edge;
beforeEach(async () => {
  await publish(fleet(1));
  edge = startEdge();
});
afterEach(() => reset());

/** Requests that arrive at a Worker do not follow redirects; those that a test makes would. */
function get(path: string, init: Init = {}): Promise<Response> {
  return edge.fetch(new Request(`http://web.example${path}`, { redirect: "manual", ...init } as RequestInit));
}

async function echo(path: string, init: Init = {}): Promise<Echo> {
  const response = await get(path, init);
  expect(response.status).toBe(200);
  // The origin of these tests answers nothing else.
  return (await response.json()) as Echo;
}

describe("where a request goes", () => {
  test.each([
    ["Berlin", BERLIN, "europe"],
    ["Boston", BOSTON, "america"],
    ["nowhere", undefined, "america"],
  ])("from %s", async (_, cf, name) => {
    expect((await echo("/a", cf === undefined ? {} : { cf })).name).toBe(name);
  });

  test("a client cannot say where it is, who it is, or what we say", async () => {
    const claims = {
      "cf-ipcountry": "DE",
      "cf-ipcontinent": "EU",
      "fairlead-geo": JSON.stringify({ ...BERLIN, clientAddress: "6.6.6.6" }),
      "mf-cf-blob": JSON.stringify(BERLIN),
      "cf-connecting-ip": "6.6.6.6",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-real-ip": "6.6.6.6",
      "true-client-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6;host=evil.example",
      "fairlead-anything": "6.6.6.6",
      "fairlead-flags": "evil=?1",
    };
    const { name, headers } = await echo("/a", { headers: claims });
    expect(name).toBe("america");
    expect(headers).toMatchObject({
      "x-forwarded-host": "web.example",
      "x-forwarded-proto": "http",
      forwarded: 'for=unknown;host="web.example";proto=http',
    });
    expect(JSON.stringify(headers)).not.toMatch(/6\.6\.6\.6|evil/);
  });

  test("clusters are handed the service's flags, for the client and the region that serves", async () => {
    expect((await echo("/a", { cf: BERLIN })).headers["fairlead-flags"]).toBe('banner=%"Gr%c3%bc%c3%9fe";v="de"');
    expect((await echo("/a", { cf: { ...BERLIN, country: "FR" } })).headers["fairlead-flags"]).toBe(
      'banner="hi";v="other"',
    );
    expect((await echo("/a", { cf: BOSTON })).headers["fairlead-flags"]).toBeUndefined();
  });

  test("behind Cloudflare the platform's address is told, and only that", async () => {
    const headers = { "cf-connecting-ip": "2001:db8::7", "x-forwarded-for": "6.6.6.6" };
    const seen = await echo("/a", { headers, cf: BERLIN });
    expect(seen.headers["x-forwarded-for"]).toBe("2001:db8::7");
    expect(seen.headers.forwarded).toBe('for="[2001:db8::7]";host="web.example";proto=http');
  });

  test("in development the header says it, and the answer says what was decided", async () => {
    edge = startEdge({ DEVELOPMENT: "true" });
    const headers = { "fairlead-geo": JSON.stringify({ ...BERLIN, clientAddress: "192.0.2.7" }) };
    const response = await get("/a", { headers });
    expect(response.headers.get("fairlead-decision")).toBe("web;europe;europe-web;1");
    expect(await response.json()).toMatchObject({ name: "europe", headers: { "x-forwarded-for": "192.0.2.7" } });
    const broken = await get("/a", { headers: { "fairlead-geo": "Germany" } });
    expect([broken.status, await broken.json()]).toEqual([400, expect.objectContaining({ code: "geoInvalid" })]);
  });

  test("in production nothing is said of the decision", async () => {
    const response = await get("/a", { cf: BERLIN });
    expect([...response.headers.keys()].filter((name) => name.startsWith("fairlead"))).toEqual([]);
  });
});

describe("what a cluster gets", () => {
  test("method, path, query and body as they are", async () => {
    const seen = await echo("/p/a%2Fb;c//d?x=%20y&z=/../q", { method: "POST", body: "content", cf: BERLIN });
    expect(seen).toMatchObject({ method: "POST", url: "/p/a%2Fb;c//d?x=%20y&z=/../q", body: "content" });
  });

  test("the path that was routed on", async () => {
    expect((await echo("/public/%2e%2e/private")).url).toBe("/private");
  });

  test("Via and CDN-Loop continued, connection fields and nominated ones gone", async () => {
    const { headers } = await echo("/a", {
      headers: {
        via: "2.0 cdn",
        "cdn-loop": "cdn; x=1",
        connection: "x-nominated, cdn-loop",
        "x-nominated": "1",
        "proxy-authorization": "Basic x",
        "http2-settings": "x",
        "x-kept": "1",
      },
    });
    expect(headers).toMatchObject({
      via: "2.0 cdn, 1.1 fairlead",
      "cdn-loop": "cdn; x=1, fairlead-demo",
      "x-kept": "1",
    });
    for (const name of ["x-nominated", "proxy-authorization", "http2-settings"])
      expect(headers).not.toHaveProperty(name);
  });

  test("a streamed upload in its parts", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writing = (async () => {
      const writer = writable.getWriter();
      for (const part of ["one ", "two ", "three"]) await writer.write(new TextEncoder().encode(part));
      await writer.close();
    })();
    const seen = await echo("/upload", { method: "PUT", body: readable });
    await writing;
    expect(seen.body).toBe("one two three");
  });
});

describe("what a client gets", () => {
  test("redirects, not what they lead to", async () => {
    const response = await get("/redirect");
    expect([response.status, response.headers.get("location")]).toEqual([302, "/elsewhere"]);
  });

  test("each Set-Cookie by itself", async () => {
    expect((await get("/cookies")).headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2, c"]);
  });

  test("a coded body with its coding and its strong ETag", async () => {
    const response = await get("/gzip");
    expect([response.headers.get("content-encoding"), response.headers.get("etag")]).toEqual(["gzip", '"strong"']);
    expect(await response.text()).toBe("squeezed ".repeat(100));
  });

  test("end-to-end headers without the nominated ones", async () => {
    const { headers } = await get("/hop");
    expect([headers.get("x-nominated"), headers.get("proxy-authenticate"), headers.get("x-end-to-end")]).toEqual([
      null,
      null,
      "kept",
    ]);
  });

  test("a stream", async () => {
    expect(await (await get("/stream")).text()).toBe("one two three");
  });

  test.each([204, 304, 404, 500, 503])("the cluster's own %i", async (status) => {
    expect((await get("/a", { headers: { "x-status": String(status) } })).status).toBe(status);
  });
});

describe("failover", () => {
  const europeFails = () => fleet(2, { ...inject("edgeOrigins"), europe: inject("edgeOrigins").nobody });

  test.each([
    ["GET", "/platform", "america"],
    ["GET", "/reset", "america"],
    ["GET", "/hang", "america"],
  ])("%s %s is answered by the next cluster", async (method, path, name) => {
    const response = await get(path, { method, cf: BERLIN });
    expect([response.status, await response.text()]).toEqual([200, name]);
  });

  test.each([
    ["/platform", 504, "upstreamTimeout", "fairlead; error=http_response_timeout; received-status=522"],
    ["/reset", 502, "upstreamLost", "fairlead; error=connection_terminated"],
    ["/hang", 504, "upstreamTimeout", "fairlead; error=http_response_timeout"],
  ])("POST %s is not sent again", async (path, status, code, proxyStatus) => {
    const headers = { "content-length": "1" };
    const response = await get(path, { method: "POST", body: "x", headers, cf: BERLIN });
    expect([response.status, response.headers.get("proxy-status")]).toEqual([status, proxyStatus]);
    expect(await response.json()).toMatchObject({ code });
  });

  test("a cluster that is gone costs a GET nothing, and a POST is not sent twice to be sure", async () => {
    await publish(europeFails());
    edge = startEdge();
    const seen = await echo("/a", { cf: BERLIN });
    // What it is handed is America's own: there the flag is disabled.
    expect([seen.name, seen.headers["fairlead-flags"]]).toEqual(["america", undefined]);
    const response = await get("/a", { method: "POST", cf: BERLIN });
    expect([response.status, await response.json()]).toEqual([502, expect.objectContaining({ code: "upstreamLost" })]);
  });

  test("a POST goes on when the platform says that nobody got it", async () => {
    expect((await get("/refused", { method: "POST", cf: BERLIN })).status).toBe(200);
    expect((await get("/refused", { method: "POST", body: "x", cf: BERLIN })).status).toBe(502);
  });

  test("residency holds: nobody outside takes over", async () => {
    await publish(europeFails());
    edge = startEdge();
    const response = await edge.fetch(new Request("http://accounts.example/a", { cf: BERLIN } as RequestInit));
    expect([response.status, await response.json()]).toEqual([502, expect.objectContaining({ code: "upstreamLost" })]);
  });
});

describe("what the edge refuses", () => {
  const send = (url: string, init: Init = {}) => edge.fetch(new Request(url, init as RequestInit));

  test.each<[string, string, Init, number, string]>([
    ["an unknown host", "http://other.example/", {}, 421, "hostUnknown"],
    [
      "a host that is none",
      "http://web.example/",
      { headers: { host: "web.example@evil.example" } },
      400,
      "hostInvalid",
    ],
    [
      "a host that the URL does not have",
      "http://web.example/",
      { headers: { host: "accounts.example" } },
      400,
      "hostInvalid",
    ],
    ["a loop", "http://web.example/", { headers: { "cdn-loop": "cdn, fairlead-demo;x=1" } }, 508, "loop"],
    [
      "a loop behind an open quote",
      "http://web.example/",
      { headers: { "cdn-loop": '"x, fairlead-demo' } },
      508,
      "loop",
    ],
    ["a client that nobody may serve", "http://accounts.example/", { cf: { country: "IN" } }, 451, "residencyDenied"],
  ])("%s", async (_, url, init, status, code) => {
    const response = await send(url, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, code });
  });

  test("OPTIONS with Max-Forwards 0 is answered here, with more it goes on with one less", async () => {
    const own = await send("http://web.example/", { method: "OPTIONS", headers: { "max-forwards": "0" } });
    expect([own.status, own.headers.get("allow")]).toEqual([204, expect.stringContaining("GET")]);
    const { headers } = await echo("/", { method: "OPTIONS", headers: { "max-forwards": "3" } });
    expect(headers["max-forwards"]).toBe("2");
  });

  test("as a page for a browser, as nothing for HEAD", async () => {
    const page = await send("http://other.example/<x>", { headers: { accept: "text/html" } });
    expect([page.headers.get("content-type"), await page.text()]).toEqual([
      "text/html; charset=utf-8",
      expect.not.stringContaining("<x>"),
    ]);
    expect(await (await send("http://other.example/", { method: "HEAD" })).text()).toBe("");
  });

  test("a bug of ours is a 500 for one request, and says nothing", async () => {
    const broken = startEdge({ SNAPSHOT_PUBLIC_KEYS: "not JSON" });
    const response = await broken.fetch(new Request("http://web.example/"));
    const { requestId, ...rest } = (await response.json()) as Record<string, unknown>; // a problem is an object
    expect(rest).toEqual({
      type: "https://fairlead.dev/problems/internal",
      title: "Something went wrong on our side",
      status: 500,
      code: "internal",
    });
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("proxy-status")).toBe("fairlead; error=proxy_internal_error");
  });

  test("also a bug in reading the request's headers", async () => {
    const request = new Request("http://web.example/");
    request.headers.forEach = () => {
      throw new Error("a bug");
    };
    const response = await startEdge().fetch(request);
    expect([response.status, await response.json()]).toEqual([500, expect.objectContaining({ code: "internal" })]);
  });
});

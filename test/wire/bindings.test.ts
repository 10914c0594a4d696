/** What the edge adds of its own, in the real runtime: the cookie that binds, copies to a mirror, and its timing. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { document, snapshotOf } from "../faults/fleets.ts";

type Origin = {
  readonly name: string;
  readonly url: string;
  readonly seen: string[];
  readonly close: () => Promise<unknown>;
};

async function startOrigin(name: string): Promise<Origin> {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.setHeader("set-cookie", "session=of-the-application; Path=/");
    response.end(name);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const close = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { name, url: `http://127.0.0.1:${port}`, seen, close };
}

const KEYS = JSON.stringify({ k1: Buffer.alloc(32, 7).toString("base64") });

let origins: { blue: Origin; green: Origin; far: Origin; copy: Origin };
let edge: Edge;

beforeAll(async () => {
  const [blue, green, far, copy] = [
    await startOrigin("blue"),
    await startOrigin("green"),
    await startOrigin("far"),
    await startOrigin("copy"),
  ];
  origins = { blue, green, far, copy };
  const region = (name: string, jurisdiction: string, longitude: number) =>
    document("Region", name, {
      location: { latitude: 50, longitude },
      jurisdictions: [jurisdiction],
      vantage: "weur",
      capacity: { requestsPerSecond: 100 },
    });
  const cluster = (name: string, at: string, service: string, endpoint: string) =>
    document("Cluster", name, { region: at, service, endpoint, weight: 1 });
  const route = (name: string, service: string, prefix: string, more: object) =>
    document("Route", name, {
      service,
      match: { hosts: ["127.0.0.1"], paths: [{ prefix }] },
      default: { weights: { "eu-west": 1 } },
      ...more,
    });
  edge = await startEdge({
    variables: { AFFINITY_KEYS: KEYS, SERVER_TIMING: "true" },
    snapshot: snapshotOf([
      region("eu-west", "eu", 8),
      region("us-east", "us", -77),
      document("Service", "shop", { affinity: { by: "cookie", maxAge: "1h" } }),
      document("Service", "other", { affinity: { by: "cookie", maxAge: "1h" } }),
      document("Service", "copied", { affinity: { by: "none" } }),
      document("Service", "kept", {
        affinity: { by: "none" },
        residency: [{ clients: { any: true }, jurisdictions: ["eu"] }],
      }),
      document("Service", "lab", { affinity: { by: "none" } }),
      cluster("shop-blue", "eu-west", "shop", blue.url),
      cluster("shop-green", "eu-west", "shop", green.url),
      cluster("other-blue", "eu-west", "other", blue.url),
      cluster("other-green", "eu-west", "other", green.url),
      cluster("copied-blue", "eu-west", "copied", blue.url),
      cluster("kept-blue", "eu-west", "kept", blue.url),
      cluster("kept-far", "us-east", "kept", far.url),
      cluster("lab-copy", "us-east", "lab", copy.url),
      route("shop", "shop", "/shop", {}),
      route("other", "other", "/other", {}),
      route("copied", "copied", "/copied", { mirror: { cluster: "lab-copy", shareBps: 10_000 } }),
      route("kept", "kept", "/kept", { mirror: { cluster: "kept-far", shareBps: 10_000 } }),
      route("lab", "lab", "/lab", { default: { weights: { "us-east": 1 } } }),
    ]),
  });
});

afterAll(async () => {
  await edge.dispose();
  await Promise.all(Object.values(origins).map((origin) => origin.close()));
});

async function ask(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(edge.url + path, { headers, method });
  const cookies = response.headers.getSetCookie();
  const ours = cookies.find((cookie) => cookie.startsWith("__Host-fairlead-"));
  return { response, body: await response.text(), cookies, ours, pair: ours?.split(";")[0] ?? "" };
}

describe("affinity by cookie", () => {
  test("a first answer binds, beside the application's own cookie, and says nothing about clusters", async () => {
    const { cookies, ours } = await ask("/shop");
    expect(cookies).toContain("session=of-the-application; Path=/");
    expect(ours).toMatch(
      /^__Host-fairlead-shop=k1\.[0-9a-f]{8}\.[0-9a-z]+\.[A-Za-z0-9_-]{43}; Path=\/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(ours).not.toContain("blue");
  });

  test("with the cookie every request stays, and no new cookie is set", async () => {
    const first = await ask("/shop");
    for (let i = 0; i < 12; i += 1) {
      const next = await ask("/shop", { cookie: `a=1; ${first.pair}; b=2` });
      expect(next.body).toBe(first.body);
      expect(next.ours).toBeUndefined();
    }
  });

  test("without it clients spread over both clusters", async () => {
    const bodies = new Set<string>();
    for (let i = 0; i < 40; i += 1) bodies.add((await ask("/shop")).body);
    expect(bodies).toEqual(new Set(["blue", "green"]));
  });

  test.each([
    ["forged", (pair: string) => pair.replace(/.$/, (last) => (last === "A" ? "B" : "A"))],
    ["of another service", (pair: string) => pair.replace("fairlead-shop", "fairlead-other")],
    ["garbage", () => "__Host-fairlead-shop=garbage"],
  ])("a cookie that is %s is no cookie: the client is bound anew", async (_, tamper) => {
    const { pair } = await ask("/shop");
    const path = tamper(pair).includes("other") ? "/other" : "/shop";
    const { response, ours } = await ask(path, { cookie: tamper(pair) });
    expect(response.status).toBe(200);
    expect(ours).toBeDefined();
  });
});

describe("mirror", () => {
  const until = async (condition: () => boolean) => {
    for (let i = 0; i < 100 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  test("a safe request is copied behind the answer's back, one that changes something is not", async () => {
    expect((await ask("/copied?a=1")).body).toBe("blue");
    expect((await ask("/copied", {}, "POST")).body).toBe("blue");
    await until(() => origins.copy.seen.length > 0);
    expect(origins.copy.seen).toEqual(["GET /copied?a=1"]);
  });

  test("residency holds for copies", async () => {
    for (let i = 0; i < 5; i += 1) expect((await ask("/kept")).body).toBe("blue");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(origins.far.seen).toEqual([]);
  });
});

test("answers say how long the cluster took, and only that", async () => {
  const { response } = await ask("/shop");
  expect(response.headers.get("server-timing")).toMatch(/^decision;dur=\d+, upstream;dur=\d+$/);
  expect(response.headers.get("fairlead-decision")).toBeNull();
});

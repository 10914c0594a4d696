/** The main job end to end: a request finds its region, and operators move it, while nothing is lost. */
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { geoHeader, type PlaceName, useClient } from "./client.ts";
import { useDemo } from "./demo.ts";
import { startSteadyLoad } from "./steady-load.ts";

/** Issue and README promise that a drain is in force after this long. */
const DRAIN_MS_MAX = 3_000;

const demo = useDemo();
const client = useClient(demo);

const HOME: readonly (readonly [PlaceName, string])[] = [
  ["DE", "eu-west"],
  ["US", "us-east"],
  ["IN", "ap-south"],
];

test.each(HOME)("a client in %s is served by %s", async (place, region) => {
  for (let i = 0; i < 20; i++) expect(await client().regionOf(place, "/home")).toBe(region);
});

test("the cluster gets path, query and method as they were sent, and our headers instead of the client's", async () => {
  const response = await fetch(`${demo().state.edge}/a/b%20c?q=%2F&q=2`, {
    method: "DELETE",
    headers: { ...geoHeader("DE", "198.51.100.7"), "x-forwarded-for": "203.0.113.1", "x-shop": "berlin" },
  });
  const { request } = (await response.json()) as {
    request: { method: string; path: string; headers: Record<string, string> };
  };
  expect(request).toMatchObject({ method: "DELETE", path: "/a/b%20c?q=%2F&q=2", headers: { "x-shop": "berlin" } });
  expect(request.headers["x-forwarded-for"]).toBe("198.51.100.7");
});

test("the same client stays on the same cluster", async () => {
  const first = await client().visit("/", "DE", "198.51.100.9");
  for (let i = 0; i < 20; i++) expect((await client().visit("/", "DE", "198.51.100.9")).cluster).toBe(first.cluster);
});

test("about a tenth of the clients are on the canary side", async () => {
  const visits = await Promise.all(Array.from({ length: 250 }, (_, i) => client().visit("/", "US", `198.51.${i}.10`)));
  const canary = visits.filter(({ cluster }) => cluster === "us-east-green").length;
  // 250 draws of a tenth: 25, with a standard deviation of 5.
  expect(canary).toBeGreaterThan(5);
  expect(canary).toBeLessThan(45);
});

test("a host that no route names is misdirected, whatever port it claims", async () => {
  // fetch does not let a program choose the Host header.
  const status = await new Promise((resolve, reject) => {
    http
      .request(demo().state.edge, { headers: { host: "elsewhere.example" } }, ({ statusCode }) => resolve(statusCode))
      .on("error", reject)
      .end();
  });
  expect(status).toBe(421);
});

test("explain tells beforehand where each visit goes", async () => {
  for (const [place] of HOME) {
    for (let i = 1; i <= 10; i++) {
      const address = `203.0.113.${i}`;
      const geo = JSON.parse(geoHeader(place)["fairlead-geo"]) as Record<string, string>; // made two lines above
      const { isEUCountry: _, ...fields } = geo;
      const query = new URLSearchParams({ host: "localhost", path: "/x", method: "GET", key: address, ...fields });
      const { status, body } = await client().admin("GET", `/v1/explain?${query}`);
      expect(status).toBe(200);
      const visit = await client().visit("/x", place, address);
      expect(body).toHaveProperty("decision.attempts[0].cluster", visit.cluster);
      expect(body).toHaveProperty("decision.attempts[0].region", visit.region);
    }
  }
});

test("a browser of the accounts service is bound by a cookie, and stays", async () => {
  const visit = (cookie?: string) =>
    fetch(`${demo().state.edge}/accounts`, {
      headers: { ...geoHeader("US"), ...(cookie === undefined ? {} : { cookie }) },
    });
  const first = await visit();
  const [bound] = first.headers.getSetCookie();
  expect(bound).toMatch(/^__Host-fairlead-accounts=/);
  const { cluster } = (await first.json()) as { cluster: string }; // the demo cluster's answer
  const again = await visit(bound?.split(";")[0]);
  expect(again.headers.getSetCookie()).toEqual([]);
  expect(await again.json()).toMatchObject({ cluster });
});

test("a debug token shows a visit's own decision, and who asked is on record", async () => {
  const issued = await client().admin("POST", "/v1/debug-tokens", { reason: "why us-east?" });
  expect(issued.status).toBeLessThan(300);
  const headers = { ...geoHeader("US"), "fairlead-debug": String(issued.body.token) };
  const shown = await fetch(demo().state.edge, { headers });
  expect(shown.headers.get("fairlead-trace")).toContain('"pick.region"');
  const { body } = await client().admin("GET", "/v1/debug-tokens");
  expect(JSON.stringify(body)).toContain("why us-east?");
});

test("the control plane sees which revision the edge serves", async () => {
  const share = async () => {
    await client().visit("/", "US");
    return (await client().admin("GET", "/v1/propagation")).body.targetShareBps;
  };
  await expect.poll(share, { timeout: 30_000, interval: 500 }).toBe(10_000);
});

describe("an operator", () => {
  afterEach(async () => {
    await client().admin("POST", "/v1/regions/eu-west/undrain", { reason: "the test is over" });
    await client().admin("PATCH", "/v1/weights", {
      route: "web",
      rule: "europe",
      weights: { "eu-west": 100 },
      reason: "the test is over",
    });
    await expect.poll(() => client().regionOf("DE"), { timeout: DRAIN_MS_MAX }).toBe("eu-west");
  });

  test("drains a region: after 3 s no German gets there, none is lost, and they come back", async () => {
    const load = startSteadyLoad(client(), "DE", "/drained");
    await sleep(1_000);
    expect(await client().seenBy("eu-west", "/drained")).toBeGreaterThan(0);

    const drained = await client().admin("POST", "/v1/regions/eu-west/drain", { mode: "immediate", reason: "a test" });
    expect(drained.status).toBe(200);
    await sleep(DRAIN_MS_MAX);
    const seenAfterDrain = await client().seenBy("eu-west", "/drained");
    const answeredAfterDrain = load.visits.length;
    await sleep(2_000);
    expect(await client().seenBy("eu-west", "/drained")).toBe(seenAfterDrain);
    expect(load.visits.length).toBeGreaterThan(answeredAfterDrain + 50);

    const back = await client().admin("POST", "/v1/regions/eu-west/undrain", { reason: "a test" });
    expect(back.status).toBe(200);
    await expect.poll(() => client().regionOf("DE"), { timeout: DRAIN_MS_MAX }).toBe("eu-west");
    const visits = await load.stop();
    expect(visits.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test("drains a region: clients of other regions do not move", async () => {
    const addresses = Array.from({ length: 30 }, (_, i) => `198.51.100.${i}`);
    const where = () =>
      Promise.all(addresses.map(async (address) => (await client().visit("/", "IN", address)).cluster));
    const before = await where();
    await client().admin("POST", "/v1/regions/eu-west/drain", { mode: "immediate", reason: "a test" });
    await expect.poll(() => client().regionOf("DE"), { timeout: DRAIN_MS_MAX }).not.toBe("eu-west");
    expect(await where()).toEqual(before);
  });

  test("shifts weights: the share moves, and nobody who was not asked to", async () => {
    const addresses = Array.from({ length: 250 }, (_, i) => `198.51.${i}.77`);
    const regionsNow = () =>
      Promise.all(addresses.map(async (address) => (await client().visit("/", "DE", address)).region));
    const shift = (toUsEast: number) =>
      client().admin("PATCH", "/v1/weights", {
        route: "web",
        rule: "europe",
        weights: { "eu-west": 100 - toUsEast, "us-east": toUsEast },
        reason: "a test",
      });
    const movedAt = async (toUsEast: number): Promise<ReadonlySet<number>> => {
      const { status, body } = await shift(toUsEast);
      expect(status).toBe(200);
      await sleep(DRAIN_MS_MAX);
      expect(body.revision).toBeDefined();
      return new Set((await regionsNow()).flatMap((region, i) => (region === "us-east" ? [i] : [])));
    };
    const quarter = await movedAt(25);
    const half = await movedAt(50);
    // 250 draws: standard deviations of 7 and 8.
    expect(quarter.size).toBeGreaterThan(35);
    expect(quarter.size).toBeLessThan(90);
    expect(half.size).toBeGreaterThan(95);
    expect(half.size).toBeLessThan(155);
    expect([...quarter].filter((visitor) => !half.has(visitor))).toEqual([]);
  });

  test("drains a cluster: its side's clients go to the other side, in the same region", async () => {
    const drained = await client().admin("POST", "/v1/clusters/eu-west-blue/drain", {
      mode: "immediate",
      reason: "a test",
    });
    expect(drained.status).toBe(200);
    await expect
      .poll(async () => (await client().visit("/", "DE")).cluster, { timeout: DRAIN_MS_MAX })
      .toBe("eu-west-green");
    await client().admin("POST", "/v1/clusters/eu-west-blue/undrain", { reason: "a test" });
  });
});

/** The prober against real sockets. Its alarm runs by itself; the tests wait for what it comes to believe. */
import { abortAllDurableObjects, evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { sha256Hex } from "../../../admin/store/digest.ts";
import { HEALTH_REPORT_EMPTY } from "../../../config/health.ts";
import { env, get, HOLD_DOWN_MS, send, smallFleet } from "./support.ts";

afterEach(() => reset());

const origin = (path: string) => fetch(`http://127.0.0.1:${inject("originPort")}${path}`);

async function healthOf(cluster: string) {
  const { body } = await get("/v1/health");
  return body.clusters.find((view: { cluster: string }) => view.cluster === cluster);
}

async function beaconHealth(vantage: string) {
  const response = await env.BEACON.getByName(`demo:${vantage}`).fetch("https://beacon/state");
  // A test that reads another shape than this fails by itself.
  return (await response.json()) as { health: { sequence: number; clusters: Record<string, string> } };
}

const WAIT = { timeout: 5_000, interval: 50 };

describe("the prober", () => {
  test("believes a healthy cluster after one success, and a failing one after its number of failures", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/ok/first", us: "/503/first" }) });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "healthy" }), WAIT);
    await vi.waitFor(async () => expect(await healthOf("us-east-blue")).toMatchObject({ state: "unhealthy" }), WAIT);
    expect(await healthOf("us-east-blue")).toMatchObject({
      sinceMs: expect.any(Number),
      failures: expect.any(Number),
      last: { outcome: { kind: "failure", because: "status", status: 503 } },
    });
  });

  test.each([
    // path              state         outcome
    ["/hang/x", "unhealthy", { kind: "failure", because: "timeout" }],
    ["/reset/x", "unhealthy", { kind: "failure", because: "connection" }],
    ["/redirect/x", "unhealthy", { kind: "failure", because: "status", status: 302 }],
    ["/404/x", "unhealthy", { kind: "failure", because: "status", status: 404 }],
    ["/204/x", "healthy", { kind: "success", status: 204 }],
    ["/endless/x", "healthy", { kind: "success", status: 200 }],
  ])("a cluster that answers like %s is %s", async (path, state, outcome) => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: path, us: "/ok/beside" }) });
    await vi.waitFor(
      async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state, last: { outcome } }),
      WAIT,
    );
    await vi.waitFor(async () => expect(await healthOf("us-east-blue")).toMatchObject({ state: "healthy" }), WAIT);
  });

  test("asks under its own name and sends nothing that it need not", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/ok/manners", us: "/ok/other" }) });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ successes: 2 }), WAIT);
    const seen = await (await origin("/seen/ok/manners")).json();
    expect(seen).toMatchObject({ method: "GET", headers: { "user-agent": "fairlead-prober/1" } });
    const { headers } = seen as { headers: Record<string, string> }; // the line above has looked at it
    for (const name of ["authorization", "cookie", "content-type", "content-length"])
      expect(headers).not.toHaveProperty(name);
  });

  test("tells every beacon when a state changes, without writing KV", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/told", us: "/ok/told" }) });
    const both = { "eu-west-blue": "healthy", "us-east-blue": "healthy" };
    await vi.waitFor(async () => expect((await beaconHealth("weur")).health.clusters).toEqual(both), WAIT);
    await vi.waitFor(async () => expect((await beaconHealth("enam")).health.clusters).toEqual(both), WAIT);
    const before = (await beaconHealth("weur")).health.sequence;
    const kv = await env.CONFIG.get("snapshot");

    await origin("/switch/told/500");
    const down = { "eu-west-blue": "unhealthy", "us-east-blue": "healthy" };
    await vi.waitFor(async () => expect((await beaconHealth("weur")).health.clusters).toEqual(down), WAIT);
    await vi.waitFor(async () => expect((await beaconHealth("enam")).health.clusters).toEqual(down), WAIT);
    expect((await beaconHealth("weur")).health.sequence).toBeGreaterThan(before);

    await origin("/switch/told/200");
    await vi.waitFor(async () => expect((await beaconHealth("weur")).health.clusters).toEqual(both), WAIT);
    expect(await env.CONFIG.get("snapshot")).toBe(kv);
  });

  test("says when a cluster came back from being down, but not when it was first seen", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/back", us: "/ok/back" }) });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "healthy" }), WAIT);
    expect(await healthOf("eu-west-blue")).not.toHaveProperty("recoveredAtMs");
    await origin("/switch/back/500");
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "unhealthy" }), WAIT);
    const { sinceMs: downSinceMs } = await healthOf("eu-west-blue");
    await origin("/switch/back/200");
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "healthy" }), WAIT);
    const { recoveredAtMs, sinceMs } = await healthOf("eu-west-blue");
    expect(recoveredAtMs).toBe(sinceMs);
    expect(recoveredAtMs - downSinceMs).toBeGreaterThanOrEqual(HOLD_DOWN_MS);
    const recovered = { "eu-west-blue": recoveredAtMs };
    await vi.waitFor(
      async () => expect(await beaconHealth("weur")).toMatchObject({ health: { recoveredAtMs: recovered } }),
      WAIT,
    );
  }, 10_000);

  test("what it believes decides in explain as it does at the edge", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/ok/explain", us: "/500/explain" }) });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "healthy" }), WAIT);
    await vi.waitFor(async () => expect(await healthOf("us-east-blue")).toMatchObject({ state: "unhealthy" }), WAIT);
    const { body } = await get("/v1/explain?host=shop.example.com&country=US&key=somebody");
    expect(body.decision.attempts[0].cluster, body.sentences.join(" ")).toBe("eu-west-blue");
  });

  test("keeps its states and goes on probing after a crash", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/restart", us: "/500/restart" }) });
    await vi.waitFor(async () => expect(await healthOf("us-east-blue")).toMatchObject({ state: "unhealthy" }), WAIT);
    const before = await healthOf("us-east-blue");
    await abortAllDurableObjects();
    expect(await healthOf("us-east-blue")).toMatchObject({ state: "unhealthy", sinceMs: before.sinceMs });
    await origin("/switch/restart/500");
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "unhealthy" }), WAIT);
  });

  test("forgets a cluster that is gone or has no health check any more", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/ok/gone", us: "/ok/gone" }) });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "healthy" }), WAIT);
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    await vi.waitFor(async () => expect((await get("/v1/health")).body.clusters).toEqual([]), WAIT);
    await vi.waitFor(async () => expect((await beaconHealth("weur")).health.clusters).toEqual({}), WAIT);
  });

  test("stops while it is told to fail, and goes on afterwards", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/stop", us: "/ok/stop" }) });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "healthy" }), WAIT);
    await send("POST", "/v1/development/fail", { object: "prober", failing: true });
    expect((await get("/v1/health")).status).toBe(500);
    await origin("/switch/stop/500");
    await send("POST", "/v1/development/fail", { object: "prober", failing: false });
    await vi.waitFor(async () => expect(await healthOf("eu-west-blue")).toMatchObject({ state: "unhealthy" }), WAIT);
  });
});

describe("a beacon", () => {
  test("starts with nothing, which is revision 0", async () => {
    const beacon = env.BEACON.getByName("demo:oc");
    expect(await (await beacon.fetch("https://beacon/state")).json()).toEqual({
      revision: 0,
      health: HEALTH_REPORT_EMPTY,
    });
    expect((await beacon.fetch("https://beacon/snapshot/0")).status).toBe(404);
    expect((await beacon.fetch("https://beacon/else")).status).toBe(404);
  });

  test("never goes back, in revisions or in health", async () => {
    const beacon = env.BEACON.getByName("demo:afr");
    const report = (sequence: number) => ({ sequence, atMs: sequence, clusters: {}, recoveredAtMs: {} });
    expect(await beacon.acceptSnapshot({ revision: 5, text: "five" })).toBe(5);
    expect(await beacon.acceptSnapshot({ revision: 4, text: "four" })).toBe(5);
    expect(await (await beacon.fetch("https://beacon/snapshot/5")).text()).toBe("five");
    expect(await beacon.acceptHealth(report(8))).toBe(8);
    expect(await beacon.acceptHealth(report(7))).toBe(8);
    const snapshotDigest = await sha256Hex("five");
    const state = { revision: 5, snapshotDigest, health: report(8) };
    expect(await (await beacon.fetch("https://beacon/state")).json()).toEqual(state);
    await evictDurableObject(beacon);
    expect(await (await beacon.fetch("https://beacon/state")).json()).toEqual(state);
  });

  test("takes the same revision in another form, and says by the digest that it is another", async () => {
    const beacon = env.BEACON.getByName("demo:apac");
    await beacon.acceptSnapshot({ revision: 5, text: "five" });
    await beacon.acceptSnapshot({ revision: 5, text: "another five" });
    expect(await (await beacon.fetch("https://beacon/snapshot/5")).text()).toBe("another five");
    expect(await (await beacon.fetch("https://beacon/state")).json()).toMatchObject({
      revision: 5,
      snapshotDigest: await sha256Hex("another five"),
    });
  });

  test.each([
    // A report from before there were recoveries, one from after something that does not exist yet, and none at all.
    ['{"sequence":9,"atMs":1,"clusters":{"eu-west-blue":"unhealthy"}}'],
    ['{"sequence":9,"atMs":1,"clusters":{},"recoveredAtMs":{},"news":[]}'],
    ["null"],
  ])("starts without health when the report it kept is %s", async (kept) => {
    const beacon = env.BEACON.getByName("demo:me");
    await beacon.acceptSnapshot({ revision: 5, text: "five" });
    await runInDurableObject(beacon, (_, { storage }) => void storage.sql.exec("UPDATE beacon SET health = ?", kept));
    await evictDurableObject(beacon);
    expect(await (await beacon.fetch("https://beacon/state")).json()).toMatchObject({
      revision: 5,
      health: HEALTH_REPORT_EMPTY,
    });
    expect(await beacon.acceptHealth({ ...HEALTH_REPORT_EMPTY, sequence: 1 })).toBe(1);
  });

  test("keeps a text that is larger than a row can be, letter by letter", async () => {
    const beacon = env.BEACON.getByName("demo:sam");
    // An odd number of letters in front, so that a cut would fall inside of a pair.
    const text = `x${"😀é".repeat(700_000)}`;
    await beacon.acceptSnapshot({ revision: 1, text });
    await evictDurableObject(beacon);
    const kept = await (await beacon.fetch("https://beacon/snapshot/1")).text();
    expect(kept.length).toBe(text.length);
    expect(kept === text).toBe(true);
  });
});

/** Judgement in the real runtime: several probers, one health object, the beacons that hear of it, and what people read. */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../admin/store/digest.ts";
import type { EdgeReport } from "../../../config/beacon.ts";
import { HEALTH_REPORT_EMPTY, type HealthReport } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { webhook } from "./alert-support.ts";
import { stopTime } from "./fleet-object.ts";
import { beaconOf, healthObject, passHeartbeat, passIntervals, soon, startTime, switchTo } from "./health-objects.ts";
import { cluster, env, get, HOLD_DOWN_MS, region, send, smallFleet } from "./support.ts";

beforeEach(stopTime);
afterEach(startTime);

async function told(vantage: Vantage): Promise<HealthReport> {
  const state = await (await beaconOf(vantage).fetch("https://beacon/state")).json();
  return (state as { health: HealthReport }).health; // a test that reads another shape than this fails by itself
}

const stateOf = (report: HealthReport, name: string, vantage?: Vantage) => {
  const global = new Map<string, string>(Object.entries(report.clusters)).get(name);
  if (vantage === undefined) return global;
  return new Map<string, string>(Object.entries(report.vantages?.[vantage] ?? {})).get(name) ?? global;
};

/** The beacon of a vantage hears of a cluster, for all or as that vantage sees it. */
const hears = (vantage: Vantage, name: string, state: string, seenBy?: Vantage) =>
  soon(async () => expect(stateOf(await told(vantage), name, seenBy)).toBe(state));

/** The documents are in force, and every cluster has been asked. */
async function declare(documents: readonly unknown[]): Promise<void> {
  expect(await send("PUT", "/v1/fleet", { documents })).toMatchObject({ status: 200 });
  await passIntervals(1);
}

/** Two failures in a row. */
const UNTIL_DOWN = 2;
/** The hold-down and the success after it. */
const UNTIL_UP = 4;

/** A third region, so that two vantages outvote one. */
function threeVantages(name: string): unknown[] {
  return [
    ...smallFleet({ eu: `/switchable/${name}`, us: `/ok/${name}` }),
    region("ap-south", { latitude: 1.3, longitude: 103.8, vantage: "apac" }),
    cluster("ap-south-blue", "ap-south", `/ok/${name}`),
  ];
}

describe("judgement", () => {
  test("tells every beacon when a state changes, without writing KV", async () => {
    const pager = webhook("pager", { default: true, events: ["cluster.*"] });
    await declare([...smallFleet({ eu: "/switchable/told", us: "/ok/told" }), pager]);
    const both = { "eu-west-blue": "healthy", "us-east-blue": "healthy" };
    for (const vantage of ["weur", "enam"] as const)
      await soon(async () => expect((await told(vantage)).clusters).toEqual(both));
    const before = (await told("weur")).sequence;
    const kv = await env.CONFIG.get("snapshot");
    await switchTo("told", 500);
    await passIntervals(UNTIL_DOWN);
    const down = { "eu-west-blue": "unhealthy", "us-east-blue": "healthy" };
    for (const vantage of ["weur", "enam"] as const)
      await soon(async () => expect((await told(vantage)).clusters).toEqual(down));
    expect((await told("weur")).sequence).toBeGreaterThan(before);
    await switchTo("told", 200);
    await passIntervals(UNTIL_UP);
    await soon(async () => expect((await told("weur")).clusters).toEqual(both));
    expect(await env.CONFIG.get("snapshot")).toBe(kv);
    // So does whoever asked for it by webhook.
    await soon(async () => {
      const { deliveries } = (await get("/v1/webhooks/deliveries?webhook=pager")).body;
      expect(deliveries.map(({ summary }: { summary: string }) => summary)).toEqual([
        "The cluster eu-west-blue is healthy again.",
        "The cluster eu-west-blue is unhealthy.",
      ]);
    });
  });

  test("a cluster that is down for one vantage is so for its clients and nobody else", async () => {
    await declare(threeVantages("onlyone"));
    await switchTo("onlyone", 503, "apac");
    await passIntervals(UNTIL_DOWN);
    await hears("apac", "eu-west-blue", "unhealthy", "apac");
    const report = await told("weur");
    expect(stateOf(report, "eu-west-blue")).toBe("healthy");
    expect(stateOf(report, "eu-west-blue", "weur")).toBe("healthy");

    const { body } = await get("/v1/health");
    const judged = body.clusters.find((one: { cluster: string }) => one.cluster === "eu-west-blue");
    expect(judged).toMatchObject({
      ...{ state: "healthy", rule: "majority", ballot: { unhealthy: ["apac"] } },
      vantages: expect.arrayContaining([
        expect.objectContaining({
          ...{ vantage: "apac", state: "unhealthy", local: "unhealthy", flaps: 1 },
          because: { check: "healthCheck", code: "status", status: 503 },
        }),
      ]),
    });
    // Three vantages, one check, every second.
    expect(judged.probesPerMinute).toBe(180);

    const near = async (place: string) => (await get(`/v1/explain?host=shop.example.com&key=somebody&${place}`)).body;
    const singapore = await near("latitude=1.3&longitude=103.8");
    expect(singapore.health).toMatchObject({ view: "local", vantage: "apac" });
    expect(await near("latitude=50&longitude=8")).toMatchObject({ health: { view: "global", vantage: "weur" } });
    expect(await near("latitude=50&longitude=8&vantage=apac")).toMatchObject({ health: { view: "local" } });
    // A European at home, and the same one as an edge in Singapore would serve him.
    expect((await near("latitude=50&longitude=8")).decision.first.cluster).toBe("eu-west-blue");
    const elsewhere = await near("latitude=50&longitude=8&vantage=apac");
    expect(elsewhere.decision.first.cluster).not.toBe("eu-west-blue");
    const down = elsewhere.health.clusters.find((one: { cluster: string }) => one.cluster === "eu-west-blue");
    expect(down).toMatchObject({ global: { state: "healthy" }, local: { vantage: "apac", state: "unhealthy" } });
    expect(down.sentences).toEqual([
      "eu-west-blue is healthy for most vantages (global), and unhealthy for apac (local).",
    ]);

    await switchTo("onlyone", 200, "apac");
    await passIntervals(UNTIL_UP);
    await hears("apac", "eu-west-blue", "healthy", "apac");
    // Only there was it away, so only there it is ramped.
    const after = await told("apac");
    expect(after.recoveredAtMs).toEqual({});
    expect(after.vantageRecoveredAtMs).toEqual({ apac: { "eu-west-blue": expect.any(Number) } });
  });

  test("says when a cluster came back from being down, but not when it was first seen", async () => {
    await declare(smallFleet({ eu: "/switchable/back", us: "/ok/back" }));
    await hears("weur", "eu-west-blue", "healthy");
    expect((await told("weur")).recoveredAtMs).toEqual({});
    await switchTo("back", 500);
    await passIntervals(UNTIL_DOWN);
    await hears("weur", "eu-west-blue", "unhealthy");
    const downAtMs = (await told("weur")).atMs;
    await switchTo("back", 200);
    await passIntervals(UNTIL_UP);
    await hears("weur", "eu-west-blue", "healthy");
    const { "eu-west-blue": backAtMs = 0 } = (await told("weur")).recoveredAtMs as Record<string, number>;
    expect(backAtMs - downAtMs).toBeGreaterThanOrEqual(HOLD_DOWN_MS);
  });

  test("when everything goes down at once nothing is believed, and the history says so", async () => {
    await declare(smallFleet({ eu: "/switchable/all", us: "/switchable/all" }));
    await hears("weur", "us-east-blue", "healthy");
    await switchTo("all", 500);
    await passIntervals(UNTIL_DOWN);
    const { body } = await get("/v1/health");
    expect(body).toMatchObject({ panic: true, vantages: [{ standing: "doubted" }, { standing: "doubted" }] });
    await soon(async () =>
      expect((await told("weur")).clusters).toEqual({ "eu-west-blue": "unknown", "us-east-blue": "unknown" }),
    );
    const { body: history } = await get("/v1/health/transitions");
    expect(history.transitions).toContainEqual(
      expect.objectContaining({ kind: "panic", to: "begun", vantages: expect.arrayContaining(["weur", "enam"]) }),
    );
    expect(history.transitions).toContainEqual(
      expect.objectContaining({ kind: "cluster", to: "unknown", rule: "nobody" }),
    );
  });

  test("the history is read page by page, and by cluster and vantage", async () => {
    await declare(smallFleet({ eu: "/ok/pages", us: "/ok/pages" }));
    expect((await get("/v1/health/transitions")).body.transitions).toHaveLength(8);
    const first = await get("/v1/health/transitions?limit=5");
    expect(first.body.transitions).toHaveLength(5);
    expect(first.headers.get("link")).toBe(
      `</v1/health/transitions?cursor=${first.body.nextCursor}&limit=5>; rel="next"`,
    );
    const second = await get(`/v1/health/transitions?limit=5&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ transitions: { length: 3 } });
    expect(second.body.nextCursor).toBeUndefined();
    const filtered = await get("/v1/health/transitions?cluster=eu-west-blue&limit=1");
    expect(filtered.body.transitions).toMatchObject([{ cluster: "eu-west-blue" }]);
    expect(filtered.headers.get("link")).toContain("?cluster=eu-west-blue&cursor=");
    const { transitions } = (await get("/v1/health/transitions?vantage=enam")).body;
    expect(new Set(transitions.map(({ vantage }: { vantage: string }) => vantage))).toEqual(new Set(["enam"]));
  });

  test("what it judged outlives a crash, and a crash is no event", async () => {
    await declare(smallFleet({ eu: "/503/crash", us: "/ok/crash" }));
    await passIntervals(UNTIL_DOWN);
    const { transitions, clusters } = (await get("/v1/health")).body;
    expect(transitions).toHaveLength(8);
    await evictDurableObject(healthObject());
    const { body } = await get("/v1/health");
    expect(body.transitions).toEqual(transitions);
    const [before] = clusters;
    expect(body.clusters[0]).toMatchObject({ cluster: "eu-west-blue", state: "unhealthy", sinceMs: before.sinceMs });
    expect(body.clusters[0].ballot).toEqual(before.ballot);
  });

  test("probers go on while it fails, and it hears from them when it is back", async () => {
    await declare(smallFleet({ eu: "/switchable/deaf", us: "/ok/deaf" }));
    await hears("weur", "eu-west-blue", "healthy");
    await send("POST", "/v1/development/fail", { object: "health", failing: true });
    expect((await get("/v1/health")).status).toBe(500);
    await switchTo("deaf", 500);
    await passIntervals(UNTIL_DOWN + 2);
    expect(stateOf(await told("weur"), "eu-west-blue")).toBe("healthy");
    await send("POST", "/v1/development/fail", { object: "health", failing: false });
    // Told again within a second.
    await passIntervals(2);
    await hears("weur", "eu-west-blue", "unhealthy");
  });

  test("goes on after all objects crashed at once", async () => {
    await declare(smallFleet({ eu: "/switchable/crashes", us: "/ok/crashes" }));
    await hears("weur", "eu-west-blue", "healthy");
    await abortAllDurableObjects();
    await switchTo("crashes", 500);
    await passIntervals(UNTIL_DOWN + 1);
    await hears("enam", "eu-west-blue", "unhealthy");
  });

  test("a beacon that fails hears the newest when it is back, and holds up no other", async () => {
    await declare(smallFleet({ eu: "/switchable/behind", us: "/ok/behind" }));
    await hears("weur", "eu-west-blue", "healthy");
    await send("POST", "/v1/development/fail", { object: "beacon", vantage: "enam", failing: true });
    await switchTo("behind", 500);
    await passIntervals(UNTIL_DOWN);
    await hears("weur", "eu-west-blue", "unhealthy");
    await send("POST", "/v1/development/fail", { object: "beacon", vantage: "enam", failing: false });
    await passIntervals(2);
    await hears("enam", "eu-west-blue", "unhealthy");
  });
});

describe("what edges eject", () => {
  const report = (isolate: number, ejected: EdgeReport["ejected"]) => ({
    ...{ isolate: isolate.toString(16).padStart(16, "0"), revision: 1, requests: 50, atMs: Date.now() },
    ...(ejected === undefined ? {} : { ejected }),
  });
  const say = (vantage: Vantage, isolate: number, ejected: EdgeReport["ejected"]) =>
    beaconOf(vantage).fetch("https://beacon/report", {
      method: "POST",
      body: JSON.stringify(report(isolate, ejected)),
    });
  const ejection = (name: string, failures: number, requests: number) =>
    [
      { cluster: name, sinceMs: Date.now(), because: "consecutiveFailures", failures, requests },
    ] as EdgeReport["ejected"]; // parsed by the beacon

  test("by enough of them makes a cluster second choice, near them and for all, with its numbers", async () => {
    await declare(threeVantages("ejected"));
    for (const isolate of [1, 2, 3]) await say("weur", isolate, ejection("eu-west-blue", 8, 10));
    await say("weur", 4, undefined);
    // Beacons answer to each heartbeat, and what follows from that is told with the next alarm.
    await passHeartbeat();
    await soon(async () => {
      await passIntervals(1);
      expect(stateOf(await told("weur"), "eu-west-blue")).toBe("degraded");
    });
    const passive = { isolates: 3, reporting: 4, failures: 24, requests: 30, counts: true };
    const { body } = await get("/v1/health/clusters/eu-west-blue");
    expect(body).toMatchObject({ state: "degraded", rule: "passive", ballot: { unhealthy: [], passive } });
    expect(body.vantages).toContainEqual(expect.objectContaining({ vantage: "weur", local: "degraded", passive }));
    // Edges elsewhere have nothing against it, and go by their own vantage.
    expect(stateOf(await told("apac"), "eu-west-blue", "apac")).toBe("healthy");
    const explained = (await get("/v1/explain?host=shop.example.com&vantage=weur&latitude=50&longitude=8&key=a")).body;
    const said = explained.health.clusters.find((one: { cluster: string }) => one.cluster === "eu-west-blue");
    expect(said).toMatchObject({ global: { passive }, local: { state: "degraded", passive } });
    expect(said.sentences.join(" ")).toContain("3 of 4 isolates have ejected eu-west-blue; 24 of 30 requests failed");
  });

  test("by one of them is shown and does not count", async () => {
    await declare(threeVantages("single"));
    await say("weur", 1, ejection("eu-west-blue", 50, 50));
    await passHeartbeat();
    await soon(async () => {
      const { body } = await get("/v1/health/clusters/eu-west-blue");
      expect(body.ballot.passive).toEqual({ isolates: 1, reporting: 1, failures: 50, requests: 50, counts: false });
      expect(body.state).toBe("healthy");
    });
  });
});

describe("a beacon", () => {
  const NO_EVIDENCE = { isolates: 0, clusters: {} };

  test("starts with nothing, which is revision 0", async () => {
    const beacon = beaconOf("oc");
    expect(await (await beacon.fetch("https://beacon/state")).json()).toEqual({
      revision: 0,
      health: HEALTH_REPORT_EMPTY,
    });
    expect((await beacon.fetch("https://beacon/snapshot/0")).status).toBe(404);
    expect((await beacon.fetch("https://beacon/else")).status).toBe(404);
  });

  test("never goes back, in revisions or in health", async () => {
    const beacon = beaconOf("afr");
    const report = (sequence: number) => ({ sequence, atMs: sequence, clusters: {}, recoveredAtMs: {} });
    expect(await beacon.acceptSnapshot({ revision: 5, text: "five" })).toBe(5);
    expect(await beacon.acceptSnapshot({ revision: 4, text: "four" })).toBe(5);
    expect(await (await beacon.fetch("https://beacon/snapshot/5")).text()).toBe("five");
    expect(await beacon.acceptHealth(report(8))).toEqual({ sequence: 8, evidence: NO_EVIDENCE });
    expect(await beacon.acceptHealth(report(7))).toEqual({ sequence: 8, evidence: NO_EVIDENCE });
    const snapshotDigest = await sha256Hex("five");
    const state = { revision: 5, snapshotDigest, health: report(8) };
    expect(await (await beacon.fetch("https://beacon/state")).json()).toEqual(state);
    await evictDurableObject(beacon);
    expect(await (await beacon.fetch("https://beacon/state")).json()).toEqual(state);
  });

  test("takes the same revision in another form, and says by the digest that it is another", async () => {
    const beacon = beaconOf("apac");
    await beacon.acceptSnapshot({ revision: 5, text: "five" });
    await beacon.acceptSnapshot({ revision: 5, text: "another five" });
    expect(await (await beacon.fetch("https://beacon/snapshot/5")).text()).toBe("another five");
    expect(await (await beacon.fetch("https://beacon/state")).json()).toMatchObject({
      revision: 5,
      snapshotDigest: await sha256Hex("another five"),
    });
  });

  test.each([
    // A report from before there were recoveries, one with a state that does not exist yet, and none at all.
    ['{"sequence":9,"atMs":1,"clusters":{"eu-west-blue":"unhealthy"}}'],
    ['{"sequence":9,"atMs":1,"clusters":{"eu-west-blue":"resting"},"recoveredAtMs":{}}'],
    ["null"],
  ])("starts without health when the report it kept is %s", async (kept) => {
    const beacon = beaconOf("me");
    await beacon.acceptSnapshot({ revision: 5, text: "five" });
    await runInDurableObject(beacon, (_, { storage }) => void storage.sql.exec("UPDATE beacon SET health = ?", kept));
    await evictDurableObject(beacon);
    expect(await (await beacon.fetch("https://beacon/state")).json()).toMatchObject({
      revision: 5,
      health: HEALTH_REPORT_EMPTY,
    });
    expect(await beacon.acceptHealth({ ...HEALTH_REPORT_EMPTY, sequence: 1 })).toMatchObject({ sequence: 1 });
  });

  test("keeps a text that is larger than a row can be, letter by letter", async () => {
    const beacon = beaconOf("sam");
    // An odd number of letters in front, so that a cut would fall inside of a pair.
    const text = `x${"😀é".repeat(700_000)}`;
    await beacon.acceptSnapshot({ revision: 1, text });
    await evictDurableObject(beacon);
    const kept = await (await beacon.fetch("https://beacon/snapshot/1")).text();
    expect(kept.length).toBe(text.length);
    expect(kept === text).toBe(true);
  });
});

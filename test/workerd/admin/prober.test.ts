/** Probers against real sockets, friendly and hostile. */
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { passTime, stopTime } from "./fleet-object.ts";
import { origin, passIntervals, passStatusInterval, seenOn, soon, startTime, switchTo } from "./health-objects.ts";
import { cluster, env, get, HOLD_DOWN_MS, send, smallFleet } from "./support.ts";

/** What the prober in Western Europe sees, with each of its checks. */
async function probed(name: string) {
  const { body } = await get(`/v1/health/clusters/${name}`);
  return body.vantages?.find(({ vantage }: { vantage: string }) => vantage === "weur");
}

async function declare(documents: readonly unknown[]): Promise<void> {
  expect(await send("PUT", "/v1/fleet", { documents })).toMatchObject({ status: 200 });
}

/** Long enough that a machine which does other things as well makes nothing time out that should not. */
const PACE = { interval: "1s", timeout: "900ms", rise: 2, fall: 2 };
/** Two failures in a row, and one more for what is behind. */
const UNTIL_DOWN = 2;
/** The hold-down and the success after it. */
const UNTIL_UP = 4;

/** A cluster in Western Europe with another health check. */
function checkedBy(name: string, healthCheck: object, endpoint?: string): object {
  const { spec, ...document } = cluster(name, "eu-west");
  const elsewhere = endpoint === undefined ? {} : { endpoint };
  return { ...document, spec: { ...spec, ...elsewhere, healthCheck: { ...PACE, ...healthCheck } } };
}

const found = (because: string, more: object = {}) => ({ kind: "failure", because, ...more });
const success = (status: number) => ({ kind: "success", status });

describe("a prober finds a cluster", () => {
  const cases = [
    // check                                                       state        what its last probe found
    [{ path: "/ok/plain" }, "healthy", success(200)],
    [{ path: "/204/x" }, "healthy", success(204)],
    [{ path: "/404/x" }, "unhealthy", found("status", { status: 404 })],
    [{ path: "/404/x", statuses: [404] }, "healthy", success(404)],
    [{ path: "/reset/x" }, "unhealthy", found("connection")],
    [{ path: "/hang/x" }, "unhealthy", found("timeout")],
    [{ path: "/switchable/text", body: { contains: "ready" } }, "healthy", success(200)],
    [{ path: "/ok/text", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/503/text", body: { contains: "body" } }, "unhealthy", found("status", { status: 503 })],
    // Hostile ones: cut off, each for its own reason.
    [{ path: "/redirect/x" }, "unhealthy", found("status", { status: 302 })],
    [{ path: "/drip/x" }, "unhealthy", found("timeout")],
    [{ path: "/endless/unread" }, "healthy", success(200)],
    [{ path: "/endless/x", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/json/x", body: { contains: "steady" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/bomb/unread" }, "healthy", success(200)],
    [{ path: "/bomb/x", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/late/x", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
  ] as const;

  beforeAll(async () => {
    stopTime();
    const clusters = cases.map(([check], index) => checkedBy(`case-${index}`, check));
    await declare([...smallFleet({ eu: "/ok/beside", us: "/ok/beside" }), ...clusters]);
    await passIntervals(UNTIL_DOWN, { vantages: ["weur"] });
  });
  afterAll(startTime);

  test.each(cases.map(([check, state, outcome], index) => [check, state, index, outcome] as const))(
    "with the check %j %s",
    async (_, state, index, outcome) => {
      expect(await probed(`case-${index}`)).toMatchObject({
        state,
        checks: [{ name: "healthCheck", last: { outcome } }],
      });
    },
  );

  test("well that is, beside all of these, and asked exactly once in each interval", async () => {
    const counts = async () => Promise.all(["/ok/beside", "/hang/x"].map(async (path) => (await seenOn(path))?.count));
    const [beside = 0, hanging = 0] = await counts();
    await passIntervals(3, { vantages: ["weur"] });
    // Two clusters are asked there.
    expect(await counts()).toEqual([beside + 2 * 3, hanging + 3]);
    expect(await probed("us-east-blue")).toMatchObject({ state: "healthy" });
    expect(await probed("eu-west-blue")).toMatchObject({ checks: [{ successes: UNTIL_DOWN + 3 }] });
  });

  test("bad that sends it elsewhere, and does not go there", async () => {
    expect(await seenOn("/redirect/x")).not.toBeNull();
    expect(await seenOn("/ok/inside-x")).toBeNull();
  });
});

describe("a prober", () => {
  beforeEach(stopTime);
  afterEach(startTime);

  test("takes a cluster that answers late for degraded", async () => {
    await declare([
      ...smallFleet(),
      checkedBy("eu-west-late", { path: "/held/late", degradedAfter: "50ms", rise: 1, fall: 1 }),
    ]);
    const probing = passIntervals(1, { vantages: ["weur"] });
    await soon(async () => expect(await seenOn("/held/late")).not.toBeNull());
    passTime(60);
    await origin("/release");
    await probing;
    expect(await probed("eu-west-late")).toMatchObject({
      state: "degraded",
      checks: [{ last: { outcome: { kind: "slow", status: 200, durationMs: 60 } } }],
    });
  });

  // Cloudflare answers 525 and 526 here, of which the prober says `tls`; the open runtime keeps the cause to itself.
  test("does not take a cluster for healthy that does not speak TLS", async () => {
    const https = `https://127.0.0.1:${inject("originPort")}`;
    await declare([...smallFleet(), checkedBy("eu-west-plain", { path: "/ok/tls" }, https)]);
    await passIntervals(UNTIL_DOWN, { vantages: ["weur"] });
    expect(await probed("eu-west-plain")).toMatchObject({
      state: "unhealthy",
      checks: [{ last: { outcome: found("connection") } }],
    });
    expect(await seenOn("/ok/tls")).toBeNull();
  });

  test("asks under its own name and vantage, with the check's headers, and sends nothing that it need not", async () => {
    await declare([
      ...smallFleet(),
      checkedBy("eu-west-polite", { path: "/ok/manners", headers: { "x-probe": "yes" } }),
    ]);
    await passIntervals(1, { vantages: ["weur"] });
    const asked = await seenOn("/ok/manners");
    expect(asked).toMatchObject({
      method: "GET",
      headers: { "user-agent": "fairlead-prober/1", "fairlead-vantage": "weur", "x-probe": "yes" },
    });
    for (const name of ["authorization", "cookie", "content-type", "content-length"])
      expect(asked?.headers).not.toHaveProperty(name);
  });

  test("keeps what it believes and goes on after a crash", async () => {
    await declare(smallFleet({ eu: "/switchable/restart", us: "/ok/restart" }));
    await passIntervals(1);
    expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" });
    await switchTo("restart", 500);
    await passIntervals(UNTIL_DOWN);
    const before = await probed("eu-west-blue");
    expect(before).toMatchObject({ state: "unhealthy" });
    await abortAllDurableObjects();
    expect(await probed("eu-west-blue")).toMatchObject({ state: "unhealthy", sinceMs: before.sinceMs });
    await switchTo("restart", 200);
    await passIntervals(UNTIL_UP);
    const { state, recoveredAtMs } = await probed("eu-west-blue");
    expect(state).toBe("healthy");
    expect(recoveredAtMs - before.sinceMs).toBeGreaterThanOrEqual(HOLD_DOWN_MS);
  });

  test("forgets a cluster that is gone or has no health check any more", async () => {
    await declare(smallFleet({ eu: "/ok/gone", us: "/ok/gone" }));
    await passIntervals(1);
    expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" });
    await declare(smallFleet());
    expect((await get("/v1/health")).body.clusters).toEqual([]);
    expect(await get("/v1/health/clusters/eu-west-blue")).toMatchObject({
      status: 404,
      body: { code: "clusterUnknown" },
    });
    const before = (await seenOn("/ok/gone"))?.count;
    await passIntervals(2);
    expect((await seenOn("/ok/gone"))?.count).toBe(before);
  });

  test("stops while it is told to fail, and goes on afterwards", async () => {
    await declare(smallFleet({ eu: "/switchable/stop", us: "/ok/stop" }));
    await passIntervals(1);
    await send("POST", "/v1/development/fail", { object: "prober", failing: true });
    const { body } = await get("/v1/health/clusters/eu-west-blue");
    expect(body.vantages.map(({ reachable }: { reachable: boolean }) => reachable)).toEqual([false, false]);
    await switchTo("stop", 500);
    await passIntervals(UNTIL_DOWN);
    await send("POST", "/v1/development/fail", { object: "prober", failing: false });
    expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" });
    await passIntervals(UNTIL_DOWN);
    expect(await probed("eu-west-blue")).toMatchObject({ state: "unhealthy" });
  });

  test("that is left from when one did it all does nothing any more", async () => {
    const left = env.PROBER.getByName("demo");
    const config = {
      revision: 3,
      targets: [{ cluster: "eu-west-blue", url: "http://127.0.0.1/" }],
      vantages: ["weur"],
    };
    await runInDurableObject(left, async (_, { storage }) => {
      storage.sql.exec("INSERT INTO texts (name, part, text) VALUES ('config', 0, ?)", JSON.stringify(config));
      await storage.setAlarm(Date.now() + 60_000);
    });
    await evictDurableObject(left);
    expect(await runDurableObjectAlarm(left)).toBe(true);
    await runInDurableObject(left, async (_, { storage }) => expect(await storage.getAlarm()).toBeNull());
  });

  test("asks several checks of a Monitor and goes by all of them together", async () => {
    const check = (name: string, role: string, path: string) => ({
      ...{ name, role },
      check: { path, interval: "500ms", timeout: "300ms", rise: 1, fall: 1 },
    });
    const monitor = (...checks: object[]) => ({
      ...{ apiVersion: "fairlead.dev/v1", kind: "Monitor", metadata: { name: "web" } },
      spec: { service: "web", checks },
    });
    const well = check("page", "mustPass", "/ok/page");
    const broken = check("queue", "observe", "/503/queue");
    await declare([...smallFleet(), monitor(well, broken)]);
    await passIntervals(1);
    expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" });
    await declare([...smallFleet(), monitor(well, { ...broken, role: "mustPass" })]);
    await passIntervals(1);
    expect(await probed("eu-west-blue")).toMatchObject({
      state: "unhealthy",
      because: { check: "queue", code: "status", status: 503 },
    });
  });
});

describe("what clusters report of themselves", () => {
  beforeEach(stopTime);
  afterEach(async () => {
    await switchTo("status", 404);
    await startTime();
  });

  const reporting = (probe?: string) =>
    smallFleet(probe === undefined ? undefined : { eu: probe, us: probe }).map((document) => {
      const { kind, spec } = document as { kind: string; spec: object }; // as support.ts makes them
      return kind === "Cluster"
        ? { ...(document as object), spec: { ...spec, reports: { version: "1.4.0" } } }
        : document;
    });
  const statusOf = async (name: string) => (await get(`/v1/clusters/${name}/status`)).body;

  /** All are asked once, and say so. */
  async function askedAs(way: number): Promise<void> {
    await switchTo("status", way);
    passTime(1); // Its next status is later than the last.
    await switchTo("clock", Date.now());
    await passStatusInterval();
  }

  test("is handed on by the prober near them", async () => {
    await declare(reporting());
    await askedAs(200);
    await soon(async () =>
      expect(await statusOf("eu-west-blue")).toMatchObject({
        status: { version: "1.4.0" },
        source: { kind: "pulled", vantage: "weur" },
      }),
    );
    // The other one says that it is the first.
    await soon(async () =>
      expect(await statusOf("us-east-blue")).toMatchObject({ refused: { because: "otherCluster" } }),
    );
    expect((await statusOf("us-east-blue")).status).toBeUndefined();
  });

  test.each([
    // way, what becomes of it
    [413, "far too long"],
    [507, "without end"],
    [508, "a bomb"],
  ])("is cut off and refused when it is too much (%i: %s)", async (way) => {
    await declare(reporting());
    await askedAs(way);
    await soon(async () =>
      expect(await statusOf("eu-west-blue")).toMatchObject({ refused: { because: "tooLarge", count: 1 } }),
    );
  });

  test("leads nowhere else, and does not keep probes from their time", async () => {
    await declare(reporting("/ok/status-beside"));
    await askedAs(302);
    expect(await seenOn("/ok/inside-status")).toBeNull();
    expect(await statusOf("eu-west-blue")).not.toHaveProperty("status");

    await switchTo("status", 408);
    const probes = async () => (await seenOn("/ok/status-beside"))?.count ?? 0;
    const before = await probes();
    const asking = passStatusInterval();
    // Two vantages ask two clusters each, and once more an interval later, while no status is answered.
    await soon(async () => expect(await probes()).toBe(before + 4));
    passTime(1_100);
    await soon(async () => expect(await probes()).toBe(before + 8));
    await origin("/release");
    await asking;
  });
});

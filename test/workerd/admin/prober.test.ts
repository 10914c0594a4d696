/** Probers against real sockets, friendly and hostile. Their alarms run by themselves; tests wait for what they come to believe. */
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { cluster, env, get, HOLD_DOWN_MS, send, smallFleet } from "./support.ts";

afterEach(() => reset());

const origin = (path: string) => fetch(`http://127.0.0.1:${inject("originPort")}${path}`);
const seen = async (path: string) => (await origin(`/seen${path}`)).json() as Promise<{ headers: object } | null>; // its form is in global-setup.ts

/** What the prober in Western Europe sees, with each of its checks. */
async function probed(name: string) {
  const { body } = await get(`/v1/health/clusters/${name}`);
  return body.vantages?.find(({ vantage }: { vantage: string }) => vantage === "weur");
}

const WAIT = { timeout: 12_000, interval: 100 };
const until = (check: () => Promise<void>) => vi.waitFor(check, WAIT);

/** The small fleet with another health check for its European cluster. */
function probedBy(healthCheck: object, endpoint?: string): unknown[] {
  const pace = { interval: "500ms", timeout: "300ms", rise: 2, fall: 2 };
  return smallFleet({ eu: "/ok/x", us: "/ok/beside" }).map((document) => {
    const { metadata, spec } = document as ReturnType<typeof cluster>; // only its name is looked at until it is one
    if (metadata.name !== "eu-west-blue") return document;
    const elsewhere = endpoint === undefined ? {} : { endpoint };
    return { ...(document as object), spec: { ...spec, ...elsewhere, healthCheck: { ...pace, ...healthCheck } } };
  });
}

describe("a prober", { timeout: 30_000 }, () => {
  const found = (because: string, more: object = {}) => ({ kind: "failure", because, ...more });
  const success = (status: number) => ({ kind: "success", status });

  test.each([
    // check                                                       state        what its last probe found
    [{ path: "/ok/plain" }, "healthy", success(200)],
    [{ path: "/204/x" }, "healthy", success(204)],
    [{ path: "/404/x" }, "unhealthy", found("status", { status: 404 })],
    [{ path: "/404/x", statuses: [404] }, "healthy", success(404)],
    [{ path: "/reset/x" }, "unhealthy", found("connection")],
    [{ path: "/hang/x" }, "unhealthy", found("timeout")],
    [{ path: "/slow/150", degradedAfter: "50ms" }, "degraded", { kind: "slow", status: 200 }],
    [{ path: "/switchable/text", body: { contains: "ready" } }, "healthy", success(200)],
    [{ path: "/ok/text", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/503/text", body: { contains: "body" } }, "unhealthy", found("status", { status: 503 })],
    // Hostile ones: cut off, each for its own reason.
    [{ path: "/redirect/x" }, "unhealthy", found("status", { status: 302 })],
    [{ path: "/drip/x" }, "unhealthy", found("timeout")],
    [{ path: "/endless/unread" }, "healthy", success(200)],
    [{ path: "/endless/x", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/bomb/unread" }, "healthy", success(200)],
    [{ path: "/bomb/x", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
    [{ path: "/late/x", body: { contains: "ready" } }, "unhealthy", found("body", { status: 200 })],
  ])("finds a cluster with the check %j %s", async (check, state, outcome) => {
    await send("PUT", "/v1/fleet", { documents: probedBy(check) });
    await until(async () =>
      expect(await probed("eu-west-blue")).toMatchObject({
        state,
        checks: [{ name: "healthCheck", last: { outcome } }],
      }),
    );
    await until(async () => expect(await probed("us-east-blue")).toMatchObject({ state: "healthy" }));
  });

  // Cloudflare answers 525 and 526 here, of which the prober says `tls`; the open runtime keeps the cause to itself.
  test("does not take a cluster for healthy that does not speak TLS", async () => {
    const https = `https://127.0.0.1:${inject("originPort")}`;
    await send("PUT", "/v1/fleet", { documents: probedBy({ path: "/ok/tls" }, https) });
    await until(async () =>
      expect(await probed("eu-west-blue")).toMatchObject({
        state: "unhealthy",
        checks: [{ last: { outcome: found("connection") } }],
      }),
    );
    expect(await seen("/ok/tls")).toBeNull();
  });

  test("goes where it is told and not where it is sent from there", async () => {
    await send("PUT", "/v1/fleet", { documents: probedBy({ path: "/redirect/lure" }) });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "unhealthy" }));
    expect(await seen("/redirect/lure")).not.toBeNull();
    expect(await seen("/ok/inside-lure")).toBeNull();
  });

  test("asks under its own name and vantage, with the check's headers, and sends nothing that it need not", async () => {
    await send("PUT", "/v1/fleet", { documents: probedBy({ path: "/ok/manners", headers: { "x-probe": "yes" } }) });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ checks: [{ successes: 2 }] }));
    const asked = await seen("/ok/manners");
    expect(asked).toMatchObject({
      method: "GET",
      headers: {
        ...{ "user-agent": "fairlead-prober/1", "fairlead-vantage": expect.stringMatching(/^(weur|enam)$/) },
        "x-probe": "yes",
      },
    });
    for (const name of ["authorization", "cookie", "content-type", "content-length"])
      expect(asked?.headers).not.toHaveProperty(name);
  });

  test("stays on schedule beside any number of clusters that hang, drip and flood", async () => {
    const hostile = ["/hang/1", "/hang/2", "/hang/3", "/hang/4", "/drip/1", "/drip/2", "/endless/1", "/bomb/1"];
    const clusters = hostile.map((path, index) => cluster(`eu-west-bad-${index}`, "eu-west", path));
    await send("PUT", "/v1/fleet", { documents: [...smallFleet({ eu: "/ok/calm", us: "/ok/calm" }), ...clusters] });
    await until(async () => expect(await probed("eu-west-bad-5")).toMatchObject({ state: "unhealthy" }));
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" }));
    const before = (await probed("eu-west-blue")).checks[0].successes;
    await scheduler.wait(3_000);
    // Six are due within this time; one place of six would not be enough for two of them beside eight others.
    expect((await probed("eu-west-blue")).checks[0].successes - before).toBeGreaterThanOrEqual(4);
  });

  test("keeps what it believes and goes on after a crash", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/restart", us: "/ok/restart" }) });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" }));
    await origin("/switch/restart/500");
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "unhealthy" }));
    const before = await probed("eu-west-blue");
    await abortAllDurableObjects();
    expect(await probed("eu-west-blue")).toMatchObject({ state: "unhealthy", sinceMs: before.sinceMs });
    await origin("/switch/restart/200");
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" }));
    const { recoveredAtMs } = await probed("eu-west-blue");
    expect(recoveredAtMs - before.sinceMs).toBeGreaterThanOrEqual(HOLD_DOWN_MS);
  });

  test("forgets a cluster that is gone or has no health check any more", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/ok/gone", us: "/ok/gone" }) });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" }));
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    await until(async () => expect((await get("/v1/health")).body.clusters).toEqual([]));
    expect(await get("/v1/health/clusters/eu-west-blue")).toMatchObject({
      status: 404,
      body: { code: "clusterUnknown" },
    });
  });

  test("stops while it is told to fail, and goes on afterwards", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/stop", us: "/ok/stop" }) });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" }));
    await send("POST", "/v1/development/fail", { object: "prober", failing: true });
    const { body } = await get("/v1/health/clusters/eu-west-blue");
    expect(body.vantages.map(({ reachable }: { reachable: boolean }) => reachable)).toEqual([false, false]);
    await origin("/switch/stop/500");
    await send("POST", "/v1/development/fail", { object: "prober", failing: false });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "unhealthy" }));
  });

  test("hands on what the clusters near it report, and no more of it than may be", { timeout: 60_000 }, async () => {
    const reporting = smallFleet().map((document) => {
      const { kind, spec } = document as { kind: string; spec: object }; // as support.ts makes them
      return kind === "Cluster"
        ? { ...(document as object), spec: { ...spec, reports: { version: "1.4.0" } } }
        : document;
    });
    const statusOf = async (name: string) => (await get(`/v1/clusters/${name}/status`)).body;
    await origin("/switch/status/200");
    await send("PUT", "/v1/fleet", { documents: reporting });
    await until(async () =>
      expect(await statusOf("eu-west-blue")).toMatchObject({
        status: { version: "1.4.0" },
        source: { kind: "pulled", vantage: "weur" },
      }),
    );
    // The other one says that it is the first.
    await until(async () =>
      expect(await statusOf("us-east-blue")).toMatchObject({ refused: { because: "otherCluster" } }),
    );
    expect((await statusOf("us-east-blue")).status).toBeUndefined();
    await origin("/switch/status/413");
    await until(async () => expect(await statusOf("eu-west-blue")).toMatchObject({ refused: { because: "tooLarge" } }));
    await origin("/switch/status/404");
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
    await send("PUT", "/v1/fleet", { documents: [...smallFleet(), monitor(well, broken)] });
    await until(async () => expect(await probed("eu-west-blue")).toMatchObject({ state: "healthy" }));
    await send("PUT", "/v1/fleet", { documents: [...smallFleet(), monitor(well, { ...broken, role: "mustPass" })] });
    await until(async () =>
      expect(await probed("eu-west-blue")).toMatchObject({
        state: "unhealthy",
        because: { check: "queue", code: "status", status: 503 },
      }),
    );
  });
});

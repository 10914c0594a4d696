/** The push of metrics in the real runtime: which settings it takes, what a receiver gets, and what failures lead to. */
import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import type { AdminEnv } from "../../../admin/env.ts";
import { ExportObject } from "../../../admin/objects/export-object.ts";
import { FleetObject } from "../../../admin/objects/fleet-object.ts";
import { readPushSetting } from "../../../admin/objects/push-setting.ts";
import { env, get, send, smallFleet } from "./support.ts";

beforeEach(() => {
  vi.spyOn(console, "log").mockReturnValue();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

vi.setConfig({ testTimeout: 40_000 });

const ORIGIN = `http://127.0.0.1:${inject("originPort")}`;

type Setting = Partial<
  Pick<
    AdminEnv,
    | "OTEL_EXPORTER_OTLP_ENDPOINT"
    | "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
    | "OTEL_EXPORTER_OTLP_HEADERS"
    | "OTEL_METRIC_EXPORT_INTERVAL"
  >
>;

describe("the destination", () => {
  const read = (setting: Setting, DEVELOPMENT = "false") => readPushSetting({ ...env, DEVELOPMENT, ...setting });

  test("is none unless one is named", () => {
    expect(read({})).toEqual({ ok: true, value: undefined });
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_EXPORTER_OTLP_HEADERS: "a=b" })).toEqual({
      ok: true,
      value: undefined,
    });
  });

  test.each([
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com", "https://otlp.example.com/v1/metrics"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com/otlp/", "https://otlp.example.com/otlp/v1/metrics"],
    ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://otlp.example.com/push", "https://otlp.example.com/push"],
  ])("%s=%s is %s", (name, text, url) => {
    expect(read({ [name]: text })).toEqual({
      ok: true,
      value: { destination: { url, headers: {} }, intervalMs: 60_000 },
    });
  });

  test("the one for metrics comes first", () => {
    const setting = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://general.example.com",
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "https://metrics.example.com/m",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc%3D%3D, X-Scope-OrgID = a ",
      OTEL_METRIC_EXPORT_INTERVAL: "15000",
    };
    expect(read(setting)).toEqual({
      ok: true,
      value: {
        destination: {
          url: "https://metrics.example.com/m",
          headers: { authorization: "Basic abc==", "x-scope-orgid": "a" },
        },
        intervalMs: 15_000,
      },
    });
  });

  test("is plain HTTP in development only", () => {
    const setting = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
    expect(read(setting)).toMatchObject({ ok: false, error: expect.stringContaining("https://") });
    expect(read(setting, "true")).toMatchObject({ ok: true });
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "otlp.example.com" }, "OTEL_EXPORTER_OTLP_ENDPOINT"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://otlp.example.com" }, "https://"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://me:secret@otlp.example.com" }, "credentials"],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "secret" }, "OTEL_EXPORTER_OTLP_HEADERS"],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "a=secret%0d%0ax: y" }, "OTEL_EXPORTER_OTLP_HEADERS"],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "a=secret%zz" }, "OTEL_EXPORTER_OTLP_HEADERS"],
    [{ OTEL_METRIC_EXPORT_INTERVAL: "9999" }, "OTEL_METRIC_EXPORT_INTERVAL"],
    [{ OTEL_METRIC_EXPORT_INTERVAL: "1m" }, "OTEL_METRIC_EXPORT_INTERVAL"],
  ])("%j is refused, with what to mend and no secret", (setting, named) => {
    const answer = read({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example.com", ...setting });
    expect(answer).toMatchObject({ ok: false, error: expect.stringContaining(named) });
    expect(JSON.stringify(answer)).not.toContain("secret");
  });
});

type Seen = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly count: number;
};

async function seen(path: string): Promise<Seen | null> {
  return (await fetch(`${ORIGIN}/seen${path}`)).json();
}

/** An object of its own with these settings, in the place of the one that the Worker would have. */
async function ring(setting: Setting, times = 1): Promise<number | undefined> {
  const stub = env.EXPORT.getByName(env.ENVIRONMENT);
  const waitMs = await runInDurableObject(stub, async (_: ExportObject, state) => {
    const object = new ExportObject(state, { ...env, ...setting });
    for (let i = 0; i < times; i++) await object.alarm();
    const atMs = await state.storage.getAlarm();
    await state.storage.deleteAlarm();
    return atMs === null ? undefined : atMs - Date.now();
  });
  // The Worker's own has counted nothing; the next one begins with what is kept.
  await evictDurableObject(stub);
  return waitMs;
}

const at = (path: string): Setting => ({
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${ORIGIN}${path}`,
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20otlp",
});

async function figures() {
  const { body } = await get("/metrics");
  const value = (series: string) => Number(String(body).split(`\n${series} `)[1]?.split("\n")[0]);
  return {
    successes: value('edge_export_pushes_total{outcome="success"}'),
    failures: value('edge_export_pushes_total{outcome="failure"}'),
    rejected: value("edge_export_rejected_points_total"),
  };
}

describe("a push", () => {
  test("brings what a scrape shows, by POST, with the headers that the receiver wants", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet(), reason: "test" });
    const waitMs = await ring(at("/ok/otlp"));
    const request = await seen("/ok/otlp");
    expect(request?.method).toBe("POST");
    expect(request?.headers).toMatchObject({ authorization: "Bearer otlp", "content-type": "application/json" });
    const { resourceMetrics } = JSON.parse(request?.body ?? "");
    expect(resourceMetrics[0].resource.attributes).toContainEqual({
      key: "deployment.environment.name",
      value: { stringValue: env.ENVIRONMENT },
    });
    const pushed = resourceMetrics[0].scopeMetrics[0].metrics.map(({ name }: { name: string }) => name);
    const { body: text } = await get("/metrics");
    const scraped = [...String(text).matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    // Only after it can be told of the first one that came through.
    expect(scraped.filter((name) => !pushed.includes(name))).toEqual(["edge_export_last_success_timestamp_seconds"]);
    expect(waitMs).toBeGreaterThan(50_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await figures()).toEqual({ successes: 1, failures: 0, rejected: 0 });
  });

  test("that is refused makes the next one wait longer, and is counted over restarts", async () => {
    const waitMs = await ring(at("/503/otlp"), 3);
    expect(waitMs).toBeGreaterThan(230_000);
    expect(waitMs).toBeLessThanOrEqual(240_000);
    expect((await seen("/503/otlp"))?.count).toBe(3);
    await ring(at("/ok/again"));
    expect(await figures()).toEqual({ successes: 1, failures: 3, rejected: 0 });
  });

  test("follows no redirect: the headers are for the receiver that was named", async () => {
    await ring(at("/redirect/otlp"));
    expect(await seen("/ok/inside-otlp")).toBeNull();
    expect((await figures()).failures).toBe(1);
  });

  test("of which the receiver refuses points is one that came, and the points are counted", async () => {
    await ring(at("/partial/7"));
    expect(await figures()).toEqual({ successes: 1, failures: 0, rejected: 7 });
  });

  test("to nowhere fails, and does not throw", async () => {
    await ring({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://127.0.0.1:1/" });
    expect((await figures()).failures).toBe(1);
  });

  test("with a setting that is wrong is a failure, and the setting is read again", async () => {
    const waitMs = await ring({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "nowhere" });
    expect((await figures()).failures).toBe(1);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });

  test("is begun by the alarm of the fleet object, when a receiver is named and not otherwise", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet(), reason: "test" });
    const wake = vi.spyOn(ExportObject.prototype, "wake");
    const ringFleet = (setting: Setting) =>
      runInDurableObject(env.FLEET.getByName(env.ENVIRONMENT), (_: FleetObject, state) =>
        new FleetObject(state, { ...env, ...setting }).alarm(),
      );
    await ringFleet({});
    expect(wake).not.toHaveBeenCalled();
    await ringFleet(at("/ok/woken"));
    expect(wake).toHaveBeenCalledTimes(1);
  });

  test("is none, and there is no alarm, while no receiver is named", async () => {
    expect(await ring({})).toBeUndefined();
    expect(await figures()).toEqual({ successes: 0, failures: 0, rejected: 0 });
    await send("PUT", "/v1/fleet", { documents: smallFleet(), reason: "test" });
    await runDurableObjectAlarm(env.FLEET.getByName(env.ENVIRONMENT));
    const alarm = runInDurableObject(env.EXPORT.getByName(env.ENVIRONMENT), (_: ExportObject, { storage }) =>
      storage.getAlarm(),
    );
    expect(await alarm).toBeNull();
  });
});

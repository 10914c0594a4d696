/** From counts of telemetry to what people are sent: objectives, alerts, owners, incidents, and the way back. */
import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  alertObject,
  applyFleet,
  count,
  look,
  lookFor,
  OBJECTIVES,
  promising,
  receivedBy,
  receiver,
  toldTo,
  webhook,
} from "./alert-support.ts";
import { leaves, MINUTE_MS, passTime, quietInStoppedTime, ringAlarm } from "./fleet-object.ts";
import { cluster, env, get, POLICY, region, send } from "./support.ts";

// Each look of an alarm is a round through real objects, and the machine does other things meanwhile.
vi.setConfig({ testTimeout: 30_000 });

quietInStoppedTime();

beforeEach(async () => {
  await receiver("everybody");
});

const why = { reason: "test" };
const EVERYBODY = webhook("everybody", { default: true });
const TOLD_MS = 30_000;

async function fleetWith(...documents: readonly object[]): Promise<void> {
  await applyFleet(promising(), EVERYBODY, ...documents);
  await send("POST", "/v1/webhooks/everybody/secret", why);
}

const fine = (name: string) => ({ region: name, good: 5_000, bad: 0 });
const failing = (name: string) => ({ region: name, good: 4_000, bad: 1_000 });

async function alerts() {
  return (await get("/v1/alerts")).body.alerts;
}

describe("GET /v1/objectives", () => {
  test("tells regions apart, with counts, rates and what is left; what edges answered themselves is apart", async () => {
    await fleetWith();
    await count([fine("eu-west"), failing("us-east")]);
    const { objectives, total, atMs } = (await get("/v1/objectives")).body;
    expect(total).toBe(3);
    const [eu, us, none] = objectives;
    expect(eu).toMatchObject({ region: "eu-west", state: "ok", budget: { state: "left", remainingPpm: 1_000_000 } });
    expect(us).toMatchObject({
      ...{ service: "web", region: "us-east", sli: "availability", targetPpm: 999_000, window: "30d", state: "page" },
      ...{ cluster: "us-east-blue", requestsMin: 100 },
      budget: { total: 5_000, bad: 1_000, state: "spent", remainingPpm: -199_000_000 },
    });
    expect(us.windows[0]).toEqual({ windowMs: 300_000, atMs, total: 5_000, bad: 1_000, ratio: 0.2, burnRate: 200 });
    expect(us.rules[0]).toMatchObject({ name: "page 1h/5m", burnRateMax: 14.4, outcome: "burning" });
    expect(none).toMatchObject({ region: "none", state: "ok", budget: { total: 10_000, bad: 0, state: "left" } });
    expect((await get("/v1/objectives?service=web&region=eu-west")).body.total).toBe(1);
    expect((await get("/v1/objectives?service=other")).body).toMatchObject({ total: 0, objectives: [] });
    expect((await get("/v1/objectives?regions=x")).status).toBe(400);
  });

  test("before anybody came there is no data, and too little is not enough", async () => {
    await fleetWith();
    const states = async () => (await get("/v1/objectives")).body.objectives.map((one: { state: string }) => one.state);
    expect(await states()).toEqual(["noData", "noData", "noData"]);
    await count([{ region: "eu-west", good: 99, bad: 0 }]);
    passTime(MINUTE_MS);
    expect(await states()).toEqual(["tooFewRequests", "noData", "tooFewRequests"]);
  });

  test("in the first minutes a month has what five minutes have, and each window says where it ends", async () => {
    await fleetWith();
    for (const expected of [100, 200, 300]) {
      await count([{ region: "eu-west", good: 100, bad: 0 }]);
      passTime(MINUTE_MS);
      const { atMs, objectives } = (await get("/v1/objectives?region=eu-west")).body;
      const { windows, budget } = objectives[0];
      const seen = [...windows, budget].map((one: { atMs: number; total: number }) => [one.atMs, one.total]);
      expect(seen).toEqual(Array(8).fill([atMs, expected]));
    }
  });

  test("when telemetry does not answer nothing is known", async () => {
    await fleetWith();
    await env.TELEMETRY_ROOT.getByName("demo").setFailing(true);
    expect((await get("/v1/objectives")).body.objectives[0]).toMatchObject({ state: "unknown", windows: [] });
  });

  test("without objectives the list is empty, and nothing is looked at", async () => {
    await applyFleet(EVERYBODY);
    expect((await get("/v1/objectives")).body).toMatchObject({ total: 0, objectives: [] });
  });
});

describe("alerts", () => {
  test("one region's burn is one alert of that region, told once, and its end is told too", async () => {
    await fleetWith();
    await count([fine("eu-west"), failing("us-east")]);
    await look();
    expect(await alerts()).toMatchObject([{ state: "pending", regions: [{ region: "us-east" }] }]);
    await lookFor(TOLD_MS);
    const [alert] = await alerts();
    expect(alert).toMatchObject({ state: "firing", severity: "page", scope: "regional", service: "web" });
    await lookFor(3 * MINUTE_MS);
    expect(await toldTo("everybody")).toEqual(["alert.firing page us-east"]);
    const [message] = await receivedBy("everybody");
    expect(JSON.parse(message?.body ?? "")).toMatchObject({
      type: "alert.firing",
      data: {
        ...{ id: alert.id, severity: "page", service: "web", region: "us-east", cluster: "us-east-blue" },
        ...{ runbook: OBJECTIVES.runbook, summary: expect.stringContaining("200 times as fast as 99.9% allows") },
        changes: [{ revision: 1, kind: "apply", author: "token", ageMs: expect.any(Number) }],
        regions: [{ burns: [{ rule: "page 1h/5m", long: { total: 5_000, bad: 1_000 } }, { rule: "page 6h/30m" }] }],
        commands: [
          { what: "Drain the region us-east", command: expect.stringContaining("/v1/regions/us-east/drain") },
          { what: "Drain the cluster us-east-blue" },
          { what: "See every region" },
        ],
      },
    });

    // Half an hour of good answers, and it is over when that has lasted.
    passTime(31 * MINUTE_MS);
    await count([fine("eu-west"), { region: "us-east", good: 50_000, bad: 0 }]);
    await lookFor(3 * MINUTE_MS);
    expect(await toldTo("everybody")).toEqual([
      "alert.firing page us-east",
      "alert.resolved page us-east",
      "alert.firing ticket us-east",
    ]);
    // What the days can bear it still is not.
    expect(await alerts()).toMatchObject([{ severity: "ticket", state: "firing", regions: [{ region: "us-east" }] }]);
    expect((await get("/v1/alerts/history")).body.alerts).toMatchObject([
      { id: alert.id, state: "resolved", because: "recovered" },
    ]);

    const timeline = async (query: string) =>
      (await get(`/v1/timeline?kinds=alert${query}`)).body.entries.map((entry: { event: string }) => entry.event);
    expect(await timeline("&region=us-east&service=web")).toEqual(["alert.firing", "alert.resolved", "alert.firing"]);
    expect(await timeline("&cluster=us-east-blue&limit=1")).toEqual(["alert.firing"]);
    expect(await timeline("&region=eu-west")).toEqual([]);
    const { nextCursor } = (await get("/v1/timeline?kinds=alert&limit=2")).body;
    expect(nextCursor).toMatch(/^[0-9]+[.]alert[.]2$/);
    const { entries } = (await get(`/v1/timeline?kinds=alert&limit=2&cursor=${nextCursor}`)).body;
    expect(entries).toMatchObject([
      {
        ...{ id: "alert/1", event: "alert.firing", title: expect.stringMatching(/^Burning \(page\): web in us-east/) },
        scope: { regions: ["us-east"], services: ["web"], clusters: ["us-east-blue"] },
      },
    ]);
  });

  test("nobody is called later because the fleet cannot say what was changed", async () => {
    await fleetWith();
    await count([fine("eu-west"), failing("us-east")]);
    await env.FLEET.getByName("demo").setFailing(true);
    await look();
    await lookFor(TOLD_MS);
    expect(await toldTo("everybody")).toEqual(["alert.firing page us-east"]);
    const [message] = await receivedBy("everybody");
    expect(JSON.parse(message?.body ?? "").data).not.toHaveProperty("changes");
  });

  test("regions that burn at once are one alert, of the service", async () => {
    await fleetWith();
    await count([failing("eu-west"), failing("us-east")]);
    await look();
    await lookFor(2 * TOLD_MS);
    expect(await toldTo("everybody")).toEqual(["alert.firing page global"]);
    expect(await alerts()).toMatchObject([
      { scope: "global", regions: [{ region: "eu-west" }, { region: "us-east" }] },
    ]);
  });

  test("survive a restart, and are not told of again", async () => {
    await fleetWith();
    await count([failing("us-east")]);
    await look();
    await lookFor(TOLD_MS);
    await evictDurableObject(alertObject());
    await lookFor(TOLD_MS);
    expect(await toldTo("everybody")).toEqual(["alert.firing page us-east"]);
    expect(await alerts()).toHaveLength(1);
  });

  test("can be acknowledged while they are open, on the record", async () => {
    await fleetWith();
    await count([failing("us-east")]);
    await look();
    const [{ id }] = await alerts();
    const answer = await send("POST", `/v1/alerts/${id}/acknowledge`, why);
    expect(answer.body).toMatchObject({ id, acknowledged: { by: "token", reason: "test", atMs: Date.now() } });
    await lookFor(TOLD_MS);
    expect(await alerts()).toMatchObject([{ state: "firing", acknowledged: { by: "token" } }]);
    expect(await leaves()).toContainEqual(
      expect.objectContaining({ action: "alert.acknowledge", resource: `alert/${id}`, outcome: "done" }),
    );
    const unknown = await send("POST", "/v1/alerts/none/acknowledge", why);
    expect([unknown.status, unknown.body.code]).toEqual([404, "alertUnknown"]);
  });
});

describe("owners", () => {
  const at = (name: string) => webhook(name);
  const EU_WEST = region("us-east", { latitude: 39, longitude: -77.5, vantage: "enam" });
  const owned = (document: object, owner: string) => {
    const { metadata } = document as { metadata: object }; // they are documents
    return { ...document, metadata: { ...metadata, owner } };
  };

  test("the most specific gets it: the cluster's, the region's, the service's, else the default", async () => {
    const documents = [
      promising(OBJECTIVES, "team-web"),
      owned(EU_WEST, "team-us"),
      owned(cluster("us-east-blue", "us-east"), "team-blue"),
    ];
    const names = ["team-blue", "team-us", "team-web"];
    for (const name of names) await receiver(name);
    await fleetWith(...documents, ...names.map(at));
    for (const name of names) await send("POST", `/v1/webhooks/${name}/secret`, why);
    await count([failing("us-east"), fine("eu-west")]);
    await look();
    await lookFor(TOLD_MS);
    expect(await Promise.all([...names, "everybody"].map(toldTo))).toEqual([["alert.firing page us-east"], [], [], []]);
  });
});

describe("the error budget as a rule", () => {
  test("where the Policy states it, what burns is left alone but for what helps", async () => {
    const spec = { ...POLICY.spec, safety: { ...POLICY.spec.safety, errorBudgetMinPercent: 0 } };
    await fleetWith({ ...POLICY, spec });
    await count([fine("eu-west"), failing("us-east")]);
    await look();
    const shift = (weights: object) => send("PATCH", "/v1/weights", { route: "web", rule: "europe", weights, ...why });
    const more = await shift({ "eu-west": 50, "us-east": 50 });
    expect([more.status, more.body.code]).toEqual([409, "ruleDenied"]);
    expect(more.body.detail).toContain("of the error budget of web in us-east (availability) is left");
    expect((await shift({ "eu-west": 100 })).status).toBe(200);
    expect((await send("POST", "/v1/regions/us-east/drain", why)).status).toBe(200);
  });
});

describe("incidents", () => {
  test("a page opens one, of the severity that the Policy says", async () => {
    await fleetWith({ ...POLICY, spec: { ...POLICY.spec, alerts: { incidentSeverity: 2 } } });
    await count([failing("us-east")]);
    await look();
    expect((await get("/v1/incidents")).body.incidents).toEqual([]);
    await lookFor(2 * TOLD_MS);
    const [{ id }] = await alerts();
    expect((await get("/v1/incidents")).body.incidents).toMatchObject([
      {
        severity: 2,
        cause: { kind: "alert", alert: id },
        title: "The error budget of web burns",
        openedBy: "fairlead",
      },
    ]);
  });

  test("or none", async () => {
    await fleetWith({ ...POLICY, spec: { ...POLICY.spec, alerts: { incidentSeverity: "off" } } });
    await count([failing("us-east")]);
    await look();
    await lookFor(TOLD_MS);
    expect((await get("/v1/incidents")).body.incidents).toEqual([]);
  });

  test("are told of to who asked for them, once, however they were opened", async () => {
    await fleetWith();
    await send("POST", "/v1/incidents", { severity: 2, title: "Checkout answers 502", ...why });
    await send("POST", "/v1/overrides", { name: "fire", rules: ["stepMax"], ...why });
    await ringAlarm();
    await look();
    await ringAlarm();
    await look();
    const told = (await receivedBy("everybody")).map(({ body }) => JSON.parse(body));
    expect(told).toMatchObject([
      { type: "incident.opened", data: { severity: 2, title: "Checkout answers 502", cause: { kind: "opened" } } },
      { type: "incident.opened", data: { severity: 3, cause: { kind: "override", override: "fire" } } },
    ]);
  });

  test("wait for the alert object, and are not lost", async () => {
    await fleetWith();
    await alertObject().setFailing(true);
    await send("POST", "/v1/incidents", { severity: 3, title: "red", ...why });
    await ringAlarm();
    await alertObject().setFailing(false);
    passTime(MINUTE_MS);
    await ringAlarm();
    await look();
    expect(await receivedBy("everybody")).toHaveLength(1);
  });
});

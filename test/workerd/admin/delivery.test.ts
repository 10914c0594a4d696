/** The figures of delivery from what really was planned, approved, committed and taken back. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HOUR_MS, passTime, stopTime } from "./fleet-object.ts";
import { get, send, smallFleet } from "./support.ts";

beforeEach(() => stopTime());
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

async function delivery(query = "") {
  const { status, body } = await get(`/v1/delivery${query}`);
  expect(status).toBe(200);
  return body;
}

const shift = (weight: number, query = "") =>
  send("PATCH", `/v1/weights${query}`, {
    ...{ route: "web", rule: "europe", reason: "more for America" },
    weights: { "eu-west": 100 - weight, "us-east": weight },
  });

describe("GET /v1/delivery", () => {
  test("has no data before there is any, and says what it would count", async () => {
    const { total, services, whole, definitions } = await delivery();
    expect(total).toMatchObject({
      deploymentFrequency: { state: "measured", deployments: 0, days: 30 },
      ...{ leadTime: { state: "noData" }, changeFailRate: { state: "noData" } },
    });
    expect([services, whole]).toEqual([[], { changes: true, auditLog: true }]);
    expect(Object.keys(definitions)).toEqual(["deployment", "leadTime", "changeFailRate", "recoveryTime", "rework"]);
  });

  test("follows a change from its plan to its rollback and the repair after it", async () => {
    expect((await send("PUT", "/v1/fleet", { documents: smallFleet() })).status).toBe(200);
    passTime(24 * HOUR_MS);
    expect((await shift(20, "?dryRun=true")).status).toBe(200);
    passTime(2 * HOUR_MS);
    expect((await shift(20)).body).toMatchObject({ changed: true, revision: 2 });
    passTime(HOUR_MS);
    const restored = await send("POST", "/v1/revisions/1/restore", { reason: "slower", overlays: "restore" });
    expect(restored.body).toMatchObject({ changed: true, revision: 3 });
    passTime(HOUR_MS);
    expect((await shift(15)).body).toMatchObject({ changed: true });
    passTime(10 * HOUR_MS);
    const { total, services, regions } = await delivery();
    expect(total).toEqual({
      deploymentFrequency: { state: "measured", deployments: 3, days: 30, perDay: 0.1 },
      leadTime: { state: "measured", measured: 1, deployments: 3, medianMs: 2 * HOUR_MS, p90Ms: 2 * HOUR_MS },
      changeFailRate: {
        ...{ state: "measured", failed: 1, deployments: 3, ratio: 1 / 3, maturing: 0 },
        causes: { withdrawn: 0, restored: 1, drained: 0, incident: 0 },
      },
      recoveryTime: { state: "measured", recovered: 1, unrecovered: 0, medianMs: HOUR_MS, p90Ms: HOUR_MS },
      rework: { state: "measured", reworked: 1, deployments: 3, ratio: 1 / 3 },
    });
    expect(services.map(({ service }: { service: string }) => service)).toEqual(["web"]);
    expect(regions.map(({ region }: { region: string }) => region)).toEqual(["eu-west", "us-east"]);
    expect(services[0].figures.changeFailRate).toMatchObject({ failed: 1, deployments: 3 });
  });

  test("an incident that somebody opens counts against what came just before it", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    passTime(HOUR_MS);
    const opened = await send("POST", "/v1/incidents", { severity: 3, title: "slow", reason: "p99" });
    passTime(HOUR_MS);
    await send("POST", `/v1/incidents/${opened.body.id}/close`, { reason: "over" });
    const { total } = await delivery(`?toMs=${Date.now() + 1}`);
    expect(total).toMatchObject({
      changeFailRate: { failed: 1, causes: { incident: 1 } },
      recoveryTime: { recovered: 1, medianMs: 2 * HOUR_MS },
    });
    expect((await delivery(`?failureMs=${HOUR_MS - 1}`)).total.changeFailRate).toMatchObject({ failed: 0 });
  });

  test.each([["?fromMs=5&toMs=5"], ["?fromMs=0"], ["?failureMs=700000000"], ["?toMs=tomorrow"], ["?days=3"]])(
    "%s is refused",
    async (query) => {
      expect((await get(`/v1/delivery${query}`)).status).toBe(400);
    },
  );
});

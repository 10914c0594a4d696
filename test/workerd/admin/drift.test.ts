/** From what clusters report to the list of what differs, and to the incident when nobody does anything about it. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { stored, webhook } from "./alert-support.ts";
import { DECLARED, declare, IMAGE, OTHER_IMAGE, report, reportingFleet, reportingPair } from "./status-support.ts";
import { env, get, POLICY } from "./support.ts";

const pair = reportingPair();

const object = () => env.STATUS.getByName("demo");

function policy(drift: object): object {
  return { ...POLICY, spec: { ...POLICY.spec, drift } };
}

async function driftOf(query = "") {
  const { status, body } = await get(`/v1/drift${query}`);
  expect(status).toBe(200);
  return body;
}

describe("GET /v1/drift", () => {
  test("tells those that have never reported from those that report what is declared", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    await report(pair.blue);
    const { drift, gate } = await driftOf();
    expect(gate).toEqual({ verdict: "inconclusive", drift: ["unknown/us-east-blue/status"] });
    expect(drift).toMatchObject([
      { kind: "unknown", field: "status", clusters: ["us-east-blue"], severity: "warning", service: "web" },
    ]);
    await report(pair.other);
    expect(await driftOf()).toEqual({ total: 0, drift: [], gate: { verdict: "pass", drift: [] } });
  });

  test("names field, values, clusters, severity, and since when", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    await report(pair.other);
    const fromMs = Date.now();
    await report(pair.blue, { imageDigest: OTHER_IMAGE, version: "1.4.1" });
    const { total, drift, gate } = await driftOf();
    expect(total).toBe(2);
    expect(gate).toEqual({ verdict: "fail", drift: ["declared/eu-west-blue/imageDigest"] });
    expect(drift[0]).toMatchObject({
      ...{ key: "declared/eu-west-blue/imageDigest", kind: "declared", field: "imageDigest", severity: "error" },
      ...{ clusters: ["eu-west-blue"], declared: IMAGE, reported: { "eu-west-blue": OTHER_IMAGE } },
    });
    expect(drift[1]).toMatchObject({ field: "version", severity: "warning", declared: "1.4.0" });
    expect(drift[0].firstSeenMs).toBeGreaterThanOrEqual(fromMs);
    expect(drift[0].ageMs).toBeGreaterThanOrEqual(0);
  });

  test("by service and by cluster", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    expect((await driftOf()).total).toBe(2);
    expect((await driftOf("?cluster=us-east-blue")).drift).toMatchObject([{ clusters: ["us-east-blue"] }]);
    expect((await driftOf("?service=web")).total).toBe(2);
    expect((await driftOf("?service=accounts")).total).toBe(0);
    expect((await get("/v1/drift?services=web")).status).toBe(400);
  });

  test("goes by the Policy, and by what is declared from now on", async () => {
    const drift = { severities: { imageDigest: "ignore", version: "error" } };
    await declare(await reportingFleet([pair.blue, pair.other], { more: [policy(drift)] }));
    await report(pair.other);
    await report(pair.blue, { imageDigest: OTHER_IMAGE, version: "1.4.1" });
    expect((await driftOf()).drift).toMatchObject([{ field: "version", severity: "error" }]);
    await declare(await reportingFleet([pair.blue, pair.other], { reports: { ...DECLARED, version: "1.4.1" } }));
    const fields = (await driftOf()).drift.map((one: { key: string }) => one.key);
    expect(fields).toEqual(["declared/eu-west-blue/imageDigest", "declared/us-east-blue/version"]);
  });

  test("keeps since when, through a restart and other values, and begins anew after it was gone", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    await report(pair.other);
    await report(pair.blue, { imageDigest: OTHER_IMAGE });
    const [first] = (await driftOf()).drift;
    await evictDurableObject(object());
    await report(pair.blue, { imageDigest: OTHER_IMAGE.replace("99", "98") });
    const [second] = (await driftOf()).drift;
    expect(second.firstSeenMs).toBe(first.firstSeenMs);
    expect(second.reported).not.toEqual(first.reported);

    await report(pair.blue);
    expect((await driftOf()).total).toBe(0);
    await report(pair.blue, { imageDigest: OTHER_IMAGE });
    const [third] = (await driftOf()).drift;
    expect(third.firstSeenMs).toBeGreaterThan(first.firstSeenMs);
  });

  test("a cluster that falls silent is unknown after a while", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    await report(pair.blue);
    await report(pair.other);
    await turnBack("statuses", "received_at_ms", 6 * 60_000);
    expect((await driftOf()).drift.map((one: { kind: string }) => one.kind)).toEqual(["unknown", "unknown"]);
    expect((await get("/v1/clusters/eu-west-blue/status")).body.fresh).toBe(false);
    await report(pair.blue);
    expect((await driftOf()).drift).toMatchObject([{ clusters: ["us-east-blue"] }]);
  });

  test("a difference is as old as it was when its cluster is heard of again, also after a restart", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    await report(pair.other);
    await report(pair.blue, { imageDigest: OTHER_IMAGE });
    const [first] = (await driftOf()).drift;
    await turnBack("statuses", "received_at_ms", 6 * 60_000);
    expect((await driftOf("?cluster=eu-west-blue")).drift).toMatchObject([{ kind: "unknown" }]);
    await evictDurableObject(object());
    await report(pair.blue, { imageDigest: OTHER_IMAGE });
    const [again] = (await driftOf("?cluster=eu-west-blue")).drift;
    expect(again).toMatchObject({ field: "imageDigest", firstSeenMs: first.firstSeenMs });
  });
});

/** Turns back what the object has kept, as if it had happened so long ago, and wakes it up with that. */
async function turnBack(table: string, column: string, ms: number): Promise<void> {
  await runInDurableObject(object(), (_, state) => {
    state.storage.sql.exec(`UPDATE ${table} SET ${column} = ${column} - ?`, ms);
  });
  await evictDurableObject(object());
}

describe("drift that stays", () => {
  test("opens one incident for all of it when it is too old, and not another one", async () => {
    const more = [policy({ maxAge: "1m" }), webhook("drift", { default: true, events: ["drift.overdue"] })];
    await declare(await reportingFleet([pair.blue, pair.other], { more }));
    await report(pair.blue, { imageDigest: OTHER_IMAGE });
    await report(pair.other, { imageDigest: OTHER_IMAGE });
    await driftOf();
    await runDurableObjectAlarm(object());
    expect((await get("/v1/incidents")).body.incidents).toEqual([]);

    await turnBack("drift", "first_seen_ms", 60_000);
    await runDurableObjectAlarm(object());
    const { incidents } = (await get("/v1/incidents")).body;
    expect(incidents).toMatchObject([
      {
        ...{ severity: 3, openedBy: "fairlead", title: "Drift for too long: eu-west-blue, us-east-blue" },
        cause: { kind: "drift", drift: ["declared/eu-west-blue/imageDigest", "declared/us-east-blue/imageDigest"] },
      },
    ]);
    await runDurableObjectAlarm(object());
    await evictDurableObject(object());
    await runDurableObjectAlarm(object());
    expect((await get("/v1/incidents")).body.incidents).toHaveLength(1);
    const told = await stored<{ event: string }>("SELECT event FROM events");
    expect(told.map(({ event }) => JSON.parse(event))).toMatchObject([
      {
        type: "drift.overdue",
        summary: expect.stringMatching(/^Drift for too long in eu-west-blue, us-east-blue: /),
        data: { clusters: ["eu-west-blue", "us-east-blue"], drift: [expect.any(String), expect.any(String)] },
      },
    ]);
    const { entries } = (await get("/v1/audit")).body;
    expect(entries[0].leaf).toMatchObject({ action: "fairlead.incident", outcome: "done" });
  });

  test("is noticed without anybody asking", async () => {
    await declare(await reportingFleet([pair.blue, pair.other]));
    await report(pair.blue, { imageDigest: OTHER_IMAGE });
    const kept = () =>
      runInDurableObject(object(), (_, state) => state.storage.sql.exec("SELECT drift_key FROM drift").toArray());
    await vi.waitFor(async () => expect(await kept()).toHaveLength(2), { timeout: 5_000, interval: 100 });
  });
});

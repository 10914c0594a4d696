/** Webhooks against a real receiver, which believes nobody but the public library. */
import { evictDurableObject, reset } from "cloudflare:test";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { ATTEMPTS_MAX } from "../../../admin/core/webhooks/retry.ts";
import { alertObject, applyFleet, look, receivedBy, receiver, stored, webhook } from "./alert-support.ts";
import { DAY_MS, HOUR_MS, leaves, passTime, stopTime } from "./fleet-object.ts";
import { get, send } from "./support.ts";

// Ten attempts are ten rounds of the alarm, and the machine does other things meanwhile.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => {
  vi.spyOn(console, "log").mockReturnValue();
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

const why = { reason: "test" };
const OTHER_SECRET = `whsec_${"QUFB".repeat(8)}`;

/** Sets a secret, and answers its value. */
async function secretOf(name: string, body: object = {}): Promise<string> {
  const { status, body: answer } = await send("POST", `/v1/webhooks/${name}/secret`, { ...why, ...body });
  expect(status).toBe(200);
  return answer.value;
}

async function sendTest(name: string) {
  const { status, body } = await send("POST", `/v1/webhooks/${name}/test`, why);
  expect(status).toBe(200);
  return body;
}

async function deliveries(query = "") {
  return (await get(`/v1/webhooks/deliveries${query}`)).body.deliveries;
}

describe("signatures", () => {
  test("a message verifies, and tampering with any part of it shows", async () => {
    await applyFleet(webhook("good", { default: true }));
    const secret = await secretOf("good");
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    await receiver("good", { secret });
    expect(await sendTest("good")).toMatchObject({ state: "delivered", attempts: 1, type: "webhook.test" });

    const [message] = await receivedBy("good");
    const { headers = {}, body = "" } = message ?? {};
    const verify = (changed: object, text = body) => new Webhook(secret).verify(text, { ...headers, ...changed });
    expect(verify({})).toMatchObject({ type: "webhook.test", data: { webhook: "good", by: "token", reason: "test" } });
    expect(() => verify({}, body.replace("test", "tset"))).toThrow("No matching signature");
    expect(() => verify({ "webhook-id": "msg_other" })).toThrow("No matching signature");
    expect(() => verify({ "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 1) })).toThrow();
    expect(() => new Webhook(OTHER_SECRET).verify(body, headers)).toThrow("No matching signature");
    expect(headers).toMatchObject({ "content-type": "application/json", "user-agent": "fairlead-webhooks/1" });
  });

  test("who has another secret refuses it, and it is tried again", async () => {
    await applyFleet(webhook("wrong"));
    await secretOf("wrong");
    await receiver("wrong", { secret: OTHER_SECRET });
    expect(await sendTest("wrong")).toMatchObject({ state: "pending", attempts: 1, error: "It answered 401." });
  });

  test("while a secret changes both sign; afterwards the new one alone", async () => {
    await applyFleet(webhook("turning"));
    const first = await secretOf("turning");
    const second = await secretOf("turning", { overlap: "1h" });
    for (const secret of [first, second]) {
      await receiver("turning", { secret });
      expect(await sendTest("turning")).toMatchObject({ state: "delivered" });
    }
    const [{ headers } = { headers: {} as Record<string, string> }] = await receivedBy("turning");
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    const [{ secret }] = (await get("/v1/webhooks")).body.webhooks;
    expect(secret).toEqual({
      name: "turning",
      active: [{ createdAtMs: expect.any(Number) }, { createdAtMs: expect.any(Number), endsAtMs: expect.any(Number) }],
    });

    const third = await secretOf("turning", { compromised: true });
    await receiver("turning", { secret: second });
    expect(await sendTest("turning")).toMatchObject({ state: "pending", error: "It answered 401." });
    await receiver("turning", { secret: third });
    expect(await sendTest("turning")).toMatchObject({ state: "delivered" });
  });

  test("the older of two ends by itself", async () => {
    stopTime();
    await applyFleet(webhook("ending"));
    const first = await secretOf("ending");
    await secretOf("ending", { overlap: "1h" });
    await receiver("ending");
    await sendTest("ending");
    passTime(HOUR_MS);
    await sendTest("ending");
    const [before, after] = await receivedBy("ending");
    expect(
      new Webhook(first).verify(before?.body ?? "", { ...before?.headers, ...atNow(before?.headers) }),
    ).toBeDefined();
    expect(after?.headers["webhook-signature"]?.split(" ")).toHaveLength(1);
    expect(await stored("SELECT * FROM webhook_secrets")).toHaveLength(1);

    function atNow(headers: Readonly<Record<string, string>> = {}) {
      // The library goes by the clock, which has been turned on meanwhile.
      vi.setSystemTime(Number(headers["webhook-timestamp"]) * 1_000);
      return {};
    }
  });

  test("several webhooks may share a secret by its name; what waits for one is sent when it is there", async () => {
    stopTime();
    await applyFleet(webhook("one", { secret: "team" }), webhook("two", { secret: "team" }));
    await receiver("one");
    await receiver("two");
    expect(await sendTest("one")).toMatchObject({ state: "pending", error: "Its secret is not set." });
    expect(await sendTest("two")).toMatchObject({ state: "pending", attempts: 1 });
    expect(await receivedBy("one")).toEqual([]);
    await secretOf("two");
    await look();
    expect((await deliveries()).map(({ state }: { state: string }) => state)).toEqual(["delivered", "delivered"]);
  });
});

describe("deliveries", () => {
  test("after a 500 it is tried again, under the same id and a new time", async () => {
    stopTime();
    await applyFleet(webhook("moody"));
    await secretOf("moody");
    await receiver("moody", { status: 500 });
    const { id, dueAtMs } = await sendTest("moody");
    expect(dueAtMs - Date.now()).toBeGreaterThanOrEqual(4_000);
    expect(dueAtMs - Date.now()).toBeLessThanOrEqual(6_000);
    await look();
    expect(await deliveries()).toMatchObject([{ id, state: "pending", attempts: 1, error: "It answered 500." }]);

    const [first] = await receivedBy("moody");
    await receiver("moody");
    passTime(6_000);
    await evictDurableObject(alertObject());
    await look();
    expect(await deliveries()).toMatchObject([{ id, state: "delivered", attempts: 2 }]);
    const [second] = await receivedBy("moody");
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    expect(Number(second?.headers["webhook-timestamp"]) - Number(first?.headers["webhook-timestamp"])).toBe(6);
  });

  test("after ten attempts it is a dead letter, and a replay begins anew", async () => {
    stopTime();
    await applyFleet(webhook("away"));
    await secretOf("away");
    await receiver("away", { status: 503 });
    const { id } = await sendTest("away");
    for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt += 1) {
      passTime(5 * HOUR_MS);
      await look();
    }
    passTime(DAY_MS);
    await look();
    expect(await receivedBy("away")).toHaveLength(ATTEMPTS_MAX);
    expect(await deliveries("?state=dead&webhook=away")).toMatchObject([{ id, attempts: ATTEMPTS_MAX, state: "dead" }]);
    expect((await get("/v1/webhooks")).body.webhooks[0].deliveries).toEqual({ pending: 0, delivered: 0, dead: 1 });

    await receiver("away");
    const replayed = await send("POST", `/v1/webhooks/deliveries/${id}/replay`, why);
    expect(replayed.body).toMatchObject({ id, state: "delivered", attempts: 1 });
    expect(await receivedBy("away")).toHaveLength(1);
    expect(await deliveries("?state=dead")).toEqual([]);
  });

  test("who is gone is not asked again", async () => {
    await applyFleet(webhook("gone"));
    await secretOf("gone");
    await receiver("gone", { status: 410 });
    expect(await sendTest("gone")).toMatchObject({ state: "dead", attempts: 1 });
  });

  test("who asks for time gets it", async () => {
    stopTime();
    await applyFleet(webhook("busy"));
    await secretOf("busy");
    await receiver("busy", { status: 429, retryAfter: "120" });
    const { dueAtMs, error } = await sendTest("busy");
    expect([dueAtMs - Date.now(), error]).toEqual([120_000, "It answered 429, to be asked again after 2m."]);
  });

  test("who does not answer in time is left, and redirects are not followed", async () => {
    await applyFleet(webhook("silent", { timeout: "200ms" }), webhook("moved"));
    await secretOf("silent");
    await secretOf("moved");
    await receiver("silent", { hang: true });
    expect(await sendTest("silent")).toMatchObject({ state: "pending", error: "It did not answer in time." });
    await receiver("elsewhere");
    await receiver("moved", { status: 307, location: `http://127.0.0.1:${inject("originPort")}/hooks/elsewhere` });
    expect(await sendTest("moved")).toMatchObject({ error: "It answered 307, and redirects are not followed." });
    expect(await receivedBy("elsewhere")).toEqual([]);
  });

  test("an answer without end is not waited for", async () => {
    await applyFleet(webhook("endless"));
    await secretOf("endless");
    await receiver("endless", { endless: true });
    expect(await sendTest("endless")).toMatchObject({ state: "delivered" });
  });

  test("a webhook that is gone from the fleet is not sent to", async () => {
    stopTime();
    await applyFleet(webhook("removed"), webhook("kept"));
    await secretOf("removed");
    await receiver("removed", { status: 500 });
    await sendTest("removed");
    await applyFleet(webhook("kept"));
    await receiver("removed");
    passTime(10_000);
    await look();
    expect(await receivedBy("removed")).toEqual([]);
    expect(await deliveries()).toMatchObject([{ state: "dead", error: "There is no such webhook any more." }]);
  });

  test("come in pages", async () => {
    await applyFleet(webhook("paged"));
    await secretOf("paged");
    await receiver("paged");
    for (let time = 0; time < 3; time += 1) await sendTest("paged");
    const first = await get("/v1/webhooks/deliveries?limit=2&webhook=paged");
    expect(first.body.deliveries).toHaveLength(2);
    expect(first.headers.get("link")).toBe(
      `</v1/webhooks/deliveries?webhook=paged&cursor=${first.body.nextCursor}&limit=2>; rel="next"`,
    );
    expect(await deliveries(`?limit=2&webhook=paged&cursor=${first.body.nextCursor}`)).toHaveLength(1);
    expect(await deliveries("?webhook=other")).toEqual([]);
  });
});

describe("Slack", () => {
  const url = `http://127.0.0.1:${inject("originPort")}/hooks/chat/services/{secret}`;

  test("gets a message at an address that no document holds", async () => {
    await applyFleet(webhook("chat", { url, format: "slack" }));
    await receiver("chat");
    expect(await sendTest("chat")).toMatchObject({ error: "Its secret is not set." });
    await send("POST", "/v1/webhooks/chat/secret", { secret: "T01/B02/abcDEF123", ...why });
    await sendTest("chat");
    const [message] = await receivedBy("chat");
    expect(message?.path).toBe("/hooks/chat/services/T01/B02/abcDEF123");
    expect(message?.headers).not.toHaveProperty("webhook-signature");
    expect(JSON.parse(message?.body ?? "")).toMatchObject({ text: "A test of the webhook chat." });
    expect(JSON.stringify((await get("/v1/webhooks")).body)).not.toContain("abcDEF");
  });

  // biome-ignore format: a table reads in columns
  const UNUSABLE = [
    // webhook       its secret
    ["chat",         undefined],
    ["chat",         "T01/../../admin"],
    ["chat",         "@evil.example"],
    ["plain",        "T01/B02/abcdef"],
    ["standard",     "T01/B02/abcdef"],
    ["standard",     "whsec_AAAA"],
  ] as const;

  test("a secret that cannot be used is refused, and not repeated", async () => {
    await applyFleet(
      webhook("chat", { url, format: "slack" }),
      webhook("plain", { url: url.replace("{secret}", "x"), format: "slack" }),
      webhook("standard"),
    );
    for (const [name, secret] of UNUSABLE) {
      const answer = await send("POST", `/v1/webhooks/${name}/secret`, secret === undefined ? why : { secret, ...why });
      expect([name, secret, answer.status, answer.body.code]).toEqual([name, secret, 422, "webhookSecretInvalid"]);
      expect(JSON.stringify(answer.body)).not.toContain(secret ?? "nothing");
    }
  });
});

describe("the audit log", () => {
  test("has a leaf of each write, and none holds a secret", async () => {
    await applyFleet(webhook("own"));
    await receiver("own");
    const value = await secretOf("own", { secret: OTHER_SECRET });
    expect(value).toBeUndefined();
    await sendTest("own");
    await send("POST", "/v1/webhooks/nobody/test", why);
    const [unknown, tested, set] = await leaves(3);
    expect(unknown).toMatchObject({ action: "webhook.test", outcome: "refused", problem: "webhookUnknown" });
    expect(tested).toMatchObject({ action: "webhook.test", outcome: "done", resource: "webhook/own", reason: "test" });
    expect(set).toMatchObject({ action: "webhook.secret", outcome: "done", resource: "webhook/own" });
    expect(JSON.stringify(await leaves())).not.toContain("QUFB");
  });
});

/** A secret from one version to the next, with the clusters that have to follow; and everything that must not be. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { DECLARED, declare, report, reportingFleet, reportingPair } from "./status-support.ts";
import { env, get, POLICY, send } from "./support.ts";

const pair = reportingPair();

beforeEach(async () => declare(await reportingFleet([pair.blue, pair.other])));

const has = (versions: readonly string[], active: string) => ({ secrets: [{ name: "session-key", versions, active }] });

async function both(versions: readonly string[], active: string): Promise<void> {
  await report(pair.blue, has(versions, active));
  await report(pair.other, has(versions, active));
}

const step = (verb: string, body: object = {}, query = "") =>
  send("POST", `/v1/secrets/session-key/${verb}${query}`, { reason: "the quarterly rotation", ...body });

async function sessionKey() {
  const { body } = await get("/v1/secrets");
  expect(body.secrets).toHaveLength(1);
  return body.secrets[0];
}

describe("a rotation", () => {
  test("goes step by step, each when the clusters are ready for it", async () => {
    await both(["v1"], "v1");
    expect(await step("rotate", { version: "v2", stage: "introduced" })).toMatchObject({
      status: 200,
      body: { outcome: { kind: "rotateSecret", secret: "session-key", from: "v1", to: "v2", stage: "introduced" } },
    });
    expect((await sessionKey()).rotation).toMatchObject({
      state: "introduced",
      waitsOn: [
        { cluster: "eu-west-blue", region: "eu-west", because: "lacks" },
        { cluster: "us-east-blue", region: "us-east", because: "lacks" },
      ],
    });

    await report(pair.blue, has(["v1", "v2"], "v1"));
    const early = await step("rotate", { version: "v2" });
    expect(early).toMatchObject({ status: 409, body: { code: "ruleDenied" } });
    expect(early.body.detail).toContain("us-east has not got it (us-east-blue)");
    expect(early.body.detail).not.toContain("eu-west");
    expect(early.body.verdicts.find(({ outcome }: { outcome: string }) => outcome === "deny")).toMatchObject({
      rule: "secretPresence",
      numbers: { secrets: ["session-key"], versions: ["v2"], regions: ["us-east"], clusters: ["us-east-blue"] },
    });

    await report(pair.other, has(["v1", "v2"], "v1"));
    expect((await sessionKey()).rotation).toMatchObject({ state: "everywherePresent", waitsOn: [] });
    expect((await step("rotate")).body.outcome).toMatchObject({ stage: "active" });

    await report(pair.blue, has(["v1", "v2"], "v2"));
    expect(await sessionKey()).toMatchObject({
      wanted: ["v2"],
      versions: [
        { version: "v1", usedBy: ["us-east-blue"], readBy: ["eu-west-blue", "us-east-blue"] },
        { version: "v2", usedBy: ["eu-west-blue"], readBy: ["eu-west-blue", "us-east-blue"] },
      ],
      rotation: { state: "active", waitsOn: [{ cluster: "us-east-blue", because: "uses" }] },
    });
    const inUse = await step("revoke");
    expect(inUse).toMatchObject({ status: 409, body: { code: "ruleDenied" } });
    expect(inUse.body.detail).toContain("us-east still uses it (us-east-blue)");

    await report(pair.other, has(["v1", "v2"], "v2"));
    expect((await sessionKey()).rotation).toMatchObject({ state: "oldUnused" });
    expect((await step("revoke")).body.outcome).toMatchObject({ from: "v1", to: "v2", stage: "revoked" });
    expect((await sessionKey()).rotation).toMatchObject({
      state: "revoked",
      waitsOn: [{ because: "reads" }, { because: "reads" }],
    });
    // Who can still read what is revoked has not been cleaned up.
    expect((await get("/v1/drift")).body.drift).toMatchObject([{ field: "secrets" }, { field: "secrets" }]);
    await both(["v2"], "v2");
    expect((await get("/v1/drift")).body.total).toBe(0);

    // Documents catch up, and the rotation is over.
    const reports = { ...DECLARED, secrets: [{ name: "session-key", version: "v2" }] };
    const { body } = await send("PUT", "/v1/fleet", {
      documents: await reportingFleet([pair.blue, pair.other], { reports }),
    });
    expect(body.outcome.overlaysCleared).toEqual(["secretRotation/session-key"]);
    expect(await sessionKey()).not.toHaveProperty("rotation");
    expect((await get("/v1/drift")).body.total).toBe(0);
  }, 20_000);

  test("without a word from a cluster is refused, with its region named", async () => {
    await report(pair.blue, has(["v1", "v2"], "v1"));
    const { status, body } = await step("rotate", { version: "v2" });
    expect(status).toBe(409);
    expect(body.detail).toContain("us-east does not report (us-east-blue)");
  });

  test("is refused while nobody can say what clusters report", async () => {
    await both(["v1", "v2"], "v1");
    await send("POST", "/v1/development/fail", { object: "status", failing: true });
    const { status, body } = await step("rotate", { version: "v2" });
    expect({ status, detail: body.detail }).toEqual({
      status: 409,
      detail: expect.stringContaining("cannot be read at the moment"),
    });
    await send("POST", "/v1/development/fail", { object: "status", failing: false });
  });

  test("is planned, audited and held to roles and freezes like every change", async () => {
    await both(["v1", "v2"], "v1");
    const planned = await step("rotate", { version: "v2" }, "?dryRun=true");
    expect(planned.body.plan.diff.overlays).toMatchObject([{ kind: "added", overlay: "secretRotation/session-key" }]);
    expect((await sessionKey()).wanted).toEqual(["v1"]);
    await send("POST", "/v1/freezes", { name: "holidays", reason: "nobody is there" });
    expect(await step("rotate", { version: "v2" })).toMatchObject({ status: 409, body: { code: "ruleDenied" } });
    await send("POST", "/v1/freezes/holidays/lift", { reason: "back again" });
    expect((await step("rotate", { version: "v2" })).status).toBe(200);
    const { entries } = (await get("/v1/audit")).body;
    expect(entries[0].leaf).toMatchObject({
      action: "secret.rotate",
      resource: "secret/session-key",
      outcome: "committed",
    });
  });
});

test("a batch marks, introduces and shows it in one revision, and a plan of what is next is simulated", async () => {
  await both(["v1", "v2"], "v1");
  const secret = { secret: "session-key", reason: "it was in a public log" };
  const mutations = [
    { kind: "compromiseSecret", ...secret },
    { kind: "rotateSecret", version: "v2", stage: "introduced", ...secret },
  ];
  expect((await send("POST", "/v1/batch", { mutations, reason: "all at once" })).status).toBe(200);
  const rotation = { from: "v1", to: "v2", stage: "introduced", compromised: true };
  expect((await get("/v1/fleet")).body.overlays).toMatchObject([{ kind: "secretRotation", ...rotation }]);
  const next = { mutations: [{ kind: "revokeSecret", ...secret }] };
  const { body } = await send("POST", "/v1/simulate", next);
  expect(body.diff.overlays).toMatchObject([{ kind: "changed", after: { ...rotation, stage: "revoked" } }]);
  expect((await sessionKey()).rotation).toMatchObject(rotation);
});

describe("a compromised version", () => {
  test("opens an incident, and is rotated away whatever is frozen, as soon as the next one is everywhere", async () => {
    await both(["v1"], "v1");
    await send("POST", "/v1/freezes", { name: "holidays", reason: "nobody is there" });
    expect((await step("compromised")).body.outcome).toMatchObject({
      from: "v1",
      stage: "introduced",
      compromised: true,
    });
    expect((await get("/v1/incidents")).body.incidents).toMatchObject([
      {
        severity: 3,
        title: "The secret session-key is compromised",
        cause: { kind: "compromised", secret: "session-key" },
      },
    ]);
    expect((await step("revoke")).status).toBe(422); // there is nothing yet that could take its place
    expect((await step("rotate", { version: "v2", stage: "introduced" })).body.outcome).toMatchObject({
      to: "v2",
      compromised: true,
    });
    await report(pair.blue, has(["v1", "v2"], "v1"));
    expect((await step("revoke")).body).toMatchObject({ code: "ruleDenied" });
    await report(pair.other, has(["v1", "v2"], "v1"));
    const { status, body } = await step("revoke");
    expect({ status, outcome: body.outcome }).toMatchObject({ status: 200, outcome: { stage: "revoked" } });
    expect(body.verdicts.find(({ rule }: { rule: string }) => rule === "secretUse")).toMatchObject({ outcome: "warn" });
    expect((await get("/v1/drift")).body.drift[0].sentence).toContain("is revoked");
  }, 20_000);
});

describe("what is no version id", () => {
  test.each([
    ["a key of a provider", "sk_live_51H8xYzQ2mNvB7cD9eF"],
    ["random bytes", "kJ8dQ2xV9mN4bT7wY3cZ6pL1sR5gH0aF"],
    ["a password", "hunter2!&correct"],
    ["a long text", "v".repeat(65)],
  ])("%s is refused and not repeated", async (_, version) => {
    const { status, body } = await step("rotate", { version });
    expect({ status, code: body.code }).toEqual({ status: 422, code: "bodyInvalid" });
    expect(body.errors[0].detail).toMatch(/never the value|looks like the value/);
    expect(JSON.stringify([body, (await get("/v1/audit")).body])).not.toContain(version);
  });

  test("not in documents either", async () => {
    const version = "kJ8dQ2xV9mN4bT7wY3cZ6pL1sR5gH0aF";
    const reports = { ...DECLARED, secrets: [{ name: "session-key", version }] };
    const { status, body } = await send("PUT", "/v1/fleet", {
      documents: await reportingFleet([pair.blue, pair.other], { reports }),
    });
    expect(status).toBe(422);
    expect(body.errors[0].detail).toContain("looks like the value of a secret");
    expect(JSON.stringify(body)).not.toContain(version);
  });
});

describe("GET /v1/secrets", () => {
  test("warns when a version has been in use for four fifths of what it may", async () => {
    const policy = { ...POLICY, spec: { ...POLICY.spec, secrets: { maxAge: "10d" } } };
    await declare(await reportingFleet([pair.blue, pair.other], { more: [policy] }));
    expect((await sessionKey()).age).toEqual({ state: "unknown" });
    await both(["v1"], "v1");
    expect((await sessionKey()).age).toMatchObject({ state: "fine", ageMsMax: 10 * 86_400_000 });
    for (const [days, state] of [
      [8, "due"],
      [2, "overdue"],
    ] as const) {
      await runInDurableObject(env.STATUS.getByName("demo"), (_, { storage }) => {
        storage.sql.exec("UPDATE secret_uses SET first_seen_ms = first_seen_ms - ?", days * 86_400_000);
      });
      await evictDurableObject(env.STATUS.getByName("demo"));
      expect((await sessionKey()).age).toMatchObject({ state });
    }
  });

  test("a secret that nobody has is unknown, with the nearest that there is", async () => {
    const { status, body } = await send("POST", "/v1/secrets/sesion-key/rotate", { version: "v2", reason: "a slip" });
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: "secretUnknown", errors: [{ didYouMean: "session-key" }] });
  });
});

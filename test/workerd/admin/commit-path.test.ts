/** Preconditions, idempotency keys and plans: what every change has in common, whatever it changes. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { Description } from "../../contract/description.ts";
import { examplesOf } from "../../contract/examples.ts";
import {
  DAY_MS,
  evict,
  lastLeaf,
  leaves,
  MINUTE_MS,
  passTime,
  quietInStoppedTime,
  ringAlarm,
  storedRows,
} from "./fleet-object.ts";
import { type Answer, as, ask, env, get, send, smallFleet, TOKEN } from "./support.ts";

quietInStoppedTime();

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: smallFleet() });
});

const SHIFT = { route: "web", rule: "europe", weights: { "eu-west": 50 }, reason: "canary" };

const shift = (weight: number, headers: Readonly<Record<string, string>> = {}) =>
  send("PATCH", "/v1/weights", { ...SHIFT, weights: { "eu-west": weight } }, headers);

async function etag(): Promise<string> {
  return (await get("/v1/fleet")).headers.get("etag") ?? "";
}

async function revision(): Promise<number> {
  return (await get("/v1/fleet")).body.revision;
}

describe("If-Match", () => {
  test("is asked for by every change that the description has, and without it nothing is done", async () => {
    const description: Description = (await ask("/openapi.json")).body;
    const changes = examplesOf(description).filter(({ operation: { parameters = [] } }) =>
      parameters.some((parameter) => parameter.in === "header" && parameter.name === "if-match"),
    );
    expect(changes.length).toBeGreaterThan(13);
    const before = await storedRows();
    for (const { name, exchange } of changes) {
      const { method, target, body } = exchange.request;
      const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
      const sent = body.kind === "bytes" ? atob(body.base64) : "";
      const answer = await ask(target, { method, headers, body: sent });
      expect([answer.status, answer.body.code], name).toEqual([428, "preconditionRequired"]);
    }
    expect(await storedRows()).toEqual(before);
    const noted = await leaves(changes.length);
    expect(noted.map(({ outcome, problem }: Record<string, string>) => `${outcome} ${problem}`)).toEqual(
      changes.map(() => "refused preconditionRequired"),
    );
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // If-Match                                  status
    [(tag: string) => tag,                       200],
    [(tag: string) => `"other", ${tag}`,         200],
    [(tag: string) => `W/"other",${tag}`,        200],
    [() => "*",                                  200],
    [() => " * ",                                200],
    [(tag: string) => `W/${tag}`,                412],
    [(tag: string) => tag.replaceAll('"', ""),   412],
    [(tag: string) => tag.toUpperCase(),         412],
    [() => '"other"',                            412],
    [() => '"*"',                                412],
  ])("%s answers %i", async (field, status) => {
    const current = await etag();
    const answer = await shift(50, { "if-match": field(current) });
    expect([answer.status, answer.body.revision]).toEqual([status, status === 200 ? 2 : 1]);
    if (status === 200) return;
    expect(answer.body).toMatchObject({ code: "preconditionFailed", etag: current });
    expect(answer.headers.get("etag")).toBe(current);
    // Of a state that nobody has ever seen there is nothing to tell.
    expect(answer.body).not.toHaveProperty("changes");
    expect(await lastLeaf()).toMatchObject({ outcome: "refused", problem: "preconditionFailed", before: { revision: 1 } });
  });

  test("of a past state is answered with what has changed since, and who changed it", async () => {
    const seen = await etag();
    await shift(50, as("operator"));
    await send("POST", "/v1/regions/us-east/drain", { reason: "flaky switch" }, as("responder"));
    const [first] = smallFleet().slice(3);
    await send("PUT", "/v1/fleet", {
      documents: smallFleet().map((document) => (isSame(document, first) ? withWeight(document, 70) : document)),
      reason: "smaller",
    });

    const stale = await shift(10, { "if-match": seen });
    expect(stale.status).toBe(412);
    expect(stale.body.changes).toEqual({
      documents: [
        { kind: "changed", document: "Cluster/eu-west-blue", path: ["spec", "weight"], before: 100, after: 70 },
      ],
      overlays: [
        { kind: "added", overlay: "regionDrain/us-east", after: expect.objectContaining({ author: "responder" }) },
        { kind: "added", overlay: "weightShift/web/europe", after: expect.objectContaining({ author: "operator" }) },
      ],
    });
    expect(stale.body.revisions).toMatchObject([
      { revision: 4, kind: "apply", author: "token", reason: "smaller", createdAtMs: Date.now() },
      { revision: 3, kind: "drain", author: "responder", reason: "flaky switch" },
      { revision: 2, kind: "shiftWeights", author: "operator", reason: "canary" },
    ]);
    expect(stale.body.detail).toContain("Since revision 1, 3 changes came from token, responder, operator.");
    const current = await etag();
    expect([stale.body.etag, stale.headers.get("etag"), stale.body.revision]).toEqual([current, current, 4]);
    expect((await shift(10, { "if-match": stale.body.etag })).status).toBe(200);
  });
});

describe("Idempotency-Key", () => {
  const key = { "idempotency-key": "deploy-1842" };

  test("gives the first answer again, also after an eviction and on a state that has moved on", async () => {
    const seen = await etag();
    const first = await shift(50, { ...key, "if-match": seen });
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    await shift(20, as("operator"));
    await evict();

    const again = await shift(50, { "idempotency-key": '"deploy-1842"', "if-match": seen });
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([200, "true"]);
    expect(stored(again)).toEqual(stored(first));
    expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 3, overlays: [{ weights: { "eu-west": 20 } }] });
    expect(await lastLeaf()).toMatchObject({ outcome: "replayed", action: "weights.shift", name: "token" });
  });

  test("is also good for an answer that nothing was to be changed", async () => {
    const first = await shift(90, key);
    await shift(20);
    const again = await shift(90, key);
    expect(stored(again)).toEqual(stored(first));
    expect(again.body).toMatchObject({ revision: 1, changed: false });
    expect(await revision()).toBe(2);
  });

  test.each([
    ["the same kind", () => shift(51, key)],
    ["another kind", () => send("POST", "/v1/regions/eu-west/drain", { reason: "canary" }, key)],
  ])("of another request is refused: %s", async (_, other) => {
    await shift(50, key);
    const answer = await other();
    expect([answer.status, answer.body.code]).toEqual([422, "idempotencyMismatch"]);
    expect(await revision()).toBe(2);
    expect(await lastLeaf()).toMatchObject({ outcome: "refused", problem: "idempotencyMismatch" });
  });

  test("of another principal is another key", async () => {
    await shift(50, key);
    const theirs = await shift(20, { ...key, ...as("operator") });
    expect(theirs).toMatchObject({ status: 200, body: { revision: 3, changed: true } });
    expect(theirs.headers.get("idempotency-replayed")).toBeNull();
  });

  test("is forgotten after a day", async () => {
    await shift(50, key);
    passTime(DAY_MS - 1);
    expect((await shift(50, key)).headers.get("idempotency-replayed")).toBe("true");
    passTime(1);
    const late = await shift(60, key);
    expect(late.body).toMatchObject({ revision: 3, changed: true });
    passTime(DAY_MS + 1);
    await ringAlarm();
    expect((await storedRows()).idempotency).toEqual([]);
  });

  test("of a request that is still being worked on is refused, and good afterwards", async () => {
    passTime(MINUTE_MS); // What is known of health is too old, so that the prober is asked, who does not answer at once.
    const prober = env.PROBER.getByName(env.ENVIRONMENT);
    const busy = runInDurableObject(prober, (_, state) => state.blockConcurrencyWhile(() => scheduler.wait(150)));
    const answers = await Promise.all([shift(50, key), shift(50, key)]);
    await busy;
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const running = answers.find(({ status }) => status === 409);
    expect([running?.body.code, running?.headers.get("retry-after")]).toEqual(["idempotencyRunning", "1"]);
    expect((await shift(50, key)).headers.get("idempotency-replayed")).toBe("true");
    expect(await revision()).toBe(2);
    const outcomes = (await leaves(3)).map(({ outcome }: { readonly outcome: string }) => outcome);
    expect(outcomes.toSorted()).toEqual(["committed", "refused", "replayed"]);
  });

  test("of a request that was refused or only planned is free", async () => {
    expect((await shift(50, { ...key, "if-match": '"stale"' })).status).toBe(412);
    expect((await send("PATCH", "/v1/weights", { ...SHIFT, rule: "asia" }, key)).status).toBe(422);
    expect((await send("PATCH", "/v1/weights?dryRun=true", SHIFT, key)).status).toBe(200);
    const done = await shift(60, key);
    expect(done.body).toMatchObject({ revision: 2, changed: true });
    expect(done.headers.get("idempotency-replayed")).toBeNull();
    // And the plan of something else is not what the key was for.
    expect((await send("PATCH", "/v1/weights?dryRun=true", SHIFT, key)).body).toMatchObject({ dryRun: true });
  });

  test("is of visible characters, and with one that is not nothing is done", async () => {
    for (const malformed of ['""', "a b", 'a"b', "a\\b", "x".repeat(256)]) {
      const answer = await shift(50, { "idempotency-key": malformed });
      expect([answer.status, answer.body.code], malformed).toEqual([400, "parameterInvalid"]);
      expect(answer.body.errors).toMatchObject([{ pointer: "/idempotency-key", code: "header.idempotencyKey" }]);
    }
    expect(await revision()).toBe(1);
    for (const [index, field] of ["a", `"${"x".repeat(255)}"`, "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"].entries()) {
      const headers = { "idempotency-key": field };
      expect((await shift(50 + index, headers)).status, field).toBe(200);
      expect((await shift(50 + index, headers)).headers.get("idempotency-replayed"), field).toBe("true");
    }
  });
});

describe("a plan", () => {
  const plan = async (body: object = SHIFT) => (await send("PATCH", "/v1/weights?dryRun=true", body)).body.plan;

  test.each([
    ["PUT", "/v1/fleet", { documents: smallFleet().slice(0, 6), reason: "x" }],
    ["PATCH", "/v1/weights", SHIFT],
    ["POST", "/v1/regions/eu-west/drain", { reason: "x" }],
    ["POST", "/v1/freezes", { name: "quiet", reason: "x" }],
    ["POST", "/v1/overrides", { name: "glass", rules: ["stepMax"], reason: "x" }],
    ["POST", "/v1/revisions/1/restore", { reason: "x" }],
    ["POST", "/v1/batch", { mutations: [{ kind: "shiftWeights", ...SHIFT }], reason: "x" }],
  ])("stores nothing but a leaf: %s %s", async (method, path, body) => {
    const before = await storedRows();
    const answer = await send(method, `${path}?dryRun=true`, body);
    expect(answer.body).toMatchObject({ revision: 1, dryRun: true, etag: await etag() });
    expect(answer.body.plan.base).toEqual({ revision: 1, digest: answer.body.etag.replaceAll('"', "") });
    expect(await storedRows()).toEqual(before);
    expect(await lastLeaf()).toMatchObject({ index: answer.body.audit.index, outcome: "planned" });
    expect(await leaves()).toHaveLength(2);
  });

  test("says everything that can be said beforehand", async () => {
    const { body } = await send("PATCH", "/v1/weights?dryRun=true", SHIFT);
    expect(body.plan).toMatchObject({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      diff: { documents: [], overlays: [{ kind: "added", overlay: "weightShift/web/europe" }] },
      before: { regions: [{ region: "eu-west" }, { region: "us-east" }], unservedBps: 0 },
      after: { clusters: [{ cluster: "eu-west-blue" }, { cluster: "us-east-blue" }], unservedBps: 0 },
      failures: { single: { regions: [expect.any(String)], unservedBps: 0, stranded: [], overCapacity: [] } },
      approvals: { required: 0, because: [] },
      warnings: expect.any(Array),
      replay: { source: "recorded", requests: 0, changed: 0, changes: [] },
    });
    const shareOf = (side: "before" | "after") => body.plan[side].regions[0].shareBps;
    expect(shareOf("before")).toBeGreaterThan(shareOf("after"));
    expect(body.plan.moved.regionBps).toBeGreaterThan(0);
    const german = (side: "before" | "after") =>
      body.plan[side].countries.find(({ country }: { readonly country: string }) => country === "DE").regions;
    expect([german("before"), german("after")]).toEqual([
      { "eu-west": 9_000, "us-east": 1_000 },
      { "eu-west": 8_333, "us-east": 1_667 },
    ]);
    const rules = body.plan.verdicts.map(({ rule }: { readonly rule: string }) => rule);
    expect(rules).toEqual(expect.arrayContaining(["acceptingRegions", "capacity", "stepMax", "freeze", "removal"]));
  });

  test("is kept to by the commit that carries its digest, bare or as a tag", async () => {
    const { digest } = await plan();
    expect((await shift(50, { "fairlead-plan": digest })).body).toMatchObject({ revision: 2, changed: true });
    const { digest: next } = await plan({ ...SHIFT, weights: { "eu-west": 60 } });
    expect((await shift(60, { "fairlead-plan": `"${next}"` })).body).toMatchObject({ revision: 3, changed: true });
  });

  test("is stale once somebody else has changed something, and the new one is told", async () => {
    const { digest } = await plan();
    await send("POST", "/v1/regions/us-east/drain", { reason: "flaky switch" }, as("responder"));
    const answer = await shift(50, { "fairlead-plan": digest });
    expect([answer.status, answer.body.code]).toEqual([409, "planStale"]);
    expect(await lastLeaf()).toMatchObject({ outcome: "refused", problem: "planStale" });
    expect(await revision()).toBe(2);
    expect(answer.body.plan.digest).not.toBe(digest);
    expect((await shift(50, { "fairlead-plan": answer.body.plan.digest })).body.revision).toBe(3);
  });

  test.each([["no digest"], ["0".repeat(64)], [`W/"${"0".repeat(64)}"`]])("called %s is of nothing", async (field) => {
    const answer = await shift(50, { "fairlead-plan": field });
    expect([answer.status, answer.body.code]).toEqual([409, "planStale"]);
    expect(await revision()).toBe(1);
  });

  test("is not the plan of another change", async () => {
    const { digest } = await plan();
    expect((await shift(51, { "fairlead-plan": digest })).body.code).toBe("planStale");
    expect((await send("PATCH", "/v1/weights", { ...SHIFT, reason: "x" }, { "fairlead-plan": digest })).status).toBe(
      409,
    );
    expect(await revision()).toBe(1);
  });
});

/** What is kept of an answer; how far the revision has travelled is told as it is now. */
function stored({ body }: Answer): object {
  const { published: _, carriers: __, ...kept } = body;
  return kept;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function withWeight(document: unknown, weight: number): object {
  const { spec, ...rest } = document as { readonly spec: object };
  return { ...rest, spec: { ...spec, weight } };
}

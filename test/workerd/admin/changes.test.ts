import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FleetObject } from "../../../admin/objects/fleet-object.ts";
import { SNAPSHOT_KV_KEY } from "../../../config/beacon.ts";
import { env, get, ROUTE, send, smallFleet } from "./support.ts";

const fleet = () => env.FLEET.getByName("demo");

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: smallFleet() });
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

const shift = (weights: Record<string, number>, rest: Record<string, unknown> = {}) =>
  send("PATCH", "/v1/weights", { route: "web", rule: "europe", weights, reason: "canary", ...rest });

describe("weights", () => {
  test("named regions get the new weight, the others keep theirs, and exact shares are told", async () => {
    const { status, body } = await shift({ "eu-west": 20 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ revision: 2, changed: true, published: false });
    expect(body.outcome.before).toEqual([
      { region: "eu-west", weight: 90, shareBps: 9_000 },
      { region: "us-east", weight: 10, shareBps: 1_000 },
    ]);
    expect(body.outcome.after).toEqual([
      { region: "eu-west", weight: 20, shareBps: 6_667 },
      { region: "us-east", weight: 10, shareBps: 3_333 },
    ]);
  });

  test("a second shift builds on the first, and a shift back to what is declared ends the overlay", async () => {
    await shift({ "eu-west": 20 });
    const second = await shift({ "us-east": 0 });
    expect(second.body.outcome.after).toMatchObject([{ weight: 20 }, { weight: 0, shareBps: 0 }]);
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([
      { kind: "weightShift", weights: { "eu-west": 20, "us-east": 0 }, author: "token", reason: "canary" },
    ]);
    await shift({ "eu-west": 90, "us-east": 10 });
    expect((await get("/v1/fleet")).body.overlays).toEqual([]);
  });

  test("the same weights again change nothing", async () => {
    await shift({ "eu-west": 20 });
    expect((await shift({ "eu-west": 20 })).body).toMatchObject({ revision: 2, changed: false });
  });

  test.each([
    // body                                                code              pointer             did you mean
    [{ weights: { "eu-wset": 1 } }, "region.unknown", "/weights/eu-wset", "eu-west"],
    [{ route: "wbe" }, "route.unknown", "/route", "web"],
    [{ rule: "eurpoe" }, "rule.unknown", "/rule", "europe"],
    [{ rule: "default" }, "weights.proximity", "/rule", undefined],
    [{ weights: { "eu-west": 0, "us-east": 0 } }, "weights.sumZero", "/weights", undefined],
  ])("%j is refused as %s", async (change, code, pointer, didYouMean) => {
    const answer = await shift({ "eu-west": 1 }, change);
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("weightsInvalid");
    expect(answer.body.errors).toEqual([
      { code, pointer, detail: expect.any(String), ...(didYouMean === undefined ? {} : { didYouMean }) },
    ]);
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });

  test("a new set of documents keeps the live shift, unless its rule is gone", async () => {
    await shift({ "eu-west": 20 });
    const documents = smallFleet();
    documents[5] = { ...ROUTE, spec: { ...ROUTE.spec, failover: { order: "none" } } };
    const kept = await send("PUT", "/v1/fleet", { documents });
    expect(kept.body.outcome).toMatchObject({ overlaysKept: ["weightShift/web/europe"], overlaysCleared: [] });
    documents[5] = { ...ROUTE, spec: { ...ROUTE.spec, steering: [] } };
    const cleared = await send("PUT", "/v1/fleet", { documents });
    expect(cleared.body.outcome).toMatchObject({ overlaysKept: [], overlaysCleared: ["weightShift/web/europe"] });
  });
});

describe("drains", () => {
  test("a region drains gracefully for four hours unless told otherwise", async () => {
    const nowMs = Date.now();
    const { body } = await send("POST", "/v1/regions/eu-west/drain", { reason: "maintenance", ticket: "OPS-7" });
    expect(body).toMatchObject({ revision: 2, changed: true });
    expect(body.outcome).toMatchObject({ kind: "drain", mode: "graceful" });
    expect(body.outcome.deadlineMs - nowMs).toBeLessThan(15 * 60_000 + 5_000);
    expect(body.outcome.expiresAtMs - nowMs).toBeGreaterThanOrEqual(4 * 3_600_000);
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([
      { kind: "regionDrain", region: "eu-west", reason: "maintenance", ticket: "OPS-7", author: "token" },
    ]);
    expect(await decidedRegion()).toBe("us-east");
  });

  test("a second drain takes the place of the first, an undrain ends it, and again changes nothing", async () => {
    await send("POST", "/v1/clusters/eu-west-blue/drain", { reason: "one", expiresIn: "1h" });
    await send("POST", "/v1/clusters/eu-west-blue/drain", { reason: "two", mode: "immediate", expiresIn: "2h" });
    const { overlays } = (await get("/v1/fleet")).body;
    expect(overlays).toMatchObject([{ kind: "clusterDrain", reason: "two", mode: "immediate" }]);
    expect(overlays[0]).not.toHaveProperty("deadlineMs");
    const ended = await send("POST", "/v1/clusters/eu-west-blue/undrain", { reason: "done" });
    expect(ended.body).toMatchObject({ revision: 4, changed: true });
    const again = await send("POST", "/v1/clusters/eu-west-blue/undrain", { reason: "done" });
    expect(again).toMatchObject({ status: 200, body: { revision: 4, changed: false } });
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([
      { kind: "clusterReturn", cluster: "eu-west-blue", reason: "done", author: "token" },
    ]);
    // Traffic comes back ramped; an hour later it is all there.
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ["Date"] });
    expect(await decidedRegion()).toBe("eu-west");
  });

  test("a drain takes the place of what was on its way back", async () => {
    await send("POST", "/v1/regions/eu-west/drain", { reason: "one" });
    await send("POST", "/v1/regions/eu-west/undrain", { reason: "two" });
    await send("POST", "/v1/regions/eu-west/drain", { reason: "three" });
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([{ kind: "regionDrain", reason: "three" }]);
  });

  test("a return is dropped with the next drain, once the longest ramp is over", async () => {
    await send("POST", "/v1/regions/eu-west/drain", { reason: "one" });
    await send("POST", "/v1/regions/eu-west/undrain", { reason: "two" });
    vi.useFakeTimers({ now: Date.now() + 2 * 3_600_000, toFake: ["Date"] });
    await send("POST", "/v1/regions/us-east/drain", { reason: "three" });
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([{ kind: "regionDrain", region: "us-east" }]);
  });

  test("the last region that takes new clients cannot be drained", async () => {
    await send("POST", "/v1/regions/eu-west/drain", { reason: "first" });
    for (const path of ["/v1/regions/us-east/drain", "/v1/clusters/us-east-blue/drain"]) {
      const { status, body } = await send("POST", path, { reason: "second" });
      expect(status).toBe(409);
      expect(body.code).toBe("ruleDenied");
      expect(body.detail).toContain("web");
    }
  });

  test.each([
    // path                              body                                       status  code
    ["/v1/regions/eu-wset/drain", {}, 404, "regionUnknown"],
    ["/v1/regions/__proto__/drain", {}, 404, "regionUnknown"],
    ["/v1/clusters/eu-west/drain", {}, 404, "clusterUnknown"],
    ["/v1/clusters/nothing/undrain", {}, 404, "clusterUnknown"],
    ["/v1/regions/eu-west/drain", { reason: "" }, 422, "bodyInvalid"],
    ["/v1/regions/eu-west/drain", { reason: "a\nb" }, 422, "bodyInvalid"],
    ["/v1/regions/eu-west/drain", { mode: "soft" }, 422, "bodyInvalid"],
    ["/v1/regions/eu-west/drain", { expiresIn: "4 hours" }, 422, "bodyInvalid"],
    ["/v1/regions/eu-west/drain", { expiresIn: 3600 }, 422, "bodyInvalid"],
    ["/v1/regions/eu-west/drain", { expiresIn: "59s" }, 422, "expiryInvalid"],
    ["/v1/regions/eu-west/drain", { expiresIn: "1m" }, 200, undefined],
    ["/v1/regions/eu-west/drain", { expiresIn: "72h" }, 200, undefined],
    ["/v1/regions/eu-west/drain", { expiresIn: "73h" }, 422, "expiryInvalid"],
    ["/v1/regions/eu-west/drain", { deadline: "25h", expiresIn: "72h" }, 422, "drainInvalid"],
    ["/v1/regions/eu-west/drain", { deadline: "2h", expiresIn: "1h" }, 422, "drainInvalid"],
    ["/v1/regions/eu-west/drain", { deadline: "5m", mode: "immediate" }, 422, "drainInvalid"],
  ])("%s with %j: %i %s", async (path, body, status, code) => {
    const answer = await send("POST", path, { reason: "test", ...body });
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(code);
  });

  test("an unknown region is told the nearest one", async () => {
    const { body } = await send("POST", "/v1/regions/eu-wset/drain", { reason: "test" });
    expect(body.errors).toMatchObject([{ code: "region.unknown", didYouMean: "eu-west" }]);
  });

  test("a drain ends by itself, by a revision of its own", async () => {
    await send("POST", "/v1/regions/eu-west/drain", { reason: "short", expiresIn: "1m" });
    const { overlays } = (await get("/v1/fleet")).body;
    const armedMs = await runInDurableObject(fleet(), (_: FleetObject, state) => state.storage.getAlarm());
    expect(armedMs).toBeLessThanOrEqual(overlays[0].expiresAtMs);

    vi.useFakeTimers({ now: Date.now() + 30_000, toFake: ["Date"] });
    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body.overlays).toHaveLength(1);

    vi.setSystemTime(Date.now() + 31_000);
    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body).toMatchObject({
      revision: 3,
      overlays: [{ kind: "regionReturn", region: "eu-west", author: "fairlead", reason: "drain expired" }],
    });
    const { body } = await get("/v1/revisions/3");
    expect(body).toMatchObject({ author: "fairlead", reason: "drain expired", kind: "expire" });
    expect(body.outcome.ended).toEqual(["regionDrain/eu-west"]);
    // Graphs show it like anybody's change.
    const { marks } = (await get("/v1/metrics/query?measure=requests&last=15m")).body;
    expect(marks.at(-1)).toMatchObject({ revision: 3, kind: "expire", author: "fairlead", reason: "drain expired" });
  });

  test("a dry run tells what would happen and drains nothing", async () => {
    const { body } = await send("POST", "/v1/regions/eu-west/drain?dryRun=true", { reason: "what if" });
    expect(body).toMatchObject({ revision: 1, changed: true, dryRun: true, outcome: { kind: "drain" } });
    expect((await get("/v1/fleet")).body.overlays).toEqual([]);
  });
});

describe("revisions", () => {
  test("are listed newest first, a page at a time, and each can be read", async () => {
    for (const weight of [1, 2, 3, 4]) await shift({ "eu-west": weight });
    const first = await get("/v1/revisions?limit=2");
    expect(first.body.revisions.map(({ revision }: { revision: number }) => revision)).toEqual([5, 4]);
    expect(first.headers.get("link")).toBe('</v1/revisions?cursor=4&limit=2>; rel="next"');
    const second = await get(`/v1/revisions?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body.revisions.map(({ revision }: { revision: number }) => revision)).toEqual([3, 2]);
    const last = await get(`/v1/revisions?limit=2&cursor=${second.body.nextCursor}`);
    expect(last.body).toMatchObject({ revisions: [{ revision: 1, kind: "apply" }] });
    expect(last.body).not.toHaveProperty("nextCursor");
    expect((await get("/v1/revisions/2")).body).toMatchObject({ kind: "shiftWeights", author: "token", parent: 1 });
    expect((await get("/v1/revisions/6")).body.code).toBe("revisionUnknown");
  });
});

describe("the outbox", () => {
  test("a commit stands when nothing can be published, and the alarm publishes it later", async () => {
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    const put = await runInDurableObject(fleet(), (object: FleetObject) => breakKv(object));
    const { status, body } = await shift({ "eu-west": 20 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ revision: 2, changed: true, published: false });
    expect(body.carriers).toContainEqual({ name: "kv", revision: 1, error: "Error: KV is down" });
    expect(body.carriers).toContainEqual({ name: "beacon:weur", revision: 2 });

    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body.published).toBe(false);

    put.mockRestore();
    await evictDurableObject(fleet());
    vi.setSystemTime(Date.now() + 120_000);
    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body.published).toBe(true);
    expect(await env.CONFIG.get(SNAPSHOT_KV_KEY)).toContain('"revision":2');
  });

  test("KV gets one write a second at most, and the newest revision in the end", async () => {
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    const put = await runInDurableObject(fleet(), (object: FleetObject) => spyOnKv(object));
    for (const weight of [1, 2, 3, 4, 5]) await shift({ "eu-west": weight });
    expect(put).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 1_000);
    await runDurableObjectAlarm(fleet());
    expect(put).toHaveBeenCalledTimes(2);
    expect(put.mock.lastCall?.[2]).toEqual({ metadata: { revision: 6 } });
    expect((await get("/v1/fleet")).body.published).toBe(true);
  });

  test("what another release made of the same revision is published again", async () => {
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body.published).toBe(true);
    // As if the release before had compiled something else: it sent that, and kept its digest.
    const beacon = env.BEACON.getByName("demo:weur");
    await beacon.acceptSnapshot({ revision: 1, text: "of another form" });
    await env.CONFIG.put(SNAPSHOT_KV_KEY, "of another form");
    await runInDurableObject(fleet(), (_: FleetObject, { storage }) => {
      storage.sql.exec("UPDATE carriers SET digest = 'another' WHERE name = 'kv'");
      storage.sql.exec("UPDATE carriers SET digest = NULL WHERE name = 'beacon:weur'");
    });
    await evictDurableObject(fleet());

    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 1, published: false });
    const armedMs = await runInDurableObject(fleet(), (_: FleetObject, state) => state.storage.getAlarm());
    expect(armedMs).toBeLessThanOrEqual(Date.now()); // by its start alone
    vi.setSystemTime(Date.now() + 1_000);
    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 1, published: true });
    const text = await env.CONFIG.get(SNAPSHOT_KV_KEY);
    expect(text).toContain('"revision":1');
    expect(await (await beacon.fetch("https://beacon/snapshot/1")).text()).toBe(text);
  });

  test("the object looks after it every few minutes, when nothing else is due", async () => {
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    await runDurableObjectAlarm(fleet());
    const armedMs = await runInDurableObject(fleet(), (_: FleetObject, state) => state.storage.getAlarm());
    expect((armedMs ?? 0) - Date.now()).toBe(300_000);
  });

  test("a beacon that fails does not hold up the others", async () => {
    await send("POST", "/v1/development/fail", { object: "beacon", failing: true });
    const { body } = await shift({ "eu-west": 20 });
    expect(body).toMatchObject({ changed: true, published: false });
    await send("POST", "/v1/development/fail", { object: "beacon", failing: false });
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    await runDurableObjectAlarm(fleet());
    expect((await get("/v1/fleet")).body.published).toBe(true);
  });
});

/** The object's own binding: the one in the test's `env` is another. */
function spyOnKv(object: FleetObject) {
  // `env` is protected in the class, and is what the object was made with.
  return vi.spyOn((object as unknown as { env: { CONFIG: KVNamespace } }).env.CONFIG, "put");
}

function breakKv(object: FleetObject) {
  return spyOnKv(object).mockRejectedValue(new Error("KV is down"));
}

async function decidedRegion(): Promise<string> {
  const { body } = await get("/v1/explain?host=shop.example.com&country=DE&continent=EU&key=somebody");
  return body.decision.attempts[0].region;
}

test.each([
  ["region", "regions", "eu-wset", "eu-west"],
  ["cluster", "clusters", "eu-west-bleu", "eu-west-blue"],
])("an unknown %s is named, with its nearest neighbour", async (kind, folder, name, didYouMean) => {
  for (const verb of ["drain", "undrain"]) {
    const { status, body } = await send("POST", `/v1/${folder}/${name}/${verb}`, { reason: "test" });
    const detail = `There is no ${kind} "${name}".`;
    expect(status).toBe(404);
    expect(body.errors).toEqual([{ pointer: "/name", detail, code: `${kind}.unknown`, didYouMean }]);
    expect(body.detail).toContain(detail);
  }
});

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import { decodeSigned } from "../../../config/signed.ts";
import { traceDecision } from "../../../worker/routing/decide.ts";
import { HEALTH_UNKNOWN } from "../../../worker/routing/health-view.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { readPlace } from "../../../worker/routing/place.ts";
import { env, get, send, smallFleet } from "./support.ts";

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: smallFleet() });
});

afterEach(() => reset());

describe("explain", () => {
  test("decides as the edge does, for many clients", async () => {
    const signed = decodeSigned((await env.CONFIG.get("snapshot")) ?? "");
    if (!signed.ok) throw new Error(signed.error);
    const snapshot = parseSnapshot(signed.value.payload);
    if (!snapshot.ok) throw new Error(snapshot.error);
    const loaded = loadSnapshot(snapshot.value);
    for (const [index, country] of ["DE", "US", "IN", "XX", "T1", "BR"].entries()) {
      const key = `192.0.2.${index}`;
      const { body } = await get(`/v1/explain?host=shop.example.com:443&country=${country}&key=${key}`);
      const facts = {
        ...{ method: "GET", host: "shop.example.com", path: "/" },
        header: () => null,
        place: readPlace({ country }),
        clientAddress: key,
      };
      const decision = traceDecision({ snapshot: loaded, facts, health: HEALTH_UNKNOWN, draw: 0, now: Date.now() });
      expect({ ...body.decision, reasons: body.reasons }).toEqual(decision);
      expect(body.sentences).toHaveLength(body.reasons.length + 1);
    }
  });

  test("says in sentences where a German goes and why", async () => {
    const { status, body } = await get("/v1/explain?host=shop.example.com&country=DE&key=somebody&path=/cart");
    expect(status).toBe(200);
    expect(body).toMatchObject({ revision: 1, healthKnown: true, decision: { kind: "forward", service: "web" } });
    expect(body.sentences).toContain(
      'The steering rule "europe" matches the client and gives eu-west 90 (90%) and us-east 10 (10%).',
    );
    expect(body.sentences.at(-1)).toMatch(/^The request goes to the cluster (eu-west|us-east)-blue in /);
  });

  test("answers for a past revision as it was", async () => {
    const query = "host=shop.example.com&country=DE&key=somebody";
    const before = await get(`/v1/explain?${query}`);
    const region = before.body.decision.attempts[0].region;
    await send("POST", `/v1/regions/${region}/drain`, { reason: "test" });
    const now = await get(`/v1/explain?${query}`);
    expect(now.body.revision).toBe(2);
    expect(now.body.decision.attempts[0].region).not.toBe(region);
    const past = await get(`/v1/explain?${query}&revision=1`);
    expect(past.body.decision).toEqual(before.body.decision);
    expect((await get(`/v1/explain?${query}&revision=9`)).body.code).toBe("revisionUnknown");
  });

  test("a client without a key gets a draw, which can be asked for again", async () => {
    const first = await get("/v1/explain?host=shop.example.com&country=DE");
    const again = await get(`/v1/explain?host=shop.example.com&country=DE&draw=${first.body.draw}`);
    expect(again.body.decision).toEqual(first.body.decision);
  });

  test("goes on without health when the health object does not answer", async () => {
    await send("POST", "/v1/development/fail", { object: "health", failing: true });
    const { status, body } = await get("/v1/explain?host=shop.example.com&country=DE");
    expect(status).toBe(200);
    expect(body.healthKnown).toBe(false);
  });

  test("a host that nobody names is an answer, not an error", async () => {
    const { status, body } = await get("/v1/explain?host=other.example.com");
    expect(status).toBe(200);
    expect(body.decision).toEqual({ kind: "reject", code: "hostUnknown" });
  });

  test.each([
    "",
    "host=a%20b",
    "host=shop.example.com&path=cart",
    "host=shop.example.com&path=/cart%3Fa",
    "host=shop.example.com&method=get",
    "host=shop.example.com&country=Germany",
    "host=shop.example.com&latitude=91",
    "host=shop.example.com&latitude=north",
    "host=shop.example.com&draw=4294967296",
    "host=shop.example.com&revision=0",
    "host=shop.example.com&revision=1e3",
    "host=shop.example.com&contry=DE",
    "host=shop.example.com&host=other.example.com",
  ])("%s is refused", async (query) => {
    const { status, body } = await get(`/v1/explain?${query}`);
    expect(status).toBe(400);
    expect(body.code).toBe("parameterInvalid");
    expect(body.errors.length).toBeGreaterThan(0);
  });

  test.each([
    ["latitude=50", "/longitude"],
    ["longitude=8", "/latitude"],
  ])("%s alone is no place: %s is missing", async (query, pointer) => {
    const { status, body } = await get(`/v1/explain?host=shop.example.com&${query}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ pointer, detail: expect.stringContaining("is missing") }]);
  });
});

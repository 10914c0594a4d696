/** Debug tokens from the API to the edge's own verification, and the record that nobody gets one without. */
import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { issueDebugToken } from "../../../admin/objects/debug-token-issuer.ts";
import { DebugTokens } from "../../../worker/debug-token.ts";
import { env, get, send } from "./support.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const issue = (body: Record<string, unknown> = {}) => send("POST", "/v1/debug-tokens", { reason: "why", ...body });

/** The edge's verification, with the public half of the key that the admin Worker signs with. */
function edge(environment = "demo"): DebugTokens {
  const padded = inject("signingPublicKey").replaceAll("-", "+").replaceAll("_", "/");
  return new DebugTokens(environment, { test: `${padded}=` });
}

describe("a debug token", () => {
  test("is good at the edge of its environment, for five minutes", async () => {
    const issuedAtMs = Date.now();
    const { status, body } = await issue();
    expect(status).toBe(200);
    const { token, tokenId, expiresAtMs } = body;
    expect(expiresAtMs - issuedAtMs).toBeGreaterThanOrEqual(300_000);
    expect(expiresAtMs - issuedAtMs).toBeLessThan(310_000);
    expect(await edge().verify(token, "shop.example.com", issuedAtMs)).toEqual({ tokenId, actor: "token" });
    expect(await edge("production").verify(token, "shop.example.com", issuedAtMs)).toBeUndefined();
    expect(await edge().verify(token, "shop.example.com", expiresAtMs)).toBeUndefined();
  });

  test("is for one host, when one is named", async () => {
    const { body } = await issue({ host: "Shop.Example.com:8443" });
    expect(await edge().verify(body.token, "shop.example.com", Date.now())).toBeDefined();
    expect(await edge().verify(body.token, "accounts.example.com", Date.now())).toBeUndefined();
  });

  test.each([
    // body                        status  pointer
    [{ expiresIn: "15m" }, 200, undefined],
    [{ expiresIn: "901s" }, 422, "/expiresIn"],
    [{ expiresIn: "5" }, 422, "/expiresIn"],
    [{ expiresIn: 300 }, 422, "/expiresIn"],
    [{ reason: "" }, 422, "/reason"],
    [{ reason: undefined }, 422, "/reason"],
    [{ host: "a b" }, 422, "/host"],
    [{ host: "https://shop.example.com" }, 422, "/host"],
    [{ ticket: "" }, 422, "/ticket"],
    [{ actor: "somebody else" }, 422, "/actor"],
  ])("asked for with %j: %i", async (rest, status, pointer) => {
    const answer = await issue(rest);
    expect(answer.status).toBe(status);
    if (pointer !== undefined) expect(answer.body.errors).toMatchObject([{ pointer }]);
    expect((await get("/v1/debug-tokens")).body.debugTokens).toHaveLength(status === 200 ? 1 : 0);
  });

  test("is not to be had without a key to sign it, and then leaves no record", async () => {
    const { SNAPSHOT_SIGNING_KEY: _, ...keyless } = env;
    const issued = await runInDurableObject(env.FLEET.getByName("demo"), (_object, { storage }) =>
      issueDebugToken({ env: keyless, sql: storage.sql }, { actor: "token", reason: "why" }),
    );
    expect(issued).toMatchObject({ ok: false, error: { code: "unavailable" } });
    expect((await get("/v1/debug-tokens")).body.debugTokens).toEqual([]);
  });
});

describe("the record", () => {
  test("says who asked, when and why, but not the token", async () => {
    const log = vi.spyOn(console, "log");
    const { body } = await issue({ reason: "customer sees 502", ticket: "OPS-9", host: "shop.example.com" });
    const listed = await get("/v1/debug-tokens");
    expect(listed.body.debugTokens).toEqual([
      {
        ...{ tokenId: body.tokenId, actor: "token", reason: "customer sees 502", ticket: "OPS-9" },
        ...{ host: "shop.example.com", issuedAtMs: expect.any(Number), expiresAtMs: body.expiresAtMs },
      },
    ]);
    const logged = log.mock.calls.map(([line]) => String(line));
    expect(logged.filter((line) => line.includes('"debugToken.issued"') && line.includes(body.tokenId))).toHaveLength(
      1,
    );
    for (const text of [...logged, JSON.stringify(listed.body)]) expect(text).not.toContain(body.token);
  });

  test("is listed newest first, a page at a time", async () => {
    for (const reason of ["one", "two", "three"]) await issue({ reason });
    const reasonsOf = ({ body }: Awaited<ReturnType<typeof get>>) =>
      body.debugTokens.map(({ reason }: { reason: string }) => reason);
    const first = await get("/v1/debug-tokens?limit=2");
    expect(reasonsOf(first)).toEqual(["three", "two"]);
    expect(first.headers.get("link")).toBe('</v1/debug-tokens?cursor=2&limit=2>; rel="next"');
    const second = await get(`/v1/debug-tokens?limit=2&cursor=${first.body.nextCursor}`);
    expect(reasonsOf(second)).toEqual(["one"]);
    expect(second.body).not.toHaveProperty("nextCursor");
  });

  test("needs the token of the API", async () => {
    expect((await send("POST", "/v1/debug-tokens", { reason: "x" }, { authorization: "Bearer wrong" })).status).toBe(
      401,
    );
  });
});

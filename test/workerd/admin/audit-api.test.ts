/** `/v1/audit` as clients meet it: pages, proofs, the export, erasure, and who may do which. */
import { createExecutionContext, reset, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { createApp } from "../../../admin/app.ts";
import { verifyInclusion } from "../../../admin/core/audit/merkle-verify.ts";
import { sha256Hex } from "../../../admin/core/digest.ts";
import { AuditLog } from "../../../admin/objects/audit-log.ts";
import { bytesOf, verified } from "./audit-support.ts";
import { env, get, send } from "./support.ts";

afterEach(() => reset());

/** Each attempt to get a debug token leaves an entry. */
const act = (reason: string) => send("POST", "/v1/debug-tokens", { reason });

describe("the audit log over HTTP", () => {
  test("lists entries newest first, a page at a time, and reads one with what was hashed", async () => {
    for (const reason of ["one", "two", "three"]) await act(reason);
    const first = await get("/v1/audit?limit=2");
    expect(first.body.entries).toMatchObject([
      { index: 2, name: "token", leaf: { index: 2, action: "debugToken.issue", reason: "three", outcome: "done" } },
      { index: 1, leaf: { reason: "two" } },
    ]);
    expect(first.headers.get("link")).toBe('</v1/audit?cursor=1&limit=2>; rel="next"');
    const second = await get(`/v1/audit?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toEqual({ entries: [expect.objectContaining({ index: 0 })] });

    const { body } = await get("/v1/audit/0");
    expect(JSON.parse(body.text)).toEqual(body.leaf);
    expect(body.leaf.request).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.hash).toBe(first.body.entries[1].leaf.previous);
  });

  test("proves entries and growth by the roots that it signs", async () => {
    for (const reason of ["one", "two", "three"]) await act(reason);
    await runInDurableObject(env.FLEET.getByName("demo"), (_object, { storage }) =>
      new AuditLog({ storage, env }).checkpoint(Date.now()),
    );
    const checkpoint = (await get("/v1/audit/checkpoint")).body;
    expect(checkpoint).toMatchObject({ size: 3, atMs: expect.any(Number), note: expect.stringMatching(/\n3\n/) });
    const proof = (await get("/v1/audit/1/proof?size=3")).body;
    expect(proof.root).toBe(checkpoint.root);
    expect(
      verifyInclusion({
        ...{ index: 1, size: 3, leafHash: bytesOf((await get("/v1/audit/1")).body.hash) },
        ...{ root: bytesOf(checkpoint.root), proof: proof.proof.map(bytesOf) },
      }),
    ).toBe(true);
    await act("four");
    const growth = (await get("/v1/audit/consistency?from=3&to=4")).body;
    expect(growth).toMatchObject({ from: 3, to: 4, fromRoot: checkpoint.root });
    expect((await get("/v1/audit/0/proof")).body).toMatchObject({ size: 4, root: growth.toRoot });
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // path                                 status  code
    ["/v1/audit/7",                         404,    "auditUnknown"],
    ["/v1/audit/-1",                        400,    "parameterInvalid"],
    ["/v1/audit/01",                        400,    "parameterInvalid"],
    ["/v1/audit/1e3",                       400,    "parameterInvalid"],
    ["/v1/audit/7/proof",                   404,    "auditUnknown"],
    ["/v1/audit/0/proof?size=0",            400,    "parameterInvalid"],
    ["/v1/audit/0/proof?size=2",            400,    "parameterInvalid"],
    ["/v1/audit/0/proof?tree=1",            400,    "parameterInvalid"],
    ["/v1/audit/consistency?from=1",        400,    "parameterInvalid"],
    ["/v1/audit/consistency?from=0&to=1",   400,    "parameterInvalid"],
    ["/v1/audit/consistency?from=2&to=1",   400,    "parameterInvalid"],
    ["/v1/audit/consistency?from=1&to=2",   400,    "parameterInvalid"],
    ["/v1/audit/export?from=x",             400,    "parameterInvalid"],
  ])("asked for %s answers %i", async (path, status, code) => {
    await act("one");
    const answer = await get(path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test("has no checkpoint before one is signed, which is not an error of the server", async () => {
    expect(await get("/v1/audit/checkpoint")).toMatchObject({ status: 404, body: { code: "auditUnknown" } });
  });

  test("exports what the offline verifier accepts, and continues where it ended", async () => {
    for (const reason of ["one", "two"]) await act(reason);
    const { status, headers, body } = await get("/v1/audit/export");
    expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    const lines = body.trimEnd().split("\n");
    const verdict = await verified(lines, undefined);
    expect(verdict).toMatchObject({ ok: true, summary: { origin: "fairlead.dev/audit/demo", leaves: 2 } });
    const rest = (await get("/v1/audit/export?from=1")).body.trimEnd().split("\n");
    expect(lines.filter((line: string) => line.includes('"type":"leaf"')).slice(1)).toEqual(
      rest.filter((line: string) => line.includes('"type":"leaf"')),
    );
  });

  test("forgets a name, leaves the entries as they were, and enters that it did", async () => {
    await act("one");
    const before = (await get("/v1/audit/0")).body;
    const path = `/v1/audit/subjects/${before.leaf.actor.subject}/erase`;
    const erased = await send("POST", path, { reason: "asked for it", ticket: "PRIV-7" });
    expect(erased).toMatchObject({ status: 200, body: { changed: true, audit: { index: 1 } } });
    const { name: _, ...nameless } = before;
    expect((await get("/v1/audit/0")).body).toEqual(nameless);
    expect((await get("/v1/audit/1")).body.leaf).toMatchObject({
      ...{ action: "audit.erase", resource: `subject/${before.leaf.actor.subject}` },
      ...{ reason: "asked for it", ticket: "PRIV-7" },
    });
    expect((await send("POST", path, { reason: "again" })).body.changed).toBe(false);
    const unknown = `/v1/audit/subjects/sha256:${"0".repeat(64)}/erase`;
    expect(await send("POST", unknown, { reason: "who?" })).toMatchObject({ status: 404 });
    expect((await send("POST", path, {})).status).toBe(422);
    expect((await send("POST", "/v1/audit/subjects/alex/erase", { reason: "x" })).status).toBe(400);
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // role        reads  erases
    ["viewer",     403,   403],
    ["responder",  403,   403],
    ["maintainer", 403,   403],
    ["auditor",    200,   403],
    ["admin",      200,   404],
  ])("lets a %s read: %i, and erase: %i", async (role, reads, erases) => {
    for (const path of ["/v1/audit", "/v1/audit/export", "/v1/audit/checkpoint"])
      expect((await askAs(role, path)).status).toBe(path.endsWith("checkpoint") && reads === 200 ? 404 : reads);
    const body = JSON.stringify({ reason: "x" });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    expect((await askAs(role, `/v1/audit/subjects/sha256:${"0".repeat(64)}/erase`, init)).status).toBe(erases);
  });
});

/** Somebody of one role, by a token of theirs. */
async function askAs(role: string, path: string, init: { headers?: Record<string, string> } & RequestInit = {}) {
  const tokenDigest = `sha256:${sha256Hex("token-of-theirs")}`;
  const principals = [{ name: "kim", kind: "person", roles: [role], tokenDigest }];
  const headers = { ...init.headers, authorization: "Bearer token-of-theirs" };
  const bindings = { ...env, ADMIN_PRINCIPALS: JSON.stringify(principals) };
  const context = createExecutionContext();
  const response = await createApp().fetch(new Request(`http://admin${path}`, { ...init, headers }), bindings, context);
  await response.arrayBuffer();
  await waitOnExecutionContext(context);
  return response;
}

/** Incidents, approvals and deleted documents as clients see them; the stores behind are in stores.test.ts. */
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { as, get, send, smallFleet } from "./support.ts";

afterEach(() => reset());

describe("incidents", () => {
  const open = (title: string, severity = 3) => send("POST", "/v1/incidents", { severity, title, reason: "why" });

  test("are opened, listed a page at a time, and closed once", async () => {
    const first = await open("one", 2);
    expect(first).toMatchObject({ status: 200, body: { severity: 2, title: "one", cause: { kind: "opened" } } });
    expect(first.body).toMatchObject({ openedBy: "token", reason: "why" });
    for (const title of ["two", "three"]) await open(title);
    const page = await get("/v1/incidents?limit=2");
    expect(page.body.incidents.map(({ title }: { title: string }) => title)).toEqual(["three", "two"]);
    expect(page.headers.get("link")).toBe(`</v1/incidents?cursor=${page.body.nextCursor}&limit=2>; rel="next"`);
    const last = await get(`/v1/incidents?limit=2&cursor=${page.body.nextCursor}`);
    expect(last.body).toEqual({ incidents: [first.body] });

    const close = () => send("POST", `/v1/incidents/${first.body.id}/close`, { reason: "over" }, as("operator"));
    const closing = { closedBy: "operator", closing: "over", closedAtMs: expect.any(Number) };
    expect((await close()).body).toEqual({ ...first.body, ...closing });
    expect(await close()).toMatchObject({ status: 409, body: { code: "incidentClosed" } });
  });

  test.each([
    // body                                            status  code
    [{ severity: 0 }, 422, "bodyInvalid"],
    [{ severity: 4 }, 422, "bodyInvalid"],
    [{ severity: "1" }, 422, "bodyInvalid"],
    [{ title: "" }, 422, "bodyInvalid"],
    [{ title: "x".repeat(200) }, 200, undefined],
    [{ title: "x".repeat(201) }, 422, "bodyInvalid"],
    [{ reason: undefined }, 422, "bodyInvalid"],
    [{ cause: { kind: "held" } }, 422, "bodyInvalid"],
  ])("opened with %j: %i %s", async (change, status, code) => {
    const answer = await send("POST", "/v1/incidents", { severity: 1, title: "t", reason: "r", ...change });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test("that are unknown cannot be closed, and not everybody may open or close one", async () => {
    const unknown = await send("POST", "/v1/incidents/none/close", { reason: "over" });
    expect(unknown).toMatchObject({ status: 404, body: { code: "incidentUnknown" } });
    const { body } = await open("one");
    const denied = [
      await send("POST", "/v1/incidents", { severity: 3, title: "t", reason: "r" }, as("viewer")),
      await send("POST", `/v1/incidents/${body.id}/close`, { reason: "over" }, as("responder")),
    ];
    expect(denied.map(({ status }) => status)).toEqual([403, 403]);
  });
});

test("deleted documents are listed until they are there again", async () => {
  const documents = smallFleet();
  const twoMore = ["spare-a", "spare-b"].map((name) => ({
    ...(documents[3] as object),
    metadata: { name },
  }));
  await send("PUT", "/v1/fleet", { documents: [...documents, ...twoMore] });
  await send("PUT", "/v1/fleet", { documents: [...documents, twoMore[0]] });
  await send("PUT", "/v1/fleet", { documents });
  const gone = (document: string, lastRevision: number) => ({
    ...{ document, lastRevision, deletedBy: "token", deletedAtMs: expect.any(Number) },
  });
  const first = await get("/v1/deleted?limit=1");
  expect(first.body).toMatchObject({ deleted: [gone("Cluster/spare-a", 2)] });
  const rest = await get(`/v1/deleted?limit=1&cursor=${first.body.nextCursor}`);
  expect(rest.body).toEqual({ deleted: [gone("Cluster/spare-b", 1)] });
  await send("PUT", "/v1/fleet", { documents: [...documents, twoMore[0]] });
  expect((await get("/v1/deleted")).body.deleted).toMatchObject([{ document: "Cluster/spare-b" }]);
});

describe("approvals", () => {
  async function asked(): Promise<string> {
    const approvals = [{ actions: ["region.drain"], approvals: 2 }];
    const documents = smallFleet().map((document) => {
      const { kind, spec } = document as { readonly kind: string; readonly spec: object };
      return kind === "Policy" ? { ...(document as object), spec: { ...spec, approvals } } : document;
    });
    await send("PUT", "/v1/fleet", { documents });
    const drain = await send("POST", "/v1/regions/us-east/drain", { reason: "maintenance" }, as("operator"));
    expect(drain.status).toBe(202);
    return drain.headers.get("location") ?? "";
  }

  const vote = (path: string, who: "approver" | "second" | "operator", verdict = "approve") =>
    send("POST", `${path}/${verdict}`, { reason: "read it" }, as(who));

  test("show what is asked for and who said what, and the last yes makes the change", async () => {
    const path = await asked();
    const { body } = await get(path);
    expect(body).toMatchObject({ author: "operator", action: "region.drain", resource: "region/us-east" });
    expect(body).toMatchObject({ state: "pending", required: 2, baseRevision: 1, votes: [] });
    const { plan, ...listed } = body;
    expect(plan.digest).toBe(body.planDigest);
    expect((await get("/v1/approvals")).body).toEqual({ approvals: [listed] });

    const first = await vote(path, "approver");
    expect(first.body).toMatchObject({ state: "pending", votes: [{ voter: "approver", verdict: "approve" }] });
    const second = await vote(path, "second");
    expect(second.body).toMatchObject({ state: "approved", revision: 2 });
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([{ kind: "regionDrain", region: "us-east" }]);
    expect(await vote(path, "approver", "reject")).toMatchObject({ status: 409, body: { code: "approvalClosed" } });
  });

  test("are closed by one no", async () => {
    const path = await asked();
    expect((await vote(path, "approver", "reject")).body).toMatchObject({
      ...{ state: "rejected", votes: [{ verdict: "reject", reason: "read it" }] },
    });
    expect(await vote(path, "second")).toMatchObject({ status: 409, body: { code: "approvalClosed" } });
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });

  test("are not for everybody, and not for what is unknown", async () => {
    const path = await asked();
    expect(await vote(path, "operator")).toMatchObject({ status: 403, body: { code: "forbidden" } });
    for (const answer of [await get("/v1/approvals/none"), await vote("/v1/approvals/none", "approver")])
      expect(answer).toMatchObject({ status: 404, body: { code: "approvalUnknown" } });
  });
});

/** Changes that a second person has to agree to: by their size, or because the Policy says so. */
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../config/canonical.ts";
import {
  DAY_MS,
  evict,
  HOUR_MS,
  lastLeaf,
  leaves,
  passTime,
  quietInStoppedTime,
  ringAlarm,
  storedRows,
} from "./fleet-object.ts";
import { type Answer, as, cluster, get, POLICY, SERVICE, send, smallFleet } from "./support.ts";

quietInStoppedTime();

const WITHOUT_POLICY = smallFleet().filter((document) => document !== POLICY);
const MORE = ["green", "red", "pink"].map((colour) => cluster(`eu-west-${colour}`, "eu-west"));

/** One more person for weights, two more for documents. */
const CAREFUL = {
  ...POLICY,
  spec: {
    ...POLICY.spec,
    approvals: [
      { actions: ["weights.shift"], approvals: 1 },
      { actions: ["fleet.apply"], approvals: 2 },
    ],
  },
};
const CAREFUL_FLEET = [...WITHOUT_POLICY, CAREFUL];

const apply = (documents: readonly unknown[], reason: string, headers: Readonly<Record<string, string>> = {}) =>
  send("PUT", "/v1/fleet", { documents, reason }, headers);

const shift = (weight: number, headers: Readonly<Record<string, string>> = {}) => {
  const body = { route: "web", rule: "europe", weights: { "eu-west": weight }, reason: "canary" };
  return send("PATCH", "/v1/weights", body, headers);
};

const approve = (path: string, who: "approver" | "second" | "lead") =>
  send("POST", `${path}/approve`, { reason: "read the plan" }, as(who));

/** A weight that waits for one person. */
async function pending(): Promise<string> {
  await apply(CAREFUL_FLEET, "first");
  return hrefOf(await shift(50));
}

function hrefOf({ status, headers, body }: Answer): string {
  expect([status, headers.get("location")]).toEqual([202, body.approval.href]);
  return body.approval.href;
}

async function revision(): Promise<number> {
  return (await get("/v1/fleet")).body.revision;
}

describe("removing more than half of the clusters", () => {
  test("waits for a second person, who sees what it would do, and is their author's change in the end", async () => {
    await apply([...WITHOUT_POLICY, ...MORE], "first");
    const planned = await send("PUT", "/v1/fleet?dryRun=true", { documents: WITHOUT_POLICY, reason: "cleaning up" });
    expect(planned.body.plan.approvals).toEqual({ required: 1, because: [expect.stringContaining("3 of 5")] });

    const asked = await apply(WITHOUT_POLICY, "cleaning up", as("maintainer"));
    const href = hrefOf(asked);
    expect(await revision()).toBe(1);
    expect(await lastLeaf()).toMatchObject({ outcome: "pending", name: "maintainer", index: asked.body.audit.index });
    const { body } = await get(href, as("viewer"));
    expect(body).toMatchObject({
      ...{ id: asked.body.approval.id, author: "maintainer", action: "fleet.apply", resource: "fleet" },
      ...{ reason: "cleaning up", state: "pending", required: 1, baseRevision: 1, votes: [] },
      ...{ createdAtMs: Date.now(), expiresAtMs: Date.now() + DAY_MS },
      because: [expect.stringContaining("3 of 5 documents of kind Cluster")],
      plan: { digest: planned.body.plan.digest, base: { revision: 1 } },
    });
    expect(body.planDigest).toBe(planned.body.plan.digest);
    expect(body.plan.diff.documents).toMatchObject(
      ["green", "pink", "red"].map((colour) => ({ kind: "removed", document: `Cluster/eu-west-${colour}` })),
    );

    const approved = await approve(href, "approver");
    const vote = { voter: "approver", verdict: "approve", reason: "read the plan", atMs: Date.now() };
    expect(approved).toMatchObject({ status: 200, body: { state: "approved", revision: 2, votes: [vote] } });
    expect((await get("/v1/fleet")).body.documents).toHaveLength(WITHOUT_POLICY.length);
    expect((await get("/v1/revisions/2")).body).toMatchObject({
      ...{ kind: "apply", author: "maintainer", reason: "cleaning up" },
    });
    expect(await lastLeaf()).toMatchObject({
      ...{ action: "approval.approve", outcome: "committed", name: "approver", reason: "read the plan" },
      ...{ resource: `approval/${asked.body.approval.id}`, after: { revision: 2 } },
    });
    expect((await get(href)).body).not.toHaveProperty("plan");
  });

  test("exactly half is one person's to do", async () => {
    await apply([...WITHOUT_POLICY, ...MORE.slice(0, 2)], "first");
    expect(await apply(WITHOUT_POLICY, "cleaning up")).toMatchObject({ status: 200, body: { revision: 2 } });
  });
});

describe("who agrees", () => {
  test.each([
    ["token", {}, 403, "approvalOwn"],
    ["lead", as("lead"), 200, undefined],
    ["maintainer", as("maintainer"), 403, "forbidden"],
    ["viewer", as("viewer"), 403, "forbidden"],
  ] as const)("to what the admin asked for: %s", async (name, headers, status, code) => {
    const href = await pending();
    const answer = await send("POST", `${href}/approve`, { reason: "fine" }, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await revision()).toBe(status === 200 ? 2 : 1);
    const outcome = status === 200 ? { outcome: "committed" } : { outcome: "refused", problem: code };
    expect(await lastLeaf()).toMatchObject({ ...outcome, name, action: "approval.approve" });
  });

  test("is nobody who asked, whatever their roles", async () => {
    await apply(CAREFUL_FLEET, "first");
    const href = hrefOf(await shift(50, as("lead")));
    expect((await approve(href, "lead")).body.code).toBe("approvalOwn");
    expect((await approve(href, "second")).body).toMatchObject({ state: "approved", author: "lead" });
  });

  test("is two people where the Policy wants two, whatever restarts between them", async () => {
    await apply(CAREFUL_FLEET, "first");
    const href = hrefOf(await apply([...CAREFUL_FLEET, ...MORE], "more"));
    expect((await approve(href, "approver")).body).toMatchObject({ state: "pending", required: 2 });
    expect(await lastLeaf()).toMatchObject({ action: "approval.approve", outcome: "done" });
    expect((await approve(href, "approver")).body.code).toBe("approvalOwn");
    expect(await revision()).toBe(1);
    await evict();
    const { body } = await approve(href, "second");
    expect(body).toMatchObject({ state: "approved", revision: 2, votes: [{ voter: "approver" }, { voter: "second" }] });
    expect((await approve(href, "lead")).body.code).toBe("approvalClosed");
    expect(await revision()).toBe(2);
  });

  test("one no is enough", async () => {
    const href = await pending();
    const rejected = await send("POST", `${href}/reject`, { reason: "not today" }, as("approver"));
    expect(rejected.body).toMatchObject({ state: "rejected", votes: [{ verdict: "reject", reason: "not today" }] });
    expect(rejected.body).not.toHaveProperty("revision");
    expect(await lastLeaf()).toMatchObject({ action: "approval.reject", outcome: "done", reason: "not today" });
    expect((await approve(href, "second")).body).toMatchObject({ status: 409, code: "approvalClosed" });
    expect(await revision()).toBe(1);
  });

  test("to what nobody asked for: there is no such approval", async () => {
    const path = "/v1/approvals/none";
    for (const answer of [await get(path), await approve(path, "approver")])
      expect(answer).toMatchObject({ status: 404, body: { code: "approvalUnknown" } });
  });
});

describe("what the Policy wants agreed to", () => {
  test("cannot be excused by the change itself, or hidden in a batch", async () => {
    await apply(CAREFUL_FLEET, "first");
    hrefOf(await apply(smallFleet(), "no more questions"));
    const mutations = [{ kind: "apply", documents: smallFleet() }];
    const href = hrefOf(await send("POST", "/v1/batch", { mutations, reason: "no more questions" }));
    expect((await get(href)).body).toMatchObject({ action: "batch.commit", required: 2 });
    expect((await get("/v1/approvals")).body.approvals).toHaveLength(2);
  });

  test("is not what the control plane does by itself, or what changes nothing", async () => {
    await apply(CAREFUL_FLEET, "first");
    expect(await shift(90)).toMatchObject({ status: 200, body: { changed: false } });
    await send("POST", "/v1/regions/eu-west/drain", { reason: "short", expiresIn: "1m" });
    passTime(HOUR_MS);
    await ringAlarm();
    expect((await get("/v1/revisions/3")).body).toMatchObject({ kind: "expire" });
  });

  test("is refused at once when a rule denies it", async () => {
    await apply(CAREFUL_FLEET, "first");
    await send("POST", "/v1/incidents", { severity: 1, title: "all is red", reason: "pager" });
    expect((await shift(50)).body).toMatchObject({ status: 409, code: "ruleDenied" });
    expect((await get("/v1/approvals")).body.approvals).toEqual([]);
  });
});

describe("a pending approval", () => {
  test("is closed when the world has moved on, because nobody agreed to that", async () => {
    const href = await pending();
    await send("POST", "/v1/regions/us-east/drain", { reason: "flaky switch" }, as("responder"));
    expect((await get(href)).body.plan.digest).not.toBe((await get(href)).body.planDigest);
    const answer = await approve(href, "approver");
    expect([answer.status, answer.body.code]).toEqual([409, "planStale"]);
    expect(await lastLeaf()).toMatchObject({ action: "approval.approve", outcome: "refused", problem: "planStale" });
    expect((await get(href)).body).toMatchObject({ state: "stale" });
    expect((await approve(href, "second")).body.code).toBe("approvalClosed");
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([{ kind: "regionDrain" }]);
  });

  test("waits when a rule denies it for now", async () => {
    const href = await pending();
    const incident = await send("POST", "/v1/incidents", { severity: 2, title: "red", reason: "pager" });
    const denied = await approve(href, "approver");
    expect(denied.body).toMatchObject({ status: 409, code: "ruleDenied", errors: [{ code: "rule.incident" }] });
    expect(denied.body.verdicts).toContainEqual(expect.objectContaining({ rule: "incident", outcome: "deny" }));
    expect((await get(href)).body).toMatchObject({ state: "pending", votes: [] });
    await send("POST", `/v1/incidents/${incident.body.id}/close`, { reason: "green" });
    expect((await approve(href, "approver")).body.state).toBe("approved");
  });

  test("can be decided for a day and not longer", async () => {
    await apply(CAREFUL_FLEET, "first");
    const href = hrefOf(await apply([...CAREFUL_FLEET, ...MORE], "more"));
    passTime(DAY_MS - 1);
    expect((await approve(href, "approver")).status).toBe(200);
    passTime(1);
    expect((await approve(href, "second")).body).toMatchObject({ status: 409, code: "approvalClosed" });
    expect((await get(href)).body).not.toHaveProperty("plan");
    await ringAlarm();
    expect((await get(href)).body).toMatchObject({ state: "expired", votes: [{ voter: "approver" }] });
    expect((await storedRows()).texts?.filter((row) => row.includes("approval/"))).toEqual([]);
    expect(await revision()).toBe(1);
  });

  test("is what a repeated request is answered with, and there is one of it", async () => {
    await apply(CAREFUL_FLEET, "first");
    const key = { "idempotency-key": "once" };
    const first = await shift(50, key);
    const again = await shift(50, key);
    expect(hrefOf(again)).toBe(hrefOf(first));
    expect([again.body, again.headers.get("idempotency-replayed")]).toEqual([first.body, "true"]);
    await approve(hrefOf(first), "approver");
    expect(await shift(50, key)).toMatchObject({ status: 202, body: first.body });
    expect((await get("/v1/approvals")).body.approvals).toHaveLength(1);
    expect((await leaves(4)).map(({ outcome }: { readonly outcome: string }) => outcome)).toEqual([
      ...["replayed", "committed", "replayed", "pending"],
    ]);
  });

  test("keeps megabytes as they were asked for", { timeout: 20_000 }, async () => {
    await apply(CAREFUL_FLEET, "first");
    const text = "x".repeat(200);
    const labels = Object.fromEntries(
      Array.from({ length: 8_000 }, (_, index) => [`a-label-with-a-name-as-long-as-names-can-become-${index}`, text]),
    );
    const large = { ...SERVICE, metadata: { ...SERVICE.metadata, labels } };
    const documents = CAREFUL_FLEET.map((document) => (document === SERVICE ? large : document));
    const href = hrefOf(await apply(documents, "more than a row of storage can hold"));
    await evict();
    await approve(href, "approver");
    expect((await approve(href, "second")).body.state).toBe("approved");
    const { body } = await get("/v1/fleet");
    const [service] = body.documents.filter(({ kind }: { readonly kind: string }) => kind === "Service");
    expect(canonicalJson(service) === canonicalJson(large)).toBe(true);
  });
});

/** The past: what was different then, and the way back to all or some of it. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { FleetObject } from "../../../admin/objects/fleet-object.ts";
import { pruneStates, REVISION_STATES_KEPT, REVISION_STATES_KEPT_MS } from "../../../admin/store/retention.ts";
import { evict, fleetObject, HOUR_MS, lastLeaf, passTime, quietInStoppedTime, storedRows } from "./fleet-object.ts";
import { as, cluster, get, ROUTE, send, smallFleet } from "./support.ts";

const GREEN = cluster("eu-west-green", "eu-west");
const RED = cluster("eu-west-red", "eu-west");
const EUROPELESS = { ...ROUTE, spec: { ...ROUTE.spec, steering: [] } };

quietInStoppedTime();

beforeEach(async () => {
  await apply([...smallFleet(), GREEN], "first");
});

const apply = (documents: readonly unknown[], reason: string, headers = {}) =>
  send("PUT", "/v1/fleet", { documents, reason }, headers);
const shift = (euWest: number) =>
  send("PATCH", "/v1/weights", { route: "web", rule: "europe", weights: { "eu-west": euWest }, reason: "canary" });
const restore = (revision: number, body: object = {}, headers = {}) =>
  send("POST", `/v1/revisions/${revision}/restore`, { reason: "back", ...body }, headers);
const diff = async (from: number, to?: number) =>
  (await get(`/v1/revisions/${from}/diff${to === undefined ? "" : `?to=${to}`}`)).body;

const europeless = (documents: readonly unknown[]) =>
  documents.map((document) => (document === ROUTE ? EUROPELESS : document));

async function names(): Promise<readonly string[]> {
  const { documents } = (await get("/v1/fleet")).body;
  return documents
    .filter(({ kind }: { readonly kind: string }) => kind === "Cluster")
    .map(({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name);
}

test("documents that today's release refuses stay in force, can be drained, do not come back, and are put right", async () => {
  await runInDurableObject(fleetObject(), (_: FleetObject, { storage: { sql } }) => {
    sql.exec("UPDATE texts SET text = replace(text, 'http://127.0.0.1', 'http://10.0.0.1')");
  });
  await evict();
  expect((await get("/v1/fleet")).body.documents).toHaveLength(smallFleet().length + 1);
  const drained = await send("POST", "/v1/clusters/eu-west-green/drain", { mode: "immediate", reason: "away" });
  expect(drained.status).toBe(200);
  expect(await apply([...smallFleet(), GREEN, RED], "put right")).toMatchObject({ status: 200, body: { revision: 3 } });
  const { status, body } = await restore(1);
  expect({ status, code: body.code }).toEqual({ status: 422, code: "documentsInvalid" });
  expect(body.errors[0]).toMatchObject({ code: "endpoint.address" });
  expect((await restore(3)).status).toBe(200);
});

describe("a revision", () => {
  test("says who made it, why, what it did, and what is different from the one before", async () => {
    await apply([...smallFleet(), RED], "paint it red", as("maintainer"));
    const { body } = await get("/v1/revisions/2");
    expect(body).toMatchObject({
      ...{ revision: 2, parent: 1, kind: "apply", author: "maintainer", reason: "paint it red" },
      ...{ digest: (await get("/v1/fleet")).body.digest, createdAtMs: Date.now(), outcome: { kind: "apply" } },
      diff: {
        documents: [
          { kind: "removed", document: "Cluster/eu-west-green" },
          { kind: "added", document: "Cluster/eu-west-red" },
        ],
        overlays: [],
      },
    });
    const { outcome: _, diff: __, ...record } = body;
    expect((await get("/v1/revisions?limit=1")).body.revisions).toEqual([record]);
    expect((await get("/v1/revisions/1")).body.diff.documents).toHaveLength(8); // From nothing.
  });

  test("can be compared with any other, either way round", async () => {
    await shift(50);
    await apply(europeless([...smallFleet(), GREEN]), "no Europe");
    expect(await diff(1, 2)).toMatchObject({ documents: [], overlays: [{ kind: "added" }] });
    expect(await diff(2, 1)).toMatchObject({ documents: [], overlays: [{ kind: "removed" }] });
    // The shift went with its rule.
    expect(await diff(1, 3)).toMatchObject({
      overlays: [],
      documents: [{ document: "Route/web", path: ["spec", "steering"] }],
    });
    expect(await diff(1)).toEqual(await diff(1, 3));
    expect(await diff(3, 3)).toEqual({ from: 3, to: 3, documents: [], overlays: [] });
    for (const path of ["4/diff", "1/diff?to=4"])
      expect((await get(`/v1/revisions/${path}`)).body).toMatchObject({ status: 404, code: "revisionUnknown" });
    expect((await get("/v1/revisions/1/diff?to=0")).body.code).toBe("parameterInvalid");
  });

  test("that is too old to be gone back to is still on record", async () => {
    await shift(50);
    await runInDurableObject(fleetObject(), (_: FleetObject, { storage: { sql } }) => {
      const nowMs = Date.now() + REVISION_STATES_KEPT_MS;
      pruneStates(sql, { nowMs, targetRevision: REVISION_STATES_KEPT + 1, pinned: [] });
    });
    // Of the documents revision 2 has the same ones; of the overlays nobody has them any more.
    const { status, body } = await get("/v1/revisions/1");
    expect([status, body.author, body.reason]).toEqual([200, "token", "first"]);
    expect(body).not.toHaveProperty("outcome");
    expect(body).not.toHaveProperty("diff");
    const answers = [await restore(1), await get("/v1/revisions/1/diff"), await get("/v1/explain?host=a&revision=1")];
    for (const answer of answers) expect(answer.body).toMatchObject({ status: 404, code: "revisionUnknown" });
    expect((await send("POST", "/v1/simulate", { revision: 1 })).body.code).toBe("revisionUnknown");
  });
});

describe("a restore", () => {
  test("is a new revision with the documents of then, and live state stays", async () => {
    await apply(europeless([...smallFleet(), RED]), "second");
    await send("POST", "/v1/regions/us-east/drain", { reason: "flaky switch" });
    const planned = await send("POST", "/v1/revisions/1/restore?dryRun=true", { reason: "back" });
    const { body } = await restore(1, {}, { ...as("operator"), "fairlead-plan": planned.body.plan.digest });
    expect(body).toMatchObject({
      revision: 4,
      changed: true,
      outcome: { kind: "restore", revision: 1, overlaysLeftOut: [] },
    });
    expect(body.outcome.changes.map(({ document }: { readonly document: string }) => document)).toEqual([
      ...["Cluster/eu-west-green", "Cluster/eu-west-red", "Route/web"],
    ]);
    expect((await get("/v1/revisions/4")).body).toMatchObject({
      parent: 3,
      kind: "restore",
      author: "operator",
      reason: "back",
    });
    expect(await diff(1)).toMatchObject({
      documents: [],
      overlays: [{ kind: "added", overlay: "regionDrain/us-east" }],
    });
    expect(await lastLeaf()).toMatchObject({
      action: "revision.restore",
      resource: "revision/1",
      outcome: "committed",
    });
    const [first] = (await get("/v1/revisions?limit=4")).body.revisions.slice(-1);
    expect(first).toMatchObject({ revision: 1, documentsDigest: (await get("/v1/revisions/4")).body.documentsDigest });
  });

  test("of what is there already changes nothing", async () => {
    expect((await restore(1)).body).toMatchObject({ revision: 1, changed: false });
    await shift(50);
    expect((await restore(1)).body).toMatchObject({ revision: 2, changed: false });
  });

  test("of some documents leaves the others as they are", async () => {
    await apply(europeless([...smallFleet(), RED]), "second");
    const { body } = await restore(1, { only: ["Cluster/eu-west-green"] });
    expect(body.outcome.changes).toMatchObject([{ kind: "added", document: "Cluster/eu-west-green" }]);
    expect(await names()).toEqual(["eu-west-blue", "eu-west-green", "eu-west-red", "us-east-blue"]);
    expect(await diff(2)).toMatchObject({ documents: [{ document: "Cluster/eu-west-green" }] });
  });

  test("brings back overlays that are still in force, and says which it leaves out", async () => {
    await shift(50);
    await send("POST", "/v1/regions/us-east/drain", { reason: "short", expiresIn: "1h" });
    await send("POST", "/v1/clusters/eu-west-green/drain", { reason: "long", expiresIn: "9h" });
    await send("POST", "/v1/clusters/eu-west-green/undrain", { reason: "over" });
    await shift(90);
    await send("POST", "/v1/regions/us-east/undrain", { reason: "over" });
    passTime(2 * HOUR_MS);
    const { body } = await restore(4, { overlays: "restore" });
    expect(body.outcome.overlaysLeftOut).toEqual(["regionDrain/us-east"]);
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([
      { kind: "clusterDrain", cluster: "eu-west-green", reason: "long" },
      { kind: "weightShift", weights: { "eu-west": 50 }, reason: "canary" },
    ]);
  });

  test("leaves out what would be on nothing", async () => {
    await shift(50);
    await apply(europeless([...smallFleet(), GREEN]), "no Europe");
    const { body } = await restore(2, { only: ["Cluster/eu-west-green"], overlays: "restore" });
    expect(body.outcome.overlaysLeftOut).toEqual(["weightShift/web/europe"]);
  });

  test("goes the way of every change: rules, ownership of time, and rights", async () => {
    await apply(smallFleet(), "without green");
    await send("POST", "/v1/freezes", { name: "quiet", reason: "the busiest day" });
    const before = await storedRows();
    expect((await restore(1)).body).toMatchObject({ code: "ruleDenied", errors: [{ code: "rule.freeze" }] });
    expect((await restore(1, {}, as("responder"))).body.code).toBe("forbidden");
    expect((await restore(1, {}, { "if-match": '"stale"' })).status).toBe(412);
    expect(await storedRows()).toEqual(before);
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // revision  body                                         status  code                 pointer    did you mean
    ["9",  {},                                                404,    "revisionUnknown",   undefined, undefined],
    ["0",  {},                                                400,    "parameterInvalid",  "/revision", undefined],
    ["1",  { only: [] },                                      422,    "bodyInvalid",       "/only",   undefined],
    ["1",  { only: ["Cluster/eu-west-geren"] },               422,    "restoreInvalid",    "/only/0", "Cluster/eu-west-green"],
    ["1",  { only: ["Route/web", "Route/wbe"] },              422,    "restoreInvalid",    "/only/1", "Route/web"],
    ["1",  { overlays: "merge" },                             422,    "bodyInvalid",       "/overlays", undefined],
    ["1",  { reason: "" },                                    422,    "bodyInvalid",       "/reason", undefined],
  ])("of %s with %j answers %i %s", async (revision, body, status, code, pointer, didYouMean) => {
    const answer = await restore(Number(revision), body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors?.[0].pointer).toBe(pointer);
    expect(answer.body.errors?.[0].didYouMean).toBe(didYouMean);
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });
});

describe("a document that was deleted", () => {
  test("is listed with where it can be had from, and is there again when it is restored from there", async () => {
    await apply([...smallFleet(), GREEN, RED], "more");
    await apply([...smallFleet(), RED], "less", as("maintainer"));
    await apply(smallFleet(), "still less");
    const { deleted } = (await get("/v1/deleted")).body;
    expect(deleted).toEqual([
      { document: "Cluster/eu-west-red", lastRevision: 3, deletedBy: "token", deletedAtMs: Date.now() },
      { document: "Cluster/eu-west-green", lastRevision: 2, deletedBy: "maintainer", deletedAtMs: Date.now() },
    ]);
    const page = await get("/v1/deleted?limit=1");
    expect(page.body.deleted).toEqual(deleted.slice(0, 1));
    expect((await get(`/v1/deleted?limit=1&cursor=${page.body.nextCursor}`)).body.deleted).toEqual(deleted.slice(1));

    const [{ document, lastRevision }] = deleted;
    expect((await restore(lastRevision, { only: [document] })).body.changed).toBe(true);
    expect(await names()).toEqual(["eu-west-blue", "eu-west-red", "us-east-blue"]);
    expect((await get("/v1/deleted")).body.deleted).toEqual(deleted.slice(1));
  });
});

import { evictDurableObject, reset } from "cloudflare:test";
import { afterEach, describe, expect, inject, test } from "vitest";
import { SNAPSHOT_KV_KEY } from "../../../config/beacon.ts";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { decodeSigned } from "../../../config/signed.ts";
import { ask, cluster, env, get, ROUTE, region, SERVICE, send, smallFleet } from "./support.ts";

const FAR = { latitude: 0, longitude: 0, vantage: "weur" };
const CLUSTER = cluster("eu-west-blue", "eu-west");

afterEach(() => reset());

describe("the fleet", () => {
  test("starts empty, at revision 0", async () => {
    const { status, headers, body } = await get("/v1/fleet");
    expect(status).toBe(200);
    expect(body).toMatchObject({ revision: 0, documents: [], overlays: [], published: false });
    expect(headers.get("etag")).toBe(`"${body.digest}"`);
  });

  test("is what was written, in the order of kind and name", async () => {
    const put = await send("PUT", "/v1/fleet", { documents: smallFleet(), reason: "first", ticket: "OPS-1" });
    expect(put.body).toMatchObject({ revision: 1, changed: true, dryRun: false, published: true });
    const { body, headers } = await get("/v1/fleet");
    expect(body.revision).toBe(1);
    expect(body.documents).toHaveLength(7);
    expect(body.documents).toContainEqual(ROUTE);
    expect(body.documents.map(({ kind }: { kind: string }) => kind)).toEqual([
      "Cluster",
      "Cluster",
      "Policy",
      "Region",
      "Region",
      "Route",
      "Service",
    ]);
    expect(headers.get("etag")).toBe(put.headers.get("etag"));
  });

  test("answers 304 to a tag that is still current, and says on it whether it is published", async () => {
    const { headers } = await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const etag = headers.get("etag") ?? "";
    const same = await get("/v1/fleet", { "if-none-match": `"other", ${etag}` });
    expect(same.status).toBe(304);
    expect(same.body).toBe("");
    expect(same.headers.get("fairlead-published")).toBe("true");
    expect((await get("/v1/fleet", { "if-none-match": '"other"' })).status).toBe(200);
  });

  test("written again in another order makes no revision", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const again = await send("PUT", "/v1/fleet", { documents: smallFleet().toReversed() });
    expect(again.body).toMatchObject({ revision: 1, changed: false, outcome: { changes: [] } });
  });

  test("shows what a dry run would change, and changes nothing", async () => {
    const dry = await send("PUT", "/v1/fleet?dryRun=true", { documents: smallFleet() });
    expect(dry.body).toMatchObject({ revision: 0, changed: true, dryRun: true });
    expect(dry.body.outcome.changes).toHaveLength(7);
    expect((await get("/v1/fleet")).body.revision).toBe(0);
  });

  test("refuses documents with every error, its place, and the nearest thing that exists", async () => {
    const documents = smallFleet();
    documents[3] = { ...(documents[3] as object), spec: { region: "eu-wset", weight: -1 } };
    documents.push({ apiVersion: "fairlead.dev/v1", kind: "Regoin", metadata: { name: "x" }, spec: {} });
    const { status, body } = await send("PUT", "/v1/fleet", { documents });
    expect(status).toBe(422);
    expect(body.code).toBe("documentsInvalid");
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(["/documents/3/spec/weight"]));
    expect(body.errors.length).toBeGreaterThan(2);
    expect(JSON.stringify(body.errors)).toContain('"didYouMean":"Region"');
    expect((await get("/v1/fleet")).body.revision).toBe(0);
  });

  test.each([
    // document, field                                           code            sentence
    [region("eu-west", { ...FAR, latitude: 91 }), "location/latitude", "field.range", '"latitude" must be at most 90'],
    [{ ...CLUSTER, spec: { ...CLUSTER.spec, weight: -1 } }, "weight", "field.range", '"weight" must be at least 0'],
    [{ ...SERVICE, spec: { residency: [] } }, "residency", "field.length", '"residency" must have at least 1 entry'],
  ])("says of bounds what the command line says: %#", async (document, field, code, detail) => {
    const { body } = await send("PUT", "/v1/fleet", { documents: [document] });
    expect(body.errors).toContainEqual({ pointer: `/documents/0/spec/${field}`, code, detail });
    const { findings } = readFleet([document], { environment: "demo", development: true });
    expect(findings).toContainEqual(expect.objectContaining({ code, message: detail }));
  });

  test.each(["?dryRun=true", ""])("refuses to lose its last route (PUT /v1/fleet%s)", async (query) => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const { status, body } = await send("PUT", `/v1/fleet${query}`, { documents: [] });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: "documentsInvalid", errors: [{ pointer: "/documents", code: "fleet.empty" }] });
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 1, documents: { length: 7 } });
  });

  test("says which existing region a dangling reference may have meant", async () => {
    const documents = smallFleet();
    const route = structuredClone(ROUTE);
    documents[5] = { ...route, spec: { ...route.spec, default: { weights: { "eu-wset": 1 } } } };
    const { body } = await send("PUT", "/v1/fleet", { documents });
    expect(body.errors).toContainEqual(
      expect.objectContaining({ pointer: "/documents/5/spec/default/weights/eu-wset", didYouMean: "eu-west" }),
    );
  });
});

describe("preconditions", () => {
  test("a current tag or * is honoured, a stale one refused with the current tag", async () => {
    const first = await send("PUT", "/v1/fleet", { documents: [] }, { "if-match": "*" });
    expect(first.status).toBe(200);
    const stale = await send("PUT", "/v1/fleet", { documents: smallFleet() }, { "if-match": '"not-it"' });
    expect(stale.status).toBe(412);
    expect(stale.body.code).toBe("preconditionFailed");
    const etag = stale.headers.get("etag") ?? "";
    const fresh = await send("PUT", "/v1/fleet", { documents: smallFleet() }, { "if-match": `"x", ${etag}` });
    expect(fresh).toMatchObject({ status: 200, body: { revision: 1 } });
  });

  test("a weak tag never matches", async () => {
    const etag = (await get("/v1/fleet")).headers.get("etag");
    expect((await send("PUT", "/v1/fleet", { documents: [] }, { "if-match": `W/${etag}` })).status).toBe(412);
  });

  test("of many writers with the same tag exactly one wins", async () => {
    const etag = (await get("/v1/fleet")).headers.get("etag") ?? "";
    const fleets = [smallFleet(), smallFleet().slice(0, 3), smallFleet().slice(0, 2), smallFleet().slice(0, 1)];
    const answers = await Promise.all(
      fleets.map((documents) => send("PUT", "/v1/fleet", { documents }, { "if-match": etag })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });

  test("writers without a tag all get their turn, on a linear history", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const shifts = [10, 20, 30, 40, 50].map((weight) =>
      send("PATCH", "/v1/weights", { route: "web", rule: "europe", weights: { "eu-west": weight }, reason: "race" }),
    );
    const revisions = (await Promise.all(shifts)).map(({ body }) => body.revision).sort();
    expect(revisions).toEqual([2, 3, 4, 5, 6]);
    const { body } = await get("/v1/revisions");
    for (const { revision, parent } of body.revisions) expect(parent).toBe(revision - 1);
  });
});

describe("publication", () => {
  test("KV holds a snapshot that the edge accepts, signed with the environment's key", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const text = (await env.CONFIG.get(SNAPSHOT_KV_KEY)) ?? "";
    const signed = decodeSigned(text);
    if (!signed.ok) throw new Error(signed.error);
    expect(signed.value.keyId).toBe("test");
    const snapshot = parseSnapshot(signed.value.payload);
    expect(snapshot).toMatchObject({
      ok: true,
      value: { revision: 1, environment: "demo", beacons: ["enam", "weur"] },
    });
    expect(await verify(signed.value.payload, signed.value.signature)).toBe(true);
    expect(await verify(`${signed.value.payload} `, signed.value.signature)).toBe(false);
  });

  test("every region's vantage has a beacon that serves the same text", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const text = await env.CONFIG.get(SNAPSHOT_KV_KEY);
    for (const vantage of ["weur", "enam"]) {
      const beacon = env.BEACON.getByName(`demo:${vantage}`);
      expect(await (await beacon.fetch("https://beacon/state")).json()).toMatchObject({ revision: 1 });
      expect(await (await beacon.fetch("https://beacon/snapshot/1")).text()).toBe(text);
      expect((await beacon.fetch("https://beacon/snapshot/2")).status).toBe(404);
      expect((await beacon.fetch("https://beacon/state", { method: "POST" })).status).toBe(405);
    }
  });
});

describe("a restart", () => {
  test("loses nothing", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    await send("POST", "/v1/regions/eu-west/drain", { reason: "test" });
    const before = await get("/v1/fleet");
    await evictDurableObject(env.FLEET.getByName("demo"));
    await evictDurableObject(env.BEACON.getByName("demo:weur"));
    const after = await get("/v1/fleet");
    expect(after.body).toEqual(before.body);
    expect(after.headers.get("etag")).toBe(before.headers.get("etag"));
    const beacon = env.BEACON.getByName("demo:weur");
    expect(await (await beacon.fetch("https://beacon/state")).json()).toMatchObject({ revision: 2 });
    expect((await beacon.fetch("https://beacon/snapshot/2")).status).toBe(200);
  });
});

test("what needs no token answers without one", async () => {
  expect((await ask("/healthz")).body).toEqual({ status: "ok" });
  expect((await ask("/version")).body).toMatchObject({ name: "fairlead", environment: "demo" });
  expect((await ask("/")).body).toContain("/openapi.json");
  expect((await ask("/openapi.json")).body.openapi).toBe("3.1.0");
});

async function verify(payload: string, signature: string): Promise<boolean> {
  const jwk = { kty: "OKP", crv: "Ed25519", x: inject("signingPublicKey") };
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["verify"]);
  const bytes = Uint8Array.from(atob(signature), (char) => char.charCodeAt(0));
  return crypto.subtle.verify({ name: "Ed25519" }, key, bytes, new TextEncoder().encode(payload));
}

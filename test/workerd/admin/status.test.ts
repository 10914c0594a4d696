/** Statuses of clusters end to end: who may write which, what is refused, and what is kept. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../../../admin/store/status-store.ts";
import { STATUS_BYTES_MAX, STATUS_SKEW_MS_MAX } from "../../../config/cluster-status.ts";
import {
  declare,
  OTHER_IMAGE,
  push,
  reportingCluster,
  reportingFleet,
  reportingPair,
  signatureFor,
  statusOf,
} from "./status-support.ts";
import { ask, env, get, send } from "./support.ts";

const pair = reportingPair();

beforeEach(async () => declare(await reportingFleet([pair.blue, pair.other])));

describe("a cluster that sends its own status", () => {
  test("needs no token, and everybody with one can read it", async () => {
    const status = statusOf("eu-west-blue", { replicaLagMs: 120 });
    expect(await push(pair.blue, status)).toMatchObject({ status: 200, body: { changed: true } });
    const { body } = await get("/v1/clusters/eu-west-blue/status");
    expect(body).toMatchObject({ cluster: "eu-west-blue", status, source: { kind: "pushed" }, fresh: true, past: [] });
    expect((await ask("/v1/clusters/eu-west-blue/status")).status).toBe(401);
  });

  test("keeps what it said before, and knows since when it says something else", async () => {
    const atMs = Date.now();
    await push(pair.blue, statusOf("eu-west-blue", { atMs }));
    expect((await push(pair.blue, statusOf("eu-west-blue", { atMs: atMs + 1, replicaLagMs: 5 }))).body.changed).toBe(
      false,
    );
    await push(pair.blue, statusOf("eu-west-blue", { atMs: atMs + 2, imageDigest: OTHER_IMAGE }));
    const { body } = await get("/v1/clusters/eu-west-blue/status");
    expect(body.status.imageDigest).toBe(OTHER_IMAGE);
    expect(body.past).toMatchObject([{ status: { replicaLagMs: 5 }, untilMs: body.changedAtMs }]);
    expect(body.changedAtMs).toBeGreaterThanOrEqual(body.firstSeenMs);
  });

  test("keeps twenty of the past", async () => {
    const atMs = Date.now();
    for (let i = 0; i < 23; i += 1)
      await push(pair.blue, statusOf("eu-west-blue", { atMs: atMs + i, version: `1.${i}` }));
    const { body } = await get("/v1/clusters/eu-west-blue/status");
    expect(body.past.map((one: { status: { version: string } }) => one.status.version)).toEqual(
      Array.from({ length: 20 }, (_, i) => `1.${21 - i}`),
    );
  });

  test("is forgotten together with its document", async () => {
    await push(pair.blue, statusOf("eu-west-blue"));
    await declare((await reportingFleet([pair.other])).filter((document) => !isCluster(document, "eu-west-blue")));
    expect(await get("/v1/clusters/eu-west-blue/status")).toMatchObject({
      status: 404,
      body: { code: "clusterUnknown" },
    });
    await declare(await reportingFleet([pair.blue, pair.other]));
    expect((await get("/v1/clusters/eu-west-blue/status")).body).toEqual({
      ...{ cluster: "eu-west-blue", fresh: false, past: [] },
    });
  });
});

function isCluster(document: unknown, name: string): boolean {
  const { kind, metadata } = document as { kind: string; metadata: { name: string } }; // ours are documents
  return kind === "Cluster" && metadata.name === name;
}

describe("what is not believed", () => {
  test("a signature of another cluster, of nobody, of other bytes, or none", async () => {
    const status = JSON.stringify(statusOf("eu-west-blue"));
    const headers = (signature: string) => ({ headers: { "fairlead-signature": signature } });
    const cases = [
      await push(pair.other, status, { name: "eu-west-blue" }),
      await push(await reportingCluster("eu-west-blue", "eu-west"), status),
      await push(pair.blue, status, headers(await signatureFor(`${status} `, pair.blue))),
      await push(pair.blue, status, headers(`ed25519=${"A".repeat(86)}==`)),
      await push(pair.blue, status, headers("ed25519=no")),
      await push(pair.blue, status, headers("")),
      // A cluster that is not there is answered no differently.
      await push(pair.blue, status, { name: "eu-west-green" }),
    ];
    for (const { status: code, body, headers: sent } of cases) {
      expect({ code, problem: body.code }).toEqual({ code: 401, problem: "signatureInvalid" });
      expect(sent.get("www-authenticate")).toBe('Fairlead-Signature realm="fairlead"');
      expect(body.detail).toBe("The status is not signed with the key of that cluster.");
    }
    const { body } = await get("/v1/clusters/eu-west-blue/status");
    expect(body).not.toHaveProperty("status");
    expect(body.refused).toMatchObject({ count: 6, because: "signature" });
  });

  test("a status of another cluster, under its own signature", async () => {
    const { status, body } = await push(pair.blue, statusOf("us-east-blue"));
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: "statusInvalid", errors: [{ pointer: "/cluster", code: "status.otherCluster" }] },
    });
    expect((await get("/v1/clusters/us-east-blue/status")).body).not.toHaveProperty("status");
  });

  test("a status that was sent before, also after the object was away", async () => {
    const first = JSON.stringify(statusOf("eu-west-blue"));
    expect((await push(pair.blue, first)).status).toBe(200);
    expect(await push(pair.blue, first)).toMatchObject({ status: 409, body: { code: "statusReplayed" } });
    await evictDurableObject(env.STATUS.getByName("demo"));
    expect(await push(pair.blue, first)).toMatchObject({ status: 409, body: { code: "statusReplayed" } });
  });

  test.each([
    // off by                      status
    [STATUS_SKEW_MS_MAX - 5_000, 200],
    [STATUS_SKEW_MS_MAX + 5_000, 422],
    [-STATUS_SKEW_MS_MAX + 5_000, 200],
    [-STATUS_SKEW_MS_MAX - 5_000, 422],
  ])("a clock that is off by %i ms: %i", async (offMs, status) => {
    expect((await push(pair.blue, statusOf("eu-west-blue", { atMs: Date.now() + offMs }))).status).toBe(status);
  });

  test.each([
    // what                   body                                             status  code             first error
    ["nothing", "", 400, "bodyMalformed", "json.syntax"],
    ["half of it", "{", 400, "bodyMalformed", "json.syntax"],
    ["a key twice", '{"cluster": "a", "cluster": "b"}', 400, "bodyMalformed", "json.duplicateKey"],
    ["endless nesting", "[".repeat(30_000), 400, "bodyMalformed", "json.tooDeep"],
    ["a huge number", '{"cluster": "eu-west-blue", "atMs": 1e999}', 400, "bodyMalformed", "json.numberTooLarge"],
    ["null", "null", 422, "statusInvalid", "field.type"],
    ["an empty object", "{}", 422, "statusInvalid", "field.missing"],
    ["an unknown field", { imagedigest: "x" }, 422, "statusInvalid", "field.unknown"],
    ["a tag for a digest", { imageDigest: "latest" }, 422, "statusInvalid", "field.format"],
    ["a negative lag", { replicaLagMs: -1 }, 422, "statusInvalid", "field.range"],
    ["11 versions", { secrets: [{ name: "a", versions: Array(11).fill("v1") }] }, 422, "statusInvalid", "field.length"],
  ])("signed, but with %s", async (_, what, code, problem, first) => {
    const { status, body } = await push(pair.blue, typeof what === "string" ? what : statusOf("eu-west-blue", what));
    expect({ status, code: body.code }).toEqual({ status: code, code: problem });
    expect(body.errors[0].code).toBe(first);
  });

  test("the value of a secret, which nobody gets to see again", async () => {
    const value = "sk_live_51H8xYzQ2mNvB7cD9eF";
    const secrets = [{ name: "session-key", versions: ["v1", value], active: "v1" }];
    const { status, body } = await push(pair.blue, statusOf("eu-west-blue", { secrets }));
    expect({ status, code: body.code }).toEqual({ status: 422, code: "statusInvalid" });
    expect(body.detail).toContain("looks like the value of a secret");
    const { body: view } = await get("/v1/clusters/eu-west-blue/status");
    expect(view.refused).toMatchObject({ because: "shape" });
    expect(JSON.stringify([body, view, (await get("/v1/audit")).body])).not.toContain(value);
  });

  test("a body that is too large, whatever its length says", async () => {
    const large = JSON.stringify(statusOf("eu-west-blue", { version: "x".repeat(STATUS_BYTES_MAX) }));
    expect(await push(pair.blue, large)).toMatchObject({ status: 413, body: { code: "bodyTooLarge" } });
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(" ".repeat(8_192))),
    });
    const headers = { "content-type": "application/json", "fairlead-signature": await signatureFor("", pair.blue) };
    const answer = await ask("/v1/clusters/eu-west-blue/status", { method: "PUT", headers, body: endless });
    expect(answer.status).toBe(413);
  });

  test("strangers leave no trace in the audit log", async () => {
    const before = (await get("/v1/audit")).body.entries.length;
    for (let i = 0; i < 5; i += 1) await push(pair.other, statusOf("eu-west-blue"), { name: "eu-west-blue" });
    await push(pair.blue, "{");
    expect((await get("/v1/audit")).body.entries.length).toBe(before);
  });
});

describe("what probers bring", () => {
  const pulled = (text: string, cluster = "eu-west-blue") =>
    env.STATUS.getByName("demo").acceptPulled({
      ...{ cluster, bytes: new TextEncoder().encode(text), vantage: "weur", atMs: Date.now() },
    });

  test("is believed of the cluster that was asked", async () => {
    expect(await pulled(JSON.stringify(statusOf("eu-west-blue")))).toEqual({ accepted: true, changed: true });
    const { body } = await get("/v1/clusters/eu-west-blue/status");
    expect(body).toMatchObject({ source: { kind: "pulled", vantage: "weur" }, fresh: true });
  });

  test.each([
    // what                      text                        of               because
    ["another cluster's", () => statusOf("us-east-blue"), "eu-west-blue", "otherCluster"],
    ["a stranger's", () => statusOf("nobody"), "nobody", "unknownCluster"],
    ["a page", () => "<!doctype html>", "eu-west-blue", "json"],
    ["too much", () => " ".repeat(STATUS_BYTES_MAX + 1), "eu-west-blue", "tooLarge"],
  ])("%s is refused", async (_, answer, cluster, because) => {
    const text = answer();
    const receipt = await pulled(typeof text === "string" ? text : JSON.stringify(text), cluster);
    expect(receipt).toMatchObject({ accepted: false, because: { code: because } });
  });

  test("bytes that are no text are refused", async () => {
    const bytes = Uint8Array.from([0xff, 0xfe, 0x00]);
    const receipt = await env.STATUS.getByName("demo").acceptPulled({
      ...{ cluster: "eu-west-blue", bytes, vantage: "weur", atMs: Date.now() },
    });
    expect(receipt).toMatchObject({ accepted: false, because: { code: "encoding" } });
  });

  test("says how far data is behind", async () => {
    await pulled(JSON.stringify(statusOf("eu-west-blue", { replicaLagMs: 1_500 })));
    await pulled(JSON.stringify(statusOf("us-east-blue")), "us-east-blue");
    expect(await env.STATUS.getByName("demo").readLag()).toEqual({ "eu-west-blue": 1_500 });
  });
});

test("a status can be sent while the fleet object is down", async () => {
  await send("POST", "/v1/development/fail", { object: "fleet", failing: true });
  expect((await push(pair.blue, statusOf("eu-west-blue"))).status).toBe(200);
  await send("POST", "/v1/development/fail", { object: "fleet", failing: false });
});

describe("what is declared", () => {
  const storedRevision = () =>
    runInDurableObject(env.STATUS.getByName("demo"), (_, { storage }) => loadConfig(storage.sql)?.revision);

  test("is not sent again by revisions that change nothing of it", async () => {
    const stored = await storedRevision();
    const { body } = await send("POST", "/v1/regions/eu-west/drain", { reason: "a drill" });
    expect(body).toMatchObject({ revision: Number(stored) + 1 });
    expect(await storedRevision()).toBe(stored);
    await send("PUT", "/v1/fleet", { documents: await reportingFleet([pair.blue]) });
    expect(await storedRevision()).toBe(Number(stored) + 2);
  });
});

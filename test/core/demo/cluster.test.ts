/** A demo cluster as a client and as the one who breaks it see it, over real sockets. */
import { createPublicKey, verify } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ClusterStatus } from "../../../config/cluster-status.ts";
import { type DemoCluster, startDemoCluster } from "../../../scripts/demo/cluster.ts";
import { statusKeyOf } from "../../../scripts/demo/status-key.ts";

const KEY = statusKeyOf("a secret", "eu-west-blue");

let cluster: DemoCluster;

beforeAll(async () => {
  cluster = await startDemoCluster({
    name: "eu-west-blue",
    region: "eu-west",
    version: "1.0.0",
    report: { version: "1.0.0", keyIds: ["k1"] },
    statusKey: KEY,
    port: 0,
    controlPort: 0,
  });
});
afterEach(async () => {
  await setFault({ kind: "none" });
  await fetch(`${cluster.control}/reset-counters`, { method: "POST" });
});
afterAll(() => cluster.stop());

function setFault(fault: unknown): Promise<Response> {
  return fetch(`${cluster.control}/fault`, { method: "POST", body: JSON.stringify(fault) });
}

async function counters(): Promise<unknown> {
  const state: unknown = await (await fetch(cluster.control)).json();
  return state;
}

describe("what it says of itself", () => {
  const tell = (body: string) => fetch(`${cluster.control}/status`, { method: "POST", body });
  const asked = async () => ClusterStatus.parse(await (await fetch(`${cluster.url}/.well-known/fairlead`)).json());

  test("is its report, now, and signed", async () => {
    const response = await fetch(`${cluster.url}/.well-known/fairlead`);
    const body = await response.text();
    const status = ClusterStatus.parse(JSON.parse(body));
    expect(status).toMatchObject({ cluster: "eu-west-blue", version: "1.0.0", keyIds: ["k1"] });
    expect(Math.abs(status.atMs - Date.now())).toBeLessThan(5_000);
    const signature = Buffer.from((response.headers.get("fairlead-signature") ?? "").replace("ed25519=", ""), "base64");
    const x = Buffer.from(KEY.publicKey, "base64").toString("base64url");
    const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
    expect(verify(null, Buffer.from(`fairlead-status/1\n${body}`), key, signature)).toBe(true);
  });

  test("can be changed, field by field", async () => {
    expect((await tell('{"version": "1.0.1", "replicaLagMs": 70}')).status).toBe(200);
    expect(await asked()).toMatchObject({ version: "1.0.1", replicaLagMs: 70, keyIds: ["k1"] });
    await tell('{"replicaLagMs": null, "version": "1.0.0"}');
    expect(await asked()).not.toHaveProperty("replicaLagMs");
  });

  test.each([
    ["", /must be JSON/],
    ["[]", /must be an object/],
    ['{"imageDigest": "latest"}', /imageDigest: must be sha256/],
    ['{"colour": "red"}', /Unrecognized key/],
    ['{"cluster": "us-east-blue"}', /Unrecognized key/],
    [`{"version": "${"x".repeat(5_000)}"}`, /more than 4096 bytes/],
  ])("not to %.40s", async (body, why) => {
    const response = await tell(body);
    expect(response.ok).toBe(false);
    expect(((await response.json()) as { error: string }).error).toMatch(why);
    expect(await asked()).toMatchObject({ version: "1.0.0" });
  });

  test("fails with the rest of it", async () => {
    await setFault({ kind: "failing" });
    expect((await fetch(`${cluster.url}/.well-known/fairlead`)).status).toBe(503);
    expect((await fetch(`${cluster.control}/status`)).status).toBe(200);
  });
});

describe("a cluster that is well", () => {
  test("says who it is and what it was asked, on any path", async () => {
    const response = await fetch(`${cluster.url}/basket/7?size=m`, {
      method: "DELETE",
      headers: { "x-shop": "berlin" },
    });
    expect(await response.json()).toMatchObject({
      cluster: "eu-west-blue",
      region: "eu-west",
      version: "1.0.0",
      request: { method: "DELETE", path: "/basket/7?size=m", headers: { "x-shop": "berlin" } },
    });
  });

  test.each(["POST", "PUT", "PATCH"])("echoes an upload by %s with its type", async (method) => {
    const body = Buffer.alloc(300_000, 7);
    const response = await fetch(`${cluster.url}/echo`, { method, body, headers: { "content-type": "image/png" } });
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
  });

  test("streams as many chunks as asked for", async () => {
    const text = await (await fetch(`${cluster.url}/stream?chunks=3&intervalMs=1`)).text();
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).chunk),
    ).toEqual([1, 2, 3]);
  });

  test.each(["/stream?chunks=1001", "/stream?intervalMs=-1", "/stream?chunks=x", "/sse?events=9999999"])(
    "%s is over the bounds",
    async (path) => {
      expect((await fetch(cluster.url + path)).status).toBe(400);
    },
  );

  test("sends events that go on after Last-Event-ID", async () => {
    const headers = { "last-event-id": "41" };
    const text = await (await fetch(`${cluster.url}/sse?events=2&intervalMs=1`, { headers })).text();
    expect(text.match(/^id: \d+$/gm)).toEqual(["id: 42", "id: 43"]);
  });

  test("stops sending events when the client leaves", async () => {
    const left = new AbortController();
    await fetch(`${cluster.url}/sse`, { signal: left.signal });
    expect(await counters()).toMatchObject({ counters: { inFlight: 1 } });
    left.abort();
    await expect.poll(counters).toMatchObject({ counters: { inFlight: 0 } });
  });

  test("echoes WebSocket messages, text and binary, and the close code", async () => {
    const socket = new WebSocket(`${cluster.url.replace("http", "ws")}/ws`, "chat");
    socket.binaryType = "arraybuffer";
    const messages: unknown[] = [];
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    socket.addEventListener("message", ({ data }) => {
      messages.push(data instanceof ArrayBuffer ? data.byteLength : data);
      if (messages.length === 2) socket.close(4001, "done");
    });
    socket.addEventListener("open", () => {
      socket.send("guten Tag");
      socket.send(new Uint8Array(70_000));
    });
    expect((await closed).code).toBe(4001);
    expect(socket.protocol).toBe("chat");
    expect(messages).toEqual(["guten Tag", 70_000]);
  });

  test("counts requests by path, and what probers ask apart", async () => {
    await fetch(`${cluster.url}/healthz`);
    await fetch(`${cluster.url}/.well-known/fairlead`);
    // A drain was once measured by a prober that came to read the status a second after it.
    expect(await counters()).toMatchObject({ counters: { requests: 0, lastRequestMs: null } });
    await fetch(`${cluster.url}/a?x=1`);
    await fetch(`${cluster.url}/a?x=2`);
    expect(await counters()).toMatchObject({
      fault: { kind: "none" },
      counters: { requests: 2, healthChecks: 1, statusReads: 1, inFlight: 0, byPath: { "/a": 2 } },
    });
  });
});

describe("a cluster with a fault", () => {
  test("slow answers late", async () => {
    await setFault({ kind: "slow", delayMs: 150 });
    const startedMs = performance.now();
    expect((await fetch(cluster.url)).status).toBe(200);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(140);
  });

  test("failing fails its health check too", async () => {
    await setFault({ kind: "failing", status: 500 });
    expect((await fetch(cluster.url)).status).toBe(500);
    expect((await fetch(`${cluster.url}/healthz`)).status).toBe(500);
  });

  test("hanging accepts and never answers", async () => {
    await setFault({ kind: "hanging" });
    const answer = fetch(cluster.url, { signal: AbortSignal.timeout(200) });
    await expect(answer).rejects.toMatchObject({ name: "TimeoutError" });
    expect(await counters()).toMatchObject({ counters: { requests: 1 } });
  });

  test("resetting breaks the connection", async () => {
    await setFault({ kind: "resetting" });
    await expect(fetch(cluster.url)).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
  });

  test("down refuses connections until it is none", async () => {
    await setFault({ kind: "down" });
    await expect(fetch(cluster.url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    await setFault({ kind: "none" });
    expect((await fetch(cluster.url)).status).toBe(200);
  });

  test("down for one vantage resets what its prober asks, and answers everybody else", async () => {
    await setFault({ kind: "down", vantages: ["apac"] });
    const probe = (vantage: string) => fetch(`${cluster.url}/healthz`, { headers: { "fairlead-vantage": vantage } });
    await expect(probe("apac")).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    expect((await probe("weur")).status).toBe(200);
    expect((await fetch(cluster.url)).status).toBe(200);
    expect(await counters()).toMatchObject({ fault: { kind: "down", vantages: ["apac"] } });
  });

  test("stays as it is when the control port does not understand", async () => {
    const response = await setFault({ kind: "sleepy" });
    expect(response.status).toBe(400);
    expect(await counters()).toMatchObject({ fault: { kind: "none" } });
  });

  test.each([
    ["POST", "/fault", "x".repeat(5_000), 413],
    ["POST", "/", "", 404],
    ["GET", "/fault", undefined, 404],
  ])("%s %s on the control port is refused", async (method, path, body, status) => {
    const response = await fetch(cluster.control + path, { method, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(status);
  });
});

test("a cluster whose control port is taken does not leave its data port open", async () => {
  const controlPort = Number(new URL(cluster.control).port);
  const started = startDemoCluster({ name: "x", region: "x", version: "1", port: 0, controlPort });
  await expect(started).rejects.toMatchObject({ code: "EADDRINUSE" });
});

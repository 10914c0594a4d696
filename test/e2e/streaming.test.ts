/** What is not one small answer: streams in both directions, events and sockets, through the edge. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { geoHeader, useClient } from "./client.ts";
import { useDemo } from "./demo.ts";

const demo = useDemo();
const client = useClient(demo);

/** When each chunk arrived, in milliseconds since the request. */
async function arrivals(response: Response, startedMs: number): Promise<number[]> {
  const times: number[] = [];
  for await (const _ of response.body ?? []) times.push(performance.now() - startedMs);
  return times;
}

test("chunks arrive when the cluster sends them, not when it is done", async () => {
  const startedMs = performance.now();
  const response = await fetch(`${demo().state.edge}/stream?chunks=5&intervalMs=200`, { headers: geoHeader("DE") });
  const times = await arrivals(response, startedMs);
  expect(times.length).toBe(5);
  expect(times[0]).toBeLessThan(500);
  expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(600);
});

test("an upload of 20 MB comes back byte for byte", async () => {
  const upload = randomBytes(20_000_000);
  const response = await fetch(`${demo().state.edge}/echo`, {
    method: "POST",
    body: upload,
    headers: { ...geoHeader("US"), "content-type": "video/mp4" },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("video/mp4");
  expect(Buffer.from(await response.arrayBuffer()).equals(upload)).toBe(true);
});

test("events arrive one by one, and the cluster hears when the client leaves", async () => {
  const left = new AbortController();
  const response = await fetch(`${demo().state.edge}/sse?intervalMs=50`, {
    headers: { ...geoHeader("IN"), "last-event-id": "6" },
    signal: left.signal,
  });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes("id: 9")) break;
  }
  expect(text.match(/^id: \d+$/gm)).toEqual(["id: 7", "id: 8", "id: 9"]);
  left.abort();
  const inFlight = async () =>
    (await client().counters("ap-south-blue")).inFlight + (await client().counters("ap-south-green")).inFlight;
  await expect.poll(inFlight, { timeout: 5_000 }).toBe(0);
});

test("a WebSocket passes, with its subprotocol, text, bytes and close code", async () => {
  const socket = new WebSocket(`${demo().state.edge.replace("http", "ws")}/ws`, ["chat"]);
  socket.binaryType = "arraybuffer";
  const messages: unknown[] = [];
  const closed = new Promise<CloseEvent>((resolve, reject) => {
    socket.addEventListener("close", resolve);
    socket.addEventListener("error", () => reject(new Error("the socket failed")));
  });
  socket.addEventListener("open", () => {
    socket.send("guten Tag");
    socket.send(new Uint8Array(100_000));
  });
  socket.addEventListener("message", ({ data }) => {
    messages.push(data instanceof ArrayBuffer ? data.byteLength : data);
    if (messages.length === 2) socket.close(4001, "done");
  });
  const { code, reason } = await closed;
  expect({ code, reason, protocol: socket.protocol }).toEqual({ code: 4001, reason: "done", protocol: "chat" });
  expect(messages).toEqual(["guten Tag", 100_000]);
});

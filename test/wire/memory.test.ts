/** Bodies are streamed: 200 MB through the edge, either way, or for a reader who stops reading, leave its memory flat. */
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Edge, type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import { wireSnapshot } from "../faults/fleets.ts";
import { type Listener, listen } from "../faults/listener.ts";
import { RawConnection } from "../faults/raw-connection.ts";
import { play, type Step, send } from "../faults/steps.ts";
import { requestText } from "./lanes.ts";

const PART = Buffer.alloc(1024 * 1024, 0x61);
const PARTS = 200;
const BODY_BYTES = PART.length * PARTS;

/** What buffers of sockets and a garbage collector that has not run yet may take; a fifth of the body would not fit. */
const GROWTH_BYTES_MAX = 40 * 1024 * 1024;

let origin: Listener;
let onRequest: (socket: Socket) => void;
let prepared: PreparedEdge;
let edge: Edge;

beforeAll(async () => {
  origin = await listen((socket) => onRequest(socket));
  prepared = await prepareEdge({ snapshot: wireSnapshot([`http://127.0.0.1:${origin.port}`]) });
});
afterAll(async () => {
  await prepared.dispose();
  await origin.dispose();
});
beforeEach(async () => {
  edge = await prepared.start();
  return () => edge.dispose();
});

/** The most that was ever in memory; from Linux, which knows it without being asked in time. */
async function residentBytesMax(): Promise<number> {
  const status = await readFile(`/proc/${edge.pid}/status`, "utf8");
  const kilobytes = /^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error("the process tells no resident size");
  return Number(kilobytes) * 1024;
}

/** One small request, so that growth is not that of starting. */
async function warmUp(): Promise<void> {
  onRequest = (socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwarm"));
  const connection = await RawConnection.open(edge.port);
  await connection.send(requestText({}));
  expect(await connection.waitFor("warm")).toBe(true);
  connection.destroy();
}

function* body(): Generator<Step> {
  for (let i = 0; i < PARTS; i++) yield send(PART);
}

const ANSWER_HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;

function answerWithBody(socket: Socket): void {
  socket.once("data", () => {
    socket.write(ANSWER_HEAD);
    void play(socket, body());
  });
}

test("an upload", async () => {
  await warmUp();
  const before = await residentBytesMax();
  let receivedBytes = 0;
  onRequest = (socket) =>
    socket.on("data", (bytes: Buffer) => {
      receivedBytes += bytes.length;
      if (receivedBytes > BODY_BYTES) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall");
    });
  const connection = await RawConnection.open(edge.port);
  await connection.send(`PUT / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
  await connection.play(body());
  expect(await connection.waitFor("\r\n\r\nall", 30_000)).toBe(true);
  expect((await residentBytesMax()) - before).toBeLessThan(GROWTH_BYTES_MAX);
  connection.destroy();
});

test("a download", async () => {
  await warmUp();
  const before = await residentBytesMax();
  onRequest = answerWithBody;
  const connection = await RawConnection.open(edge.port, { keep: false });
  await connection.send(requestText({}));
  expect(await connection.waitUntil(({ receivedBytes }) => receivedBytes > BODY_BYTES, 30_000)).toBe(true);
  expect((await residentBytesMax()) - before).toBeLessThan(GROWTH_BYTES_MAX);
  connection.destroy();
});

test("a download that nobody reads", async () => {
  await warmUp();
  const before = await residentBytesMax();
  onRequest = answerWithBody;
  const connection = await RawConnection.open(edge.port, { keep: false });
  connection.pause();
  await connection.send(requestText({}));
  // Long enough for the whole body, if anybody were to take it in.
  await sleep(2_000);
  expect((await residentBytesMax()) - before).toBeLessThan(GROWTH_BYTES_MAX);
  connection.destroy();
});

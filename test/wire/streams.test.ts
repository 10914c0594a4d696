/**
 * Bodies and connections that live for a while: uploads, downloads, event streams, WebSockets. They pass as they come,
 * nothing waits for an end, and what breaks off on one side breaks off on the other.
 */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answer, chunk, LAST_CHUNK, rawAnswer } from "../faults/answers.ts";
import { values } from "../faults/raw-client.ts";
import { RawConnection } from "../faults/raw-connection.ts";
import { FIN, pause, RESET, type Step, send } from "../faults/steps.ts";
import {
  acceptOf,
  closeFrame,
  echoAnswer,
  HANDSHAKE_LINES,
  serverTextFrame,
  textFrame,
  WEBSOCKET_KEY,
} from "../faults/websocket.ts";
import { HOST, type Lanes, openLanes, requestText } from "./lanes.ts";

let lanes: Lanes;
beforeAll(async () => {
  lanes = await openLanes();
});
afterAll(() => lanes.dispose());
beforeEach(() => lanes.origin.serve({}));

const BIG = Buffer.alloc(5 * 1024 * 1024, "0123456789abcdef\n");

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function head(method: string, lines: readonly string[]): string {
  return [`${method} / HTTP/1.1`, `Host: ${HOST}`, ...lines, "", ""].join("\r\n");
}

const LENGTH_HEAD = head("PUT", ["Content-Length: 100000"]);
const CHUNKED_HEAD = head("PUT", ["Transfer-Encoding: chunked"]);
const PART = Buffer.alloc(20_000, 0x61);

describe("uploads that break off are never complete for the cluster", () => {
  test.each<readonly [string, readonly Step[]]>([
    ["an end before the length", [send(LENGTH_HEAD), send(PART), pause(50), FIN]],
    ["a reset before the length", [send(LENGTH_HEAD), send(PART), pause(50), RESET]],
    ["an end between chunks", [send(CHUNKED_HEAD), send(chunk(PART)), pause(50), FIN]],
    ["a reset between chunks", [send(CHUNKED_HEAD), send(chunk(PART)), pause(50), RESET]],
    ["an end inside of a chunk", [send(CHUNKED_HEAD), send(chunk(PART).subarray(0, 500)), pause(50), FIN]],
    ["a chunk size that is none", [send(CHUNKED_HEAD), send(chunk(PART)), pause(50), send("zz\r\n")]],
  ])("%s", async (_what, request) => {
    await lanes.send("edge", { request, method: "PUT", deadlineMs: 1_000 });
    await expect.poll(() => lanes.origin.requests().map(({ state }) => state)).toEqual(["cut"]);
  });
});

describe("whole bodies", () => {
  test.each<readonly [string, readonly Step[]]>([
    ["with a length", [send(head("PUT", [`Content-Length: ${BIG.length}`])), send(BIG)]],
    ["in chunks", [send(CHUNKED_HEAD), send(chunk(BIG)), send(LAST_CHUNK)]],
  ])("an upload of 5 MB %s arrives byte for byte", async (_what, request) => {
    const { client, received } = await lanes.send("edge", { request, method: "PUT" });
    expect(client.status).toBe(200);
    expect(received.map(({ state, content }) => [state, digest(content)])).toEqual([["complete", digest(BIG)]]);
  });

  test.each<readonly [string, Step]>([
    ["with a length", answer({ status: "200 OK", content: BIG })],
    [
      "in chunks",
      rawAnswer({
        status: "200 OK",
        lines: ["Transfer-Encoding: chunked"],
        content: Buffer.concat([chunk(BIG), LAST_CHUNK]),
      }),
    ],
  ])("a download of 5 MB %s arrives byte for byte", async (_what, step) => {
    const { client } = await lanes.send("edge", { request: requestText({}) }, { answer: () => [step] });
    expect([client.ending, digest(client.content)]).toEqual(["complete", digest(BIG)]);
  });

  test("an answer comes while the client is still sending", async () => {
    lanes.origin.serve({ answerHead: () => [answer({ status: "413 Too Large", content: "too large" })] });
    const connection = await RawConnection.open(lanes.edge.port);
    await connection.send(head("PUT", ["Content-Length: 1000000"]));
    await connection.send(PART);
    expect(await connection.waitFor("too large")).toBe(true);
    expect(connection.received.toString()).toContain("HTTP/1.1 413");
    connection.destroy();
  });
});

describe("event streams", () => {
  /** The origin sends an event only when the client has seen the one before: any buffering in between would hang. */
  test("each event arrives without waiting for the next", async () => {
    let stream: Socket | undefined;
    lanes.origin.serve({
      answer: () => ({
        takeOver: (socket) => {
          stream = socket;
          socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        },
      }),
    });
    const connection = await RawConnection.open(lanes.edge.port);
    await connection.send(requestText({ lines: ["Accept: text/event-stream"] }));
    expect(await connection.waitFor("text/event-stream")).toBe(true);
    const delaysMs: number[] = [];
    for (let i = 1; i <= 20; i++) {
      const sentMs = performance.now();
      stream?.write(chunk(`id: ${i}\ndata: event ${i}\n\n`));
      expect(await connection.waitFor(`data: event ${i}\n\n`, 2_000), `event ${i}`).toBe(true);
      delaysMs.push(performance.now() - sentMs);
    }
    delaysMs.sort((a, b) => a - b);
    expect(delaysMs[10]).toBeLessThan(50);
    connection.destroy();
    stream?.destroy();
  });

  test("a stream that is silent for longer than the time to first byte goes on", async () => {
    const events: readonly Step[] = [
      rawAnswer({ status: "200 OK", lines: ["Content-Type: text/event-stream", "Transfer-Encoding: chunked"] }),
      send(chunk("data: before\n\n")),
      pause(2_500),
      send(chunk("data: after\n\n")),
      send(LAST_CHUNK),
    ];
    const { client } = await lanes.send("edge", { request: requestText({}) }, { answer: () => events });
    expect(client).toMatchObject({ status: 200, ending: "complete" });
    expect(client.content.toString()).toBe("data: before\n\ndata: after\n\n");
  });

  // A FIN alone may come from a client that only has nothing more to say; that nobody reads is seen at the next event.
  test.each([
    ["is reset while nothing happens", [RESET], undefined],
    ["is closed, at the next event", [FIN], 100],
  ])("a client that %s is gone for the cluster, too", async (_what, steps, eventMs) => {
    let closed = false;
    lanes.origin.serve({
      answer: () => ({
        takeOver: (socket) => {
          const timer =
            eventMs === undefined ? undefined : setInterval(() => socket.write(chunk("data: x\n\n")), eventMs);
          socket.resume();
          socket.once("end", () => socket.end());
          socket.once("close", () => {
            clearInterval(timer);
            closed = true;
          });
          socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
          socket.write(chunk("data: hello\n\n"));
        },
      }),
    });
    const connection = await RawConnection.open(lanes.edge.port);
    await connection.send(requestText({}));
    expect(await connection.waitFor("data: hello")).toBe(true);
    await connection.play(steps);
    connection.destroy();
    await expect.poll(() => closed, { timeout: 2_000 }).toBe(true);
  });
});

describe("WebSockets", () => {
  async function shakeHands(lines: readonly string[] = []): Promise<RawConnection> {
    const connection = await RawConnection.open(lanes.edge.port);
    await connection.send(requestText({ lines: [...HANDSHAKE_LINES, ...lines] }));
    await connection.waitFor("\r\n\r\n");
    return connection;
  }

  function serveEcho(lines: readonly string[] = []): void {
    lanes.origin.serve({ answer: (request) => echoAnswer(values(request, "sec-websocket-key")[0] ?? "", { lines }) });
  }

  test("a handshake reaches the cluster and its answer proves itself to the client", async () => {
    serveEcho(["Sec-WebSocket-Protocol: chat"]);
    const connection = await shakeHands(["Sec-WebSocket-Protocol: chat, superchat", "Cookie: a=1"]);
    const answered = connection.received.toString("latin1").toLowerCase();
    expect(answered).toContain("http/1.1 101 ");
    expect(answered).toContain(`sec-websocket-accept: ${acceptOf(WEBSOCKET_KEY).toLowerCase()}`);
    expect(answered).toContain("sec-websocket-protocol: chat\r\n");
    const [request] = lanes.origin.requests();
    if (request === undefined) throw new Error("the origin got no handshake");
    expect(values(request, "upgrade").map((value) => value.toLowerCase())).toEqual(["websocket"]);
    expect(values(request, "connection").map((value) => value.toLowerCase())).toEqual(["upgrade"]);
    expect(values(request, "sec-websocket-version")).toEqual(["13"]);
    expect(values(request, "sec-websocket-protocol")).toEqual(["chat, superchat"]);
    expect(values(request, "cookie")).toEqual(["a=1"]);
    expect(values(request, "via")).toEqual(["1.1 fairlead"]);
    connection.destroy();
  });

  test.each([
    ["as Firefox asks", ["Connection: keep-alive, Upgrade", "Upgrade: websocket"]],
    ["in other case", ["connection: upgrade", "upgrade: WebSocket"]],
  ])("a handshake %s", async (_what, lines) => {
    serveEcho();
    const connection = await RawConnection.open(lanes.edge.port);
    const others = HANDSHAKE_LINES.filter((line) => line.startsWith("Sec-"));
    await connection.send(requestText({ lines: [...lines, ...others] }));
    expect(await connection.waitFor("HTTP/1.1 101 ")).toBe(true);
    await connection.send(textFrame("hello"));
    expect(await connection.waitUntil(({ received }) => received.includes(serverTextFrame("hello")))).toBe(true);
    connection.destroy();
  });

  test("messages go both ways, small and large", async () => {
    serveEcho();
    const connection = await shakeHands();
    for (const text of ["hello", "x".repeat(200), "y".repeat(100_000)]) {
      await connection.send(textFrame(text));
      const echoed = serverTextFrame(text);
      expect(await connection.waitUntil(({ received }) => received.includes(echoed))).toBe(true);
    }
    connection.destroy();
  });

  test("a close code goes through and comes back", async () => {
    serveEcho();
    const connection = await shakeHands();
    await connection.send(closeFrame(4001));
    expect(await connection.waitUntil(({ received }) => received.includes(Buffer.from([0x88, 2, 0x0f, 0xa1])))).toBe(
      true,
    );
    expect(await connection.waitUntil(({ ended }) => ended !== "open")).toBe(true);
  });

  test("a connection that the cluster breaks is broken for the client", async () => {
    lanes.origin.serve({
      answer: (request) => ({
        takeOver: (socket, rest) => {
          const echo = echoAnswer(values(request, "sec-websocket-key")[0] ?? "");
          if ("takeOver" in echo) echo.takeOver(socket, rest);
          socket.once("data", () => socket.resetAndDestroy());
        },
      }),
    });
    const connection = await shakeHands();
    await connection.send(textFrame("die"));
    expect(await connection.waitUntil(({ ended }) => ended !== "open")).toBe(true);
  });

  test("a handshake that the cluster refuses is refused with the cluster's answer", async () => {
    lanes.origin.serve({ answer: () => [answer({ status: "403 Forbidden", content: "not you" })] });
    const connection = await shakeHands();
    expect(await connection.waitFor("not you")).toBe(true);
    expect(connection.received.toString()).toContain("HTTP/1.1 403");
    connection.destroy();
  });
});

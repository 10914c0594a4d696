/**
 * The runtime keeps connections to clusters and uses them again. One that died meanwhile is where proxies send a request
 * twice, or lose one: whatever happens, what is not safe to repeat reaches a cluster at most once.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { OK } from "../faults/answers.ts";
import { type Edge, type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";
import { wireSnapshot } from "../faults/fleets.ts";
import { exchange, type RawAnswer } from "../faults/raw-client.ts";
import { type RecordedRequest, type RecordingServer, startRecordingServer } from "../faults/recording-server.ts";
import { FIN, pause, RESET, type Step } from "../faults/steps.ts";
import { requestText } from "./lanes.ts";

let origin: RecordingServer;
let second: RecordingServer;
let proxy: FaultProxy;
let prepared: PreparedEdge;
let edge: Edge;

beforeAll(async () => {
  origin = await startRecordingServer();
  second = await startRecordingServer();
  proxy = await startFaultProxy({ upstreamPort: origin.port, seed: 3 });
  prepared = await prepareEdge({ snapshot: wireSnapshot([proxy.url, second.url]) });
});
afterAll(async () => {
  await prepared.dispose();
  await proxy.dispose();
  await origin.dispose();
  await second.dispose();
});
beforeEach(async () => {
  origin.serve({});
  second.serve({});
  edge = await prepared.start();
  return () => edge.dispose();
});

const READ = requestText({ target: "/read" });
const WRITE = requestText({ method: "POST", target: "/write", content: "once" });
const EMPTY_WRITE = requestText({ method: "POST", target: "/write" });

function ask(request: string): Promise<RawAnswer> {
  return exchange({ port: edge.port, request, deadlineMs: 5_000 });
}

/** How often a request for that path arrived whole, at either cluster. */
function timesReceived(path: string): number {
  const arrived = (server: RecordingServer) => server.requests().filter(isFor(path)).length;
  return arrived(origin) + arrived(second);
}

function isFor(path: string) {
  return ({ startLine, state }: RecordedRequest) => state === "complete" && startLine.includes(` ${path} `);
}

test("a connection is kept, or the rows below show nothing", async () => {
  await ask(READ);
  await ask(READ);
  expect(new Set(origin.requests().map(({ connection }) => connection)).size).toBe(1);
});

describe("the cluster broke the connection while nobody used it", () => {
  test("a read is answered", async () => {
    await ask(READ);
    proxy.resetConnections();
    expect((await ask(READ)).status).toBe(200);
  });

  // Whether the runtime has noticed is a race, so 200 is not promised; "not lost in silence and not twice" is.
  test.each([
    ["a write", WRITE],
    ["a write without a body", EMPTY_WRITE],
  ])("%s is answered or its client is told, and it arrives at most once", async (_what, request) => {
    await ask(READ);
    proxy.resetConnections();
    const { status } = await ask(request);
    expect([200, 502]).toContain(status);
    expect(timesReceived("/write")).toBe(status === 200 ? 1 : 0);
  });
});

describe("the cluster breaks the connection when the next request has come in by it", () => {
  const ENDINGS: readonly (readonly [string, readonly Step[]])[] = [
    ["by FIN", [FIN]],
    ["by RST", [RESET]],
    ["late, by FIN", [pause(100), FIN]],
  ];

  /** Answers the first request on a connection and breaks it off at the second. */
  function breakAtSecond(steps: readonly Step[]): void {
    const seen = new Set<number>();
    origin.serve({
      answer: ({ connection }) => {
        if (seen.has(connection)) return steps;
        seen.add(connection);
        return [OK];
      },
    });
  }

  test.each(ENDINGS)("%s: a read is answered", async (_how, steps) => {
    breakAtSecond(steps);
    await ask(READ);
    expect((await ask(READ)).status).toBe(200);
  });

  test.each(
    ENDINGS.flatMap(([how, steps]) => [
      { how, steps, what: "a write", request: WRITE },
      { how, steps, what: "a write without a body", request: EMPTY_WRITE },
    ]),
  )("$how: $what is not repeated, and its client is told", async ({ steps, request }) => {
    breakAtSecond(steps);
    await ask(READ);
    expect((await ask(request)).status).toBe(502);
    expect(timesReceived("/write")).toBe(1);
  });
});

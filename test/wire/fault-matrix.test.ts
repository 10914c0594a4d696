/** The edge between a client and two clusters, the first of them broken: every cell of `fault-matrix.ts`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer, chunk, LAST_CHUNK, rawAnswer } from "../faults/answers.ts";
import { type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";
import { wireSnapshot } from "../faults/fleets.ts";
import { exchange, type RawAnswer, values } from "../faults/raw-client.ts";
import { RawConnection } from "../faults/raw-connection.ts";
import {
  type Answer,
  type RecordedRequest,
  type RecordingServer,
  startRecordingServer,
} from "../faults/recording-server.ts";
import { echoAnswer, HANDSHAKE_LINES, serverTextFrame, textFrame } from "../faults/websocket.ts";
import {
  FAULT_MATRIX,
  type Outcome,
  REQUEST_KINDS,
  REQUEST_TITLES,
  type RequestKind,
  renderFaultMatrix,
} from "./fault-matrix.ts";
import { requestText } from "./lanes.ts";

/** Longer than everything that ends by itself. */
const PATIENCE_MS = 3_500;

const SEED = 20_261_123;

type ClusterName = "first" | "second";
type Cluster = { readonly origin: RecordingServer; readonly proxy: FaultProxy };

let first: Cluster;
let second: Cluster;
let prepared: PreparedEdge;

beforeAll(async () => {
  first = await startCluster("first");
  second = await startCluster("second");
  prepared = await prepareEdge({ snapshot: wireSnapshot([first.proxy.url, second.proxy.url]) });
});
afterAll(async () => {
  await prepared.dispose();
  for (const { proxy, origin } of [first, second]) {
    await proxy.dispose();
    await origin.dispose();
  }
});

async function startCluster(name: ClusterName): Promise<Cluster> {
  const origin = await startRecordingServer({ answer: (request) => answerAs(name, request) });
  return { origin, proxy: await startFaultProxy({ upstreamPort: origin.port, seed: SEED }) };
}

/** Each answer says who gives it, and is long enough to be broken in the middle. */
function answerAs(name: ClusterName, request: RecordedRequest): Answer {
  const [key] = values(request, "sec-websocket-key");
  if (key !== undefined) return echoAnswer(key, { greeting: name });
  const content = `${name} ${".".repeat(600)}`;
  if (!request.startLine.includes("/events")) {
    return [answer({ status: "200 OK", lines: ["Content-Type: text/plain", "Cache-Control: no-store"], content })];
  }
  const events = Buffer.concat([chunk(`data: ${name}\n\n`), chunk(`data: ${content}\n\n`), LAST_CHUNK]);
  const lines = ["Content-Type: text/event-stream", "Transfer-Encoding: chunked"];
  return [rawAnswer({ status: "200 OK", lines, content: events })];
}

const UPLOAD = "u".repeat(5 * 1024 * 1024);

const REQUESTS: Readonly<Record<Exclude<RequestKind, "webSocket">, string>> = {
  get: requestText({}),
  post: requestText({ method: "POST", content: "hello" }),
  // Without a length: one of 0 already gives the Worker a body, which is never sent twice.
  emptyPost: requestText({ method: "POST" }),
  upload: requestText({ method: "PUT", content: UPLOAD }),
  events: requestText({ target: "/events", lines: ["Accept: text/event-stream"] }),
};

function ask(kind: RequestKind, port: number): Promise<Outcome> {
  if (kind === "webSocket") return askByWebSocket(port);
  return exchange({ port, request: REQUESTS[kind], deadlineMs: PATIENCE_MS }).then(outcomeOf);
}

function outcomeOf({ ending, status, content, lines }: RawAnswer): Outcome {
  if (ending === "deadline") return "waits";
  if (ending !== "complete") return "cut";
  if (status === 200) return content.includes("second") ? "second" : "first";
  // Only the edge answers with a problem, and only these two are promised here.
  if (values({ lines }, "proxy-status").length === 1 && (status === 502 || status === 504)) return `${status}`;
  throw new Error(`an answer that no cell has: ${status} ${content.toString()}`);
}

async function askByWebSocket(port: number): Promise<Outcome> {
  const connection = await RawConnection.open(port);
  try {
    await connection.send(requestText({ lines: HANDSHAKE_LINES }));
    await connection.waitUntil(({ received, ended }) => received.includes("\r\n\r\n") || ended !== "open", PATIENCE_MS);
    const [, status] = connection.received.toString("latin1").split(" ");
    if (status === undefined) return connection.ended === "open" ? "waits" : "cut";
    if (status === "502" || status === "504") return status;
    await connection.send(textFrame("hello"));
    const echo = serverTextFrame("hello");
    await connection.waitUntil(({ received, ended }) => received.includes(echo) || ended !== "open", PATIENCE_MS);
    if (!connection.received.includes(echo)) return connection.ended === "open" ? "waits" : "cut";
    return connection.received.includes(serverTextFrame("second")) ? "second" : "first";
  } finally {
    connection.destroy();
  }
}

function receivedBy({ proxy }: Cluster): number {
  return proxy.counts().requests;
}

describe.each(FAULT_MATRIX)("the first cluster: $title", ({ fault, cells }) => {
  beforeAll(() => first.proxy.setFault(fault));

  test.each(REQUEST_KINDS.map((kind) => ({ kind, title: REQUEST_TITLES[kind], ...cells[kind] })))(
    "$title: the client sees $client, the clusters receive $received",
    async ({ kind, client, received }) => {
      // A process for each cell: no connection is kept, no retry is counted, nothing is remembered against a cluster.
      const edge = await prepared.start();
      try {
        const before = [receivedBy(first), receivedBy(second)] as const;
        const seen = await ask(kind, edge.port);
        const arrived = [receivedBy(first) - before[0], receivedBy(second) - before[1]];
        expect({ client: seen, received: arrived }).toEqual({ client, received });
      } finally {
        await edge.dispose();
      }
    },
  );
});

describe("the table for people", () => {
  test("has a row for each fault and a column for each kind of request", () => {
    const lines = renderFaultMatrix().trimEnd().split("\n");
    expect(lines).toHaveLength(FAULT_MATRIX.length + 2);
    expect(new Set(lines.map((line) => line.split(" | ").length))).toEqual(new Set([REQUEST_KINDS.length + 1]));
    expect(lines[3]).toBe(
      "| refuses connections | second (0, 1) | 502 (0, 0) | 502 (0, 0) | 502 (0, 0) | second (0, 1) | second (0, 1) |",
    );
  });
});

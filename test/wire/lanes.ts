/**
 * The two ways from a raw client to the recording origin: direct, and through the edge. A wire test sends the same bytes
 * both ways and looks at what the origin received and what the client saw.
 */
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { wireSnapshot } from "../faults/fleets.ts";
import { type Exchange, exchange, type RawAnswer } from "../faults/raw-client.ts";
import {
  type AnswerRules,
  type RecordedRequest,
  type RecordingServer,
  startRecordingServer,
} from "../faults/recording-server.ts";

/** What every request of the tests says, unless the row is about the host itself. */
export const HOST = "shop.example";

export type Passage = {
  readonly client: RawAnswer;
  /** What the origin got for it; empty when the edge answered by itself. */
  readonly received: readonly RecordedRequest[];
};

export type LaneName = "direct" | "edge";

export type Lanes = {
  readonly edge: Edge;
  readonly origin: RecordingServer;
  readonly send: (lane: LaneName, request: Omit<Exchange, "port">, rules?: AnswerRules) => Promise<Passage>;
  /** Fails when any request met a bug of the edge, whatever its client was told. */
  readonly dispose: () => Promise<void>;
};

export async function openLanes(): Promise<Lanes> {
  const origin = await startRecordingServer();
  const edge = await startEdge({ snapshot: wireSnapshot([origin.url]) });
  return {
    edge,
    origin,
    send: async (lane, request, rules = {}) => {
      origin.serve(rules);
      const client = await exchange({ ...request, port: lane === "edge" ? edge.port : origin.port });
      return { client, received: origin.requests() };
    },
    dispose: async () => {
      await edge.dispose();
      await origin.dispose();
      const bugs = edge.logLines().filter((line) => line.includes("request.failed"));
      if (bugs.length > 0) throw new Error(`the edge failed by itself: ${bugs.join("\n")}`);
    },
  };
}

export type RequestParts = {
  readonly method?: string;
  readonly target?: string;
  readonly lines?: readonly string[];
  readonly content?: string;
};

/** Nothing is added to what a row says, apart from a Host line and the length of its content. */
export function requestText({ method = "GET", target = "/", lines = [], content }: RequestParts): string {
  const length = content === undefined ? [] : [`Content-Length: ${content.length}`];
  return [`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, ...lines, ...length, "", content ?? ""].join("\r\n");
}

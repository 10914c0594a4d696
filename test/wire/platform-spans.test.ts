/** What the platform's own tracing records of a request: seen by a tail worker beside the edge, in raw workerd. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { wireSnapshot } from "../faults/fleets.ts";
import { exchange } from "../faults/raw-client.ts";
import { type RecordingServer, startRecordingServer } from "../faults/recording-server.ts";
import { requestText } from "./lanes.ts";

let origin: RecordingServer;
let edge: Edge;

beforeAll(async () => {
  origin = await startRecordingServer();
  edge = await startEdge({ snapshot: wireSnapshot([origin.url]), traced: true });
});

afterAll(async () => {
  await edge.dispose();
  await origin.dispose();
});

type Told = {
  readonly tail: string;
  readonly name?: string;
  readonly spanId?: string;
  readonly info?: readonly { readonly name: string; readonly value: unknown }[];
  readonly spanContext?: { readonly traceId: string; readonly spanId?: string };
};

function told(): readonly Told[] {
  return edge.logLines().flatMap((line) => (line.startsWith('{"tail"') ? [JSON.parse(line) as Told] : []));
}

test("the decision and each attempt are spans of its, and the cluster's hang under the attempt", async () => {
  origin.serve({});
  await exchange({ port: edge.port, request: requestText({ target: "/cart?token=hunter2" }) });
  const [received] = origin.requests();
  const open = (name: string) => told().find((one) => one.tail === "spanOpen" && one.name === name);
  const attributes = (): Readonly<Record<string, unknown>> => {
    const said = told().flatMap(({ tail, info = [] }) => (tail === "attributes" ? info : []));
    return Object.fromEntries(said.map(({ name, value }) => [name, value]));
  };
  // The tail hears of it when the answer is out already.
  await vi.waitFor(() => expect(attributes()).toHaveProperty(["http.response.status_code"]), { timeout: 10_000 });
  expect(attributes()).toMatchObject({ "http.request.method": "GET", "server.address": "127.0.0.1" });
  expect(attributes()["fairlead.reasons"]).toContain("route.matched");
  expect(open("fairlead.decide")).toBeDefined();
  expect(open("fairlead.refresh")).toBeDefined();
  const attempt = open("GET");
  const traceparent = received?.lines.find((line) => /^traceparent:/i.test(line))?.slice("traceparent: ".length);
  expect(traceparent).toBe(`00-${attempt?.spanContext?.traceId}-${attempt?.spanId}-01`);
});

/**
 * Every cluster is broken: each request is answered quickly, and retries never make the load on the clusters more than a
 * fifth heavier than the clients do.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import type { Fault } from "../faults/fault.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";
import { wireSnapshot } from "../faults/fleets.ts";
import { exchange } from "../faults/raw-client.ts";
import { type RecordingServer, startRecordingServer } from "../faults/recording-server.ts";
import { requestText } from "./lanes.ts";

const REQUESTS = 400;
const AT_ONCE = 8;

/** A promise to the owners of clusters, so it is written here and not read from the edge that has to keep it. */
const AMPLIFICATION_MAX = 1.2;

/** On a machine that is busy with other tests; the edge itself takes a millisecond or two. */
const QUICK_MS = 500;

let origin: RecordingServer;
let proxies: readonly FaultProxy[];
let prepared: PreparedEdge;

beforeAll(async () => {
  origin = await startRecordingServer();
  const first = await startFaultProxy({ upstreamPort: origin.port, seed: 4 });
  const second = await startFaultProxy({ upstreamPort: origin.port, seed: 5 });
  proxies = [first, second];
  prepared = await prepareEdge({ snapshot: wireSnapshot([first.url, second.url]) });
});
afterAll(async () => {
  await prepared.dispose();
  for (const proxy of proxies) await proxy.dispose();
  await origin.dispose();
});

/** Connections, because a fault that resets them at once sees no request. None of these faults keeps one. */
function attempts(): number {
  return proxies.reduce((sum, proxy) => sum + proxy.counts().connections, 0);
}

describe("all clusters are broken", () => {
  test.each<Fault>([
    { kind: "resetAtOnce" },
    { kind: "garbage" },
    { kind: "halfClose" },
    { kind: "resetMidAnswer", answerBytes: 10 },
  ])("%j", async (fault) => {
    for (const proxy of proxies) await proxy.setFault(fault);
    const edge = await prepared.start();
    try {
      const before = attempts();
      const elapsedMs: number[] = [];
      const statuses = new Set<number>();
      const worker = async () => {
        for (let i = 0; i < REQUESTS / AT_ONCE; i++) {
          const answered = await exchange({ port: edge.port, request: requestText({}) });
          elapsedMs.push(answered.elapsedMs);
          statuses.add(answered.status);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      // Once clusters are known to be down the edge may say so at once.
      expect([...statuses].filter((status) => status !== 502 && status !== 503)).toEqual([]);
      expect(attempts() - before).toBeLessThanOrEqual(REQUESTS * AMPLIFICATION_MAX);
      elapsedMs.sort((a, b) => a - b);
      expect(elapsedMs[Math.floor(REQUESTS * 0.99)]).toBeLessThan(QUICK_MS);
    } finally {
      await edge.dispose();
    }
  });
});

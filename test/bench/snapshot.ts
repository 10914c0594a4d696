/**
 * What one revision of a large fleet costs: compiling it at the control plane, its bytes, and taking it in at the edge.
 * Measured in Node, whose V8 is workerd's: inside workerd no clock advances while code runs. An edge takes in each
 * revision once, so besides the warm medians the first time in a fresh process is reported.
 */
import { gzipSync } from "node:zlib";
import { compile } from "../../config/compile.ts";
import { Revision } from "../../config/ids.ts";
import { forkModule, nextMessage, stopChild } from "./child.ts";
import type { Cleanup } from "./cleanup.ts";
import { BENCH_ENVIRONMENT, benchFleet } from "./fleet.ts";
import { type SignedPayload, TakeInTimes } from "./protocol.ts";
import { signSnapshot } from "./signing.ts";
import { median } from "./statistics.ts";
import { takeIn } from "./take-in.ts";

export const SNAPSHOT_CLUSTERS = 1_000;

const RUNS = 21;
const COLD_RUNS = 5;

export type SnapshotResult = {
  readonly clusters: number;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly compileMs: number;
  readonly verifyMs: number;
  readonly parseMs: number;
  readonly loadMs: number;
  /** Signature, parse and load together, warm. */
  readonly takeInMs: number;
  /** The same for the first time in a fresh process, where nothing is compiled yet. */
  readonly coldTakeInMs: number;
};

export async function measureSnapshot(cleanup: Cleanup): Promise<SnapshotResult> {
  const { fleet } = benchFleet(SNAPSHOT_CLUSTERS, "services");
  const compileOnce = () =>
    compile({ fleet, overlays: [], environment: BENCH_ENVIRONMENT, revision: Revision.parse(1) });

  const compileTimes = Array.from({ length: RUNS }, () => {
    const startedAt = performance.now();
    compileOnce();
    return performance.now() - startedAt;
  });
  const signed = await signSnapshot(compileOnce());
  const warm: TakeInTimes[] = [];
  for (let run = 0; run < RUNS; run += 1) warm.push(await takeIn(signed));
  const cold: TakeInTimes[] = [];
  for (let run = 0; run < COLD_RUNS; run += 1) cold.push(await takeInCold(signed, cleanup));

  const bytes = Buffer.from(signed.payload);
  return {
    clusters: SNAPSHOT_CLUSTERS,
    bytes: bytes.length,
    gzipBytes: gzipSync(bytes).length,
    compileMs: median(compileTimes),
    verifyMs: median(warm.map(({ verifyMs }) => verifyMs)),
    parseMs: median(warm.map(({ parseMs }) => parseMs)),
    loadMs: median(warm.map(({ loadMs }) => loadMs)),
    takeInMs: median(warm.map(total)),
    coldTakeInMs: median(cold.map(total)),
  };
}

async function takeInCold(signed: SignedPayload, cleanup: Cleanup): Promise<TakeInTimes> {
  const child = forkModule("processes/take-in.ts", [], cleanup);
  child.send(signed);
  const times = TakeInTimes.parse(await nextMessage(child));
  await stopChild(child);
  return times;
}

function total({ verifyMs, parseMs, loadMs }: TakeInTimes): number {
  return verifyMs + parseMs + loadMs;
}

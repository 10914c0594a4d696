/**
 * What one revision of a large fleet costs: compiling it at the control plane, its bytes, and taking it in at the edge.
 * The steps are timed in Node, whose V8 is workerd's, because inside workerd no clock advances while code runs. An edge
 * takes in a revision once, so the whole is timed in workerd as well, from outside: the first time in a fresh process,
 * and when it is warm.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { compile } from "../../config/compile.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { stopChild } from "./child.ts";
import type { Cleanup } from "./cleanup.ts";
import { BENCH_ENVIRONMENT, benchFleet } from "./fleet.ts";
import type { SignedPayload } from "./protocol.ts";
import { signSnapshot } from "./signing.ts";
import { median } from "./statistics.ts";
import { type TakeInTimes, takeIn } from "./take-in.ts";
import { startWorkerd } from "./workerd.ts";
import { benchWorker, fileBinding, MAIN_SERVICE, writeConfiguration } from "./workerd-config.ts";

export const SNAPSHOT_CLUSTERS = 1_000;

const RUNS = 21;

/** Fresh workerd processes; each gives one cold time. */
const COLD_RUNS = 5;

export type SnapshotResult = {
  readonly clusters: number;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly compileMs: number;
  readonly verifyMs: number;
  readonly parseMs: number;
  readonly loadMs: number;
  /** Signature, parse and load in workerd: the first time in a fresh process, and once it is warm. */
  readonly workerdColdMs: number;
  readonly workerdWarmMs: number;
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
  const times: TakeInTimes[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await takeIn(signed));

  const bytes = Buffer.from(signed.payload);
  return {
    clusters: SNAPSHOT_CLUSTERS,
    bytes: bytes.length,
    gzipBytes: gzipSync(bytes).length,
    compileMs: median(compileTimes),
    verifyMs: median(times.map(({ verifyMs }) => verifyMs)),
    parseMs: median(times.map(({ parseMs }) => parseMs)),
    loadMs: median(times.map(({ loadMs }) => loadMs)),
    ...(await measureInWorkerd(signed, cleanup)),
  };
}

async function measureInWorkerd(
  signed: SignedPayload,
  cleanup: Cleanup,
): Promise<{ workerdColdMs: number; workerdWarmMs: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), "fairlead-bench-"));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  await writeFile(path.join(folder, "signed.json"), JSON.stringify(signed));
  const service = {
    name: MAIN_SERVICE,
    entry: benchWorker("take-in"),
    bindings: [fileBinding("SIGNED", "signed.json")],
  };
  const file = await writeConfiguration("take-in", folder, [service]);

  const cold: number[] = [];
  const warm: number[] = [];
  for (let run = 0; run < COLD_RUNS; run += 1) {
    const { child, url } = await startWorkerd(folder, file, cleanup);
    // What a request costs without any work; the very first one also starts the isolate.
    await timeRequest(`${url}/0`);
    const idle = await timeRequest(`${url}/0`);
    cold.push((await timeRequest(`${url}/1`)) - idle);
    await timeRequest(`${url}/${RUNS}`);
    warm.push(((await timeRequest(`${url}/${RUNS}`)) - idle) / RUNS);
    await stopChild(child);
  }
  return { workerdColdMs: median(cold), workerdWarmMs: median(warm) };
}

async function timeRequest(url: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url);
  const elapsed = performance.now() - startedAt;
  invariant(response.status === 204, "the Worker takes in the bench's own snapshot");
  return elapsed;
}

/**
 * CPU time per request of five Workers under the same load: a bare pass-through, what an edge has to ask of the platform at
 * the least, our edge, the same without telemetry, and reflare. Each runs in its own workerd process. Rounds are short
 * and change their order, because a shared machine gets faster and slower by a quarter within seconds, and that must fall on
 * all alike. How fast a process is has luck in it that lasts as long as the process, a few percent, so all are started
 * afresh a few times. An answer that is not the origin's makes the whole run fail.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { forkModule, nextMessage, stopChild } from "./child.ts";
import type { Cleanup } from "./cleanup.ts";
import { demoSnapshot } from "./demo-fleet.ts";
import { cpuNsOf } from "./process-cpu.ts";
import { type LoadOrder, LoadResult, OriginReady, originBody } from "./protocol.ts";
import { mean, median, pairRatios, type Summary, seededDraws, shuffle, summarize } from "./statistics.ts";
import { VARIANTS, type Variant, writeVariant } from "./variants.ts";
import { startWorkerd, type WorkerdProcess } from "./workerd.ts";

/**
 * Some 50,000 requests: V8 compiles a Worker's functions for good only after they have run thousands of times. After 8 s the
 * compiler still took 12 us of each request of the edge, the largest of the Workers, and nothing of the bare one's; long
 * enough, too, for the edge to have its snapshot from KV and its state from the beacon.
 */
const WARM_UP_SECONDS = 15;

/** The edge starts on the snapshot of its bundle, which knows nothing of this run's origin; it must get past that. */
const READY_MS_MAX = 15_000;

export type HttpOptions = {
  /** How often all Workers are started afresh. */
  readonly starts: number;
  /** Of each start. */
  readonly rounds: number;
  /** To each Worker in each round. */
  readonly requests: number;
  readonly connections: number;
};

type Sample = { readonly cpuUs: number; readonly requestsPerSecond: number; readonly latencyMsP50: number };

export type VariantResult = {
  /** Microseconds of CPU (user and system) of the workerd process for each answered request. */
  readonly cpuUs: Summary;
  readonly requestsPerSecond: Summary;
  readonly latencyMsP50: number;
  readonly requests: number;
  /** Answers that were not 200 with the origin's body, and requests without any answer. */
  readonly bad: number;
};

export type Comparison = {
  /** The median over the starts of the ratio of the means of each: all the time that was used, by all requests. */
  readonly ofMeans: number;
  readonly ofPairs: Summary;
  readonly starts: readonly number[];
};

export type HttpResult = {
  readonly variants: Readonly<Record<Variant, VariantResult>>;
  readonly edgeToBare: Comparison;
  readonly edgeToReflare: Comparison;
  /** What telemetry costs. */
  readonly edgeToUncounted: Comparison;
  readonly floorToBare: Comparison;
  readonly reflareToBare: Comparison;
};

type Samples = Readonly<Record<Variant, (Sample & LoadResult)[]>>;

type Tools = {
  readonly folder: string;
  /** Each variant's file of configuration. */
  readonly files: ReadonlyMap<Variant, string>;
  readonly expectedBody: string;
  readonly run: (url: string, load: LoadOrder["load"]) => Promise<LoadResult>;
  readonly cleanup: Cleanup;
  readonly log: (line: string) => void;
};

export async function measureHttp(
  options: HttpOptions,
  { cleanup, log }: { cleanup: Cleanup; log: (line: string) => void },
): Promise<HttpResult> {
  const folder = await mkdtemp(path.join(tmpdir(), "fairlead-bench-"));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const nonce = randomUUID();
  const expectedBody = originBody(nonce);
  const { port: originPort } = OriginReady.parse(
    await nextMessage(forkModule("processes/origin.ts", [nonce], cleanup)),
  );
  const snapshot = await demoSnapshot(originPort);
  const files = new Map<Variant, string>();
  for (const variant of VARIANTS) files.set(variant, await writeVariant(variant, { folder, originPort, snapshot }));

  const load = forkModule("processes/load.ts", [], cleanup);
  const run = async (url: string, ofWhat: LoadOrder["load"]): Promise<LoadResult> => {
    load.send({ url, connections: options.connections, load: ofWhat, expectedBody } satisfies LoadOrder);
    return LoadResult.parse(await nextMessage(load));
  };
  const tools: Tools = { folder, files, expectedBody, run, cleanup, log };
  const starts: Samples[] = [];
  for (let start = 1; start <= options.starts; start += 1) {
    log(`http: start ${start} of ${options.starts}`);
    starts.push(await measureStart(start, options, tools));
  }
  return evaluate(starts);
}

/** All Workers in fresh processes, warmed, and then in turns. */
async function measureStart(start: number, options: HttpOptions, tools: Tools): Promise<Samples> {
  const { folder, files, expectedBody, run, cleanup, log } = tools;
  const processes = new Map<Variant, WorkerdProcess>();
  for (const [variant, file] of files) {
    const process = await startWorkerd(folder, file, cleanup);
    processes.set(variant, process);
    await untilAnswered(variant, process.url, expectedBody);
    log(`http: ${variant} is up; warming`);
    await run(process.url, { seconds: WARM_UP_SECONDS });
  }
  const samples = { bare: [], floor: [], edge: [], edgeUncounted: [], reflare: [] } satisfies Samples as Samples;
  const draw = seededDraws(start);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [variant, { pid, url }] of shuffle([...processes], draw)) {
      const beforeNs = cpuNsOf(pid);
      const loaded = await run(url, { requests: options.requests });
      samples[variant].push({
        ...loaded,
        cpuUs: (cpuNsOf(pid) - beforeNs) / 1e3 / Math.max(loaded.good, 1),
        requestsPerSecond: loaded.good / (loaded.durationMs / 1_000),
      });
    }
  }
  const line = VARIANTS.map(
    (variant) => `${variant} ${mean(samples[variant].map(({ cpuUs }) => cpuUs)).toFixed(1)} us`,
  );
  log(`http: ${line.join(", ")}`);
  for (const { child } of processes.values()) await stopChild(child);
  return samples;
}

function evaluate(starts: readonly Samples[]): HttpResult {
  const all = (variant: Variant) => starts.flatMap((samples) => samples[variant]);
  const result = (variant: Variant): VariantResult => ({
    cpuUs: summarize(all(variant).map(({ cpuUs }) => cpuUs)),
    requestsPerSecond: summarize(all(variant).map(({ requestsPerSecond }) => requestsPerSecond)),
    latencyMsP50: median(all(variant).map(({ latencyMsP50 }) => latencyMsP50)),
    requests: all(variant).reduce((sum, { good }) => sum + good, 0),
    bad: all(variant).reduce((sum, { bad }) => sum + bad, 0),
  });
  const compare = (numerator: Variant, denominator: Variant) =>
    comparison(
      starts.map((samples) => {
        const cpuOf = (variant: Variant) => samples[variant].map(({ cpuUs }) => cpuUs);
        return { numerators: cpuOf(numerator), denominators: cpuOf(denominator) };
      }),
    );
  return {
    variants: {
      ...{ bare: result("bare"), floor: result("floor"), edge: result("edge") },
      ...{ edgeUncounted: result("edgeUncounted"), reflare: result("reflare") },
    },
    edgeToBare: compare("edge", "bare"),
    edgeToReflare: compare("edge", "reflare"),
    edgeToUncounted: compare("edge", "edgeUncounted"),
    floorToBare: compare("floor", "bare"),
    reflareToBare: compare("reflare", "bare"),
  };
}

type StartFigures = { readonly numerators: readonly number[]; readonly denominators: readonly number[] };

/** Two Workers over all starts. */
export function comparison(starts: readonly StartFigures[]): Comparison {
  const ofStarts = starts.map(({ numerators, denominators }) => mean(numerators) / mean(denominators));
  return {
    ofMeans: median(ofStarts),
    starts: ofStarts,
    ofPairs: summarize(starts.flatMap(({ numerators, denominators }) => pairRatios(numerators, denominators))),
  };
}

async function untilAnswered(variant: Variant, url: string, expectedBody: string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  let answer = "nothing";
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url);
      const body = await response.text();
      if (response.status === 200 && body === expectedBody) return;
      answer = `${response.status} ${body.slice(0, 500)}`;
    } catch (cause) {
      answer = String(cause);
    }
    await sleep(100);
  }
  throw new Error(`the ${variant} Worker does not pass on the origin's answer; last seen: ${answer}`);
}

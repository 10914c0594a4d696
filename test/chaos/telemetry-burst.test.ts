/**
 * A burst of real requests, some to a cluster that is dead, and then silence: the telemetry objects end with exactly as
 * many as were sent, by cluster and status class, although nobody asks the edge for anything any more.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TelemetryTotal } from "../../admin/core/telemetry/totals.ts";
import type { LedgerSummary } from "../../admin/store/telemetry-ledger.ts";
import { type Edge, type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import { inFullRun } from "../full-run.ts";
import { type Clusters, startClusters } from "./clusters.ts";
import { type Answered, runLoad } from "./load.ts";

const REQUESTS = inFullRun({ slice: 3_000, full: 100_000 });
const SEED = 20_261_126;

/** The edge tells within two seconds; a shard hands a window up eight seconds after its end. Far more than it takes. */
const SETTLED_MS_MAX = 60_000;

/** A busy machine sends some 300 requests a second. */
const TEST_MS_MAX = inFullRun({ slice: 180_000, full: 900_000 });

type Counted = { readonly totals: readonly TelemetryTotal[]; readonly summary: LedgerSummary };

let clusters: Clusters;
let prepared: PreparedEdge;
let edge: Edge;

beforeAll(async () => {
  const places = ["eu-west-a", "eu-west-b", "us-east-a"].map((name) => ({ region: name.slice(0, 7), name }));
  clusters = await startClusters(places, SEED);
  prepared = await prepareEdge({
    snapshot: clusters.snapshot,
    telemetry: "test/chaos/telemetry/worker.ts",
    variables: { TELEMETRY_MS: "1000" },
  });
  edge = await prepared.start();
});
afterAll(async () => {
  await edge.dispose();
  await prepared.dispose();
  await clusters.dispose();
});

test(
  `${REQUESTS} requests are counted as they were answered, each of them once`,
  async () => {
    const answers: Answered[] = [];
    answers.push(...(await runLoad({ port: edge.port, requests: REQUESTS / 2, seed: SEED })));
    await clusters.breakOnly(["us-east-a"], { kind: "resetAtOnce" });
    answers.push(...(await runLoad({ port: edge.port, requests: REQUESTS / 2, seed: SEED + 1 })));
    expect(answers.filter(({ status }) => status === 0)).toEqual([]);

    const { totals, summary } = await untilCounted(REQUESTS);
    expect(sumOf(totals)).toBe(REQUESTS);
    expect(summary.lost).toEqual({ reports: 0, requests: 0 });
    // An answer 200 of the clusters is their name.
    for (const { name } of clusters.all) {
      const good = answers.filter(({ status, content }) => status === 200 && content === name).length;
      expect([name, sumOf(totals.filter(({ key }) => key.cluster === name && key.statusClass === "2xx"))]).toEqual([
        name,
        good,
      ]);
    }
    const own = answers.filter(({ status }) => status >= 500).length;
    expect(sumOf(totals.filter(({ key }) => key.statusClass === "own"))).toBe(own);
    // Those are held against the cluster that could not be reached.
    expect(totals.filter(({ key }) => key.statusClass === "own" && key.cluster !== "us-east-a")).toEqual([]);
  },
  TEST_MS_MAX,
);

function sumOf(totals: readonly TelemetryTotal[]): number {
  return totals.reduce((sum, { requests }) => sum + requests, 0);
}

async function untilCounted(requests: number): Promise<Counted> {
  const deadline = performance.now() + SETTLED_MS_MAX;
  for (;;) {
    const response = await fetch(edge.telemetryUrl ?? "");
    if (!response.ok) throw new Error(edge.logLines().join("\n"));
    // Our own Worker's answer, of the types that it is made of.
    const counted = (await response.json()) as Counted;
    if (sumOf(counted.totals) >= requests || performance.now() > deadline) return counted;
    await sleep(500);
  }
}

/** Every cluster of the service is dead: answers come at once, say who gave up and why, and the load is not multiplied. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import type { Fault } from "../faults/fault.ts";
import { inFullRun } from "../full-run.ts";
import { type Clusters, startClusters } from "./clusters.ts";
import { EdgeEvents } from "./edge-events.ts";
import { type Figures, figuresOf, printFigures } from "./figures.ts";
import { FIRST_BYTE_MS } from "./fleet.ts";
import { elapsedAt, runLoad } from "./load.ts";

const REQUESTS = inFullRun({ slice: 1_500, full: 20_000 });
const SEED = 20_261_125;
const AMPLIFICATION_MAX = 1.2;

/** 32 requests at once on a busy machine; a single one takes a millisecond or two. */
const MEDIAN_MS_MAX = 250;

const PLACES = [
  { region: "eu-west", name: "eu-west-a" },
  { region: "eu-west", name: "eu-west-b" },
  { region: "us-east", name: "us-east-a" },
];

let clusters: Clusters;
let prepared: PreparedEdge;
const figures: Record<string, Figures> = {};

beforeAll(async () => {
  clusters = await startClusters(PLACES, SEED);
  prepared = await prepareEdge({ snapshot: clusters.snapshot });
});
afterAll(async () => {
  printFigures(figures);
  await prepared.dispose();
  await clusters.dispose();
});

test.each<Fault>([
  { kind: "refuse" },
  { kind: "resetAtOnce" },
  { kind: "resetMidAnswer", answerBytes: 10 },
  { kind: "garbage" },
])("all clusters dead: %j", async (fault) => {
  await clusters.breakOnly(
    clusters.all.map(({ name }) => name),
    fault,
  );
  const edge = await prepared.start();
  try {
    const events = new EdgeEvents(edge);
    const before = clusters.attempts();
    const answers = await runLoad({ port: edge.port, requests: REQUESTS, seed: SEED });
    const attempts = clusters.attempts() - before;
    figures[fault.kind] = {
      ...figuresOf(answers, fault.kind === "refuse" ? undefined : attempts),
      "clusters taken out": events.look().length,
    };

    expect(answers.filter(({ status }) => status !== 502 && status !== 503)).toEqual([]);
    expect(answers.filter(({ proxyStatus }) => proxyStatus?.startsWith("fairlead;") !== true)).toEqual([]);
    expect(attempts).toBeLessThanOrEqual(REQUESTS * AMPLIFICATION_MAX);
    expect(elapsedAt(answers, 0.5)).toBeLessThan(MEDIAN_MS_MAX);
    expect(elapsedAt(answers, 1)).toBeLessThan(FIRST_BYTE_MS / 2);
  } finally {
    await edge.dispose();
  }
});

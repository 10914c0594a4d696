/**
 * One of several clusters is dead, no probe says so, and thousands of requests go on: the edge finds out by itself,
 * leaves the cluster alone, and from then on no GET fails. Retries add a fifth to the load at most, at any time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PreparedEdge, prepareEdge } from "../faults/edge-harness.ts";
import type { Fault } from "../faults/fault.ts";
import { inFullRun } from "../full-run.ts";
import { attemptsAt, type Clusters, startClusters } from "./clusters.ts";
import { EdgeEvents, type SeenEvent } from "./edge-events.ts";
import { type Figures, figuresOf, printFigures } from "./figures.ts";
import { type Answered, AT_ONCE, runLoad } from "./load.ts";

const REQUESTS = inFullRun({ slice: 3_000, full: 20_000 });
const SEED = 20_261_124;

/** A promise to the owners of clusters. */
const AMPLIFICATION_MAX = 1.2;

const FAULTS: readonly Fault[] = [
  { kind: "refuse" },
  { kind: "resetAtOnce" },
  { kind: "resetMidAnswer", answerBytes: 10 },
];

/** Past the first ejection's half minute and into the next one, at a pace that leaves time for it. */
const LONG_RUN_MS = 50_000;
const LONG_RUN_PAUSE_MS = 100;
const LONG_RUNS: readonly Fault[] = inFullRun({ slice: [], full: [{ kind: "resetAtOnce" }] });

const LAYOUTS = [
  {
    title: "three clusters in one region",
    takenOut: "cluster.ejected",
    places: ["a", "b", "c"].map((name) => ({ region: "eu-west", name: `eu-west-${name}` })),
    dead: "eu-west-b",
  },
  {
    // The last of its region is never taken out whole: a tenth of its clients still goes there first, and on from there.
    title: "three regions with one cluster each",
    takenOut: "cluster.dimmed",
    places: ["eu-west", "us-east", "ap-south"].map((region) => ({ region, name: `${region}-a` })),
    dead: "us-east-a",
  },
] as const;

describe.each(LAYOUTS)("$title, one of them dead", ({ title, takenOut, places, dead }) => {
  let clusters: Clusters;
  let prepared: PreparedEdge;
  const figures: Record<string, Figures> = {};

  beforeAll(async () => {
    clusters = await startClusters(places, SEED);
    prepared = await prepareEdge({ snapshot: clusters.snapshot });
  });
  afterAll(async () => {
    printFigures(figures);
    await prepared.dispose();
    await clusters.dispose();
  });

  test.each(FAULTS)("%j", async (fault) => {
    await clusters.breakOnly([dead], fault);
    const edge = await prepared.start();
    try {
      const events = new EdgeEvents(edge);
      const before = { all: clusters.attempts(), dead: attemptsAt(clusters.byName(dead)) };
      const answers = await runLoad({ port: edge.port, requests: REQUESTS, seed: SEED, onAnswer: () => events.look() });
      const attempts = clusters.attempts() - before.all;
      const known = events.look()[0];
      figures[`${title}: ${fault.kind}`] = {
        ...figuresOf(answers, fault.kind === "refuse" ? undefined : attempts),
        "at the dead one": attemptsAt(clusters.byName(dead)) - before.dead,
        "failed since known": known === undefined ? "never known" : failures(sentAfter(answers, known)).length,
      };

      expect(known).toMatchObject({ event: takenOut, cluster: dead });
      expect(events.look().filter(({ cluster }) => cluster !== dead)).toEqual([]);
      expect(known === undefined ? [] : failures(sentAfter(answers, known))).toEqual([]);
      // Until then it costs about what is under way at once.
      expect(failures(answers).length).toBeLessThanOrEqual(AT_ONCE);
      expect(failures(answers).filter(({ status }) => status !== 502 && status !== 503)).toEqual([]);
      expect(attempts).toBeLessThanOrEqual(REQUESTS * AMPLIFICATION_MAX);
    } finally {
      await edge.dispose();
    }
  });

  test.each(LONG_RUNS)("still dead when it may come back: %j", async (fault) => {
    await clusters.breakOnly([dead], fault);
    const edge = await prepared.start();
    try {
      const events = new EdgeEvents(edge);
      const before = clusters.attempts();
      const answers: Answered[] = [];
      for (const endMs = performance.now() + LONG_RUN_MS; performance.now() < endMs; await sleep(LONG_RUN_PAUSE_MS)) {
        const load = { port: edge.port, requests: 2 * AT_ONCE, seed: SEED + answers.length };
        answers.push(...(await runLoad({ ...load, onAnswer: () => events.look() })));
      }
      const attempts = clusters.attempts() - before;
      figures[`${title}: for ${LONG_RUN_MS / 1_000} s`] = figuresOf(answers, attempts);

      expect(events.look().map(({ event }) => event)).toEqual([takenOut, "cluster.returned", takenOut]);
      const known = events.look()[0];
      expect(known === undefined ? [] : failures(sentAfter(answers, known))).toEqual([]);
      expect(attempts).toBeLessThanOrEqual(answers.length * AMPLIFICATION_MAX);
    } finally {
      await edge.dispose();
    }
  });
});

function failures(answers: readonly Answered[]): readonly Answered[] {
  return answers.filter(({ status }) => status !== 200);
}

function sentAfter(answers: readonly Answered[], { seenMs }: SeenEvent): readonly Answered[] {
  return answers.filter(({ sentMs }) => sentMs > seenMs);
}

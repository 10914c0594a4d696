/**
 * What `decide` costs by itself, in fleets of 3 to 3,000 clusters. One process, warmed; batches of all sizes take turns,
 * so that no size gets the quiet minute. The questions are the same in number and kind for every size.
 */
import { canonicalJson } from "../../config/canonical.ts";
import { HealthReport, type HealthState } from "../../config/health.ts";
import { invariant } from "../../config/invariant.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { decide } from "../../worker/routing/decide.ts";
import type { Facts } from "../../worker/routing/facts.ts";
import { HEALTH_UNKNOWN, type HealthView } from "../../worker/routing/health-view.ts";
import { type LoadedSnapshot, loadSnapshot } from "../../worker/routing/loaded-snapshot.ts";
import { readAsn, readPlace } from "../../worker/routing/place.ts";
import { CLIENT_GEOS, clientAddress } from "./clients.ts";
import { benchSnapshot, type FleetShape, type FleetTarget, fleetTargets } from "./fleet.ts";
import { pickByPopularity, pickEvenly, type Summary, seededDraws, summarize } from "./statistics.ts";

export const DECIDE_SIZES = [3, 30, 300, 3_000] as const;

/** Enough that every host of a fleet of 500 services is asked for several times. */
const QUESTIONS = 4_096;

/** An odd number, so that the median is a batch that was measured. */
const BATCHES = 41;

/** All sizes run through the optimising compiler before any is measured. */
const WARM_UP_BATCHES = 10;

export type FleetCondition = "healthy" | "troubled";

export type DecideResult = {
  /** Nanoseconds a decision, by number of clusters. */
  readonly ns: Readonly<Record<string, Summary>>;
  /** The largest fleet's median over the smallest's. */
  readonly ratio: number;
};

type Contestant = { readonly clusters: number; readonly batch: () => number; readonly ns: number[] };

export function measureDecide(shape: FleetShape, condition: FleetCondition = "healthy"): DecideResult {
  const contestants = DECIDE_SIZES.map((clusters): Contestant => {
    return { clusters, batch: decideBatch(clusters, shape, condition), ns: [] };
  });
  for (let round = 0; round < WARM_UP_BATCHES; round += 1) for (const { batch } of contestants) batch();
  for (let round = 0; round < BATCHES; round += 1) {
    for (const { batch, ns } of contestants) {
      batch(); // not counted: the sizes before this one have filled the processor's caches with theirs
      ns.push(batch());
    }
  }

  const ns = Object.fromEntries(contestants.map((contestant) => [contestant.clusters, summarize(contestant.ns)]));
  const [smallest, largest] = [ns[DECIDE_SIZES[0]], ns[DECIDE_SIZES[3]]];
  invariant(smallest !== undefined && largest !== undefined, "the smallest and the largest size were measured");
  return { ns, ratio: largest.median / smallest.median };
}

/** A function that decides all questions once and returns nanoseconds a decision. */
export function decideBatch(clusters: number, shape: FleetShape, condition: FleetCondition): () => number {
  const snapshot = receivedSnapshot(clusters, shape);
  const loaded = loadSnapshot(snapshot);
  const questions = benchQuestions(fleetTargets(clusters, shape));
  const health = healthOfFleet(snapshot, condition);
  return timed(loaded, health, questions);
}

/** Decides all of them once and returns nanoseconds a decision, again and again. */
export function timed(loaded: LoadedSnapshot, health: HealthView, questions: readonly Question[]): () => number {
  return () => {
    const startedAt = process.hrtime.bigint();
    const forwarded = decideAll(loaded, health, questions);
    const elapsed = Number(process.hrtime.bigint() - startedAt);
    invariant(forwarded > questions.length / 2, "most questions of the bench are answered with a cluster");
    return elapsed / questions.length;
  };
}

/** Through its text, as it reaches an edge. */
function receivedSnapshot(clusters: number, shape: FleetShape): Snapshot {
  const parsed = parseSnapshot(canonicalJson(benchSnapshot(clusters, shape)));
  invariant(parsed.ok, "a compiled snapshot is a well-formed one");
  return parsed.value;
}

type Question = { readonly facts: Facts; readonly draw: number };

/** Counts what is forwarded, so that no decision can be optimised away. */
export function decideAll(snapshot: LoadedSnapshot, health: HealthView, questions: readonly Question[]): number {
  let forwarded = 0;
  for (const { facts, draw } of questions) {
    const decision = decide({ snapshot, facts, health, draw, now: 1_800_000_000_000 });
    if (decision.kind === "forward") forwarded += decision.first.endpoint.length > 0 ? 1 : 0;
  }
  return forwarded;
}

export function benchQuestions(targets: readonly FleetTarget[]): readonly Question[] {
  const draw = seededDraws(7);
  return Array.from({ length: QUESTIONS }, () => {
    const target = pickByPopularity(targets, draw());
    const geo = pickEvenly(CLIENT_GEOS, draw());
    const headers = new Map([["x-session", `session-${draw()}`]]);
    const asn = readAsn(geo);
    const facts: Facts = {
      method: "GET",
      host: target.host,
      path: target.path,
      header: (name) => headers.get(name) ?? null,
      place: readPlace(geo),
      ...(asn === undefined ? {} : { asn }),
      clientAddress: clientAddress(draw()),
    };
    return { facts, draw: draw() };
  });
}

/**
 * Sizes are compared with everything healthy: a decision in a region that has lost a cluster weighs its failover levels,
 * which is other work, and the smallest fleet has nobody to lose. `troubled` measures that work: one cluster in fifty is
 * down, one in fifty degraded. Through JSON, because that is how it reaches an edge: its names are other strings than
 * those of the snapshot, and comparing them costs more.
 */
export function healthOfFleet(snapshot: Snapshot, condition: FleetCondition): HealthView {
  const stateOf = (index: number): HealthState => {
    if (condition === "healthy") return "healthy";
    if (index % 50 === 17) return "unhealthy";
    return index % 50 === 34 ? "degraded" : "healthy";
  };
  const clusters = Object.fromEntries(snapshot.clusters.map(({ name }, index) => [name, stateOf(index)]));
  const received = HealthReport.parse(
    JSON.parse(JSON.stringify({ sequence: 1, atMs: 0, clusters, recoveredAtMs: {} })),
  );
  return { ...HEALTH_UNKNOWN, states: new Map(Object.entries(received.clusters)) };
}

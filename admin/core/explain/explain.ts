/**
 * Answers "where would this request go, and why" with the code that the edge runs. The question names what the edge
 * would have seen: nothing is looked up, so the same question on the same revision has the same answer.
 */
import type { HealthReport, HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { composeHealth, type HealthInputs } from "../../../worker/routing/compose-health.ts";
import { traceDecision } from "../../../worker/routing/decide.ts";
import type { TracedDecision } from "../../../worker/routing/decision.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { factsOf, keyHeadersOf, type Question } from "./question.ts";
import { explainDecision } from "./sentences.ts";

export type Explanation = { readonly decision: TracedDecision; readonly sentences: readonly string[] };

export type ExplainInput = {
  readonly snapshot: Snapshot;
  readonly question: Question;
  readonly report: HealthReport;
  readonly nowMs: number;
};

export function explain({ snapshot, question, report, nowMs }: ExplainInput): Explanation {
  const loaded = loadSnapshot(snapshot);
  const decision = traceDecision({
    snapshot: loaded,
    facts: factsOf(question, keyHeadersOf(loaded)),
    health: composeHealth(loaded, healthInputs(report), nowMs).view,
    draw: question.draw,
    now: nowMs,
  });
  return { decision, sentences: explainDecision(decision) };
}

/** What probes know. Ejections, measured latency and reported load are each edge's own, and not known here. */
function healthInputs(report: HealthReport): HealthInputs {
  return {
    states: new Map<string, HealthState>(Object.entries(report.clusters)),
    recoveredAtMs: new Map<string, number>(Object.entries(report.recoveredAtMs)),
    ejected: new Set(),
    dimmed: new Set(),
    returnedAtMs: new Map(),
    utilizationBps: new Map(),
    latencyRanks: new Map(),
  };
}

/**
 * Answers "where would this request go, and why" with the code that the edge runs. The question names what the edge
 * would have seen: nothing is looked up, so the same question on the same revision has the same answer.
 */
import type { HealthReport, HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { composeHealth, type HealthInputs } from "../../../worker/routing/compose-health.ts";
import { traceDecision } from "../../../worker/routing/decide.ts";
import type { TracedDecision } from "../../../worker/routing/decision.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { type Geo, readAsn, readPlace } from "../../../worker/routing/place.ts";
import { explainDecision } from "./sentences.ts";

export type ExplainQuestion = {
  /** Normalised by the caller. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
  /** Field names of `request.cf`. */
  readonly geo: Geo;
  /** What the client is kept by: its address, or the value of the service's affinity header. */
  readonly key?: string;
  readonly draw: number;
};

export type Explanation = { readonly decision: TracedDecision; readonly sentences: readonly string[] };

export type ExplainInput = {
  readonly snapshot: Snapshot;
  readonly question: ExplainQuestion;
  readonly report: HealthReport;
  readonly nowMs: number;
};

export function explain({ snapshot, question, report, nowMs }: ExplainInput): Explanation {
  const loaded = loadSnapshot(snapshot);
  const decision = traceDecision({
    snapshot: loaded,
    facts: factsOf(question, snapshot),
    health: composeHealth(loaded, healthInputs(report), nowMs).view,
    draw: question.draw,
    now: nowMs,
  });
  return { decision, sentences: explainDecision(decision) };
}

function factsOf({ host, path, method, geo, key }: ExplainQuestion, snapshot: Snapshot): Facts {
  const keyHeaders = new Set(
    snapshot.services.flatMap(({ affinity }) => (affinity.by === "header" ? [affinity.header] : [])),
  );
  const asn = readAsn(geo);
  return {
    method,
    host,
    path,
    header: (name) => (key !== undefined && keyHeaders.has(name) ? key : null),
    place: readPlace(geo),
    ...(asn === undefined ? {} : { asn }),
    ...(key === undefined ? {} : { clientAddress: key }),
  };
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

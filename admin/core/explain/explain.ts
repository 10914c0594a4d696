/**
 * Answers "where would this request go, and why" with the code that the edge runs. The question names what the edge
 * would have seen: nothing is looked up, so the same question on the same revision has the same answer.
 */
import type { HealthReport, HealthState } from "../../../config/health.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { composeHealth, type HealthInputs, seenFrom } from "../../../worker/routing/compose-health.ts";
import { traceDecision } from "../../../worker/routing/decide.ts";
import type { TracedDecision } from "../../../worker/routing/decision.ts";
import type { Place } from "../../../worker/routing/facts.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import { type LoadedSnapshot, loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { VantageMap } from "../../../worker/routing/nearest-vantage.ts";
import { VantageViews } from "../../../worker/routing/vantage-views.ts";
import { factsOf, keyHeadersOf, type Question } from "./question.ts";
import { explainDecision } from "./sentences.ts";

export type Explanation = {
  readonly decision: TracedDecision;
  readonly sentences: readonly string[];
  /** Whose probes the decision goes by: those of the vantage, or what most see, because it sees nothing otherwise. */
  readonly view: "local" | "global";
  /** That was asked for, or the nearest to the client; undefined when nobody knows where that is. */
  readonly vantage: Vantage | undefined;
};

export type ExplainInput = {
  readonly snapshot: Snapshot;
  readonly question: Question;
  readonly report: HealthReport;
  /** As an edge near this vantage sees it, wherever the client is. */
  readonly vantage?: Vantage;
  readonly nowMs: number;
};

export function explain({ snapshot, question, report, vantage: asked, nowMs }: ExplainInput): Explanation {
  const loaded = loadSnapshot(snapshot);
  const facts = factsOf(question, keyHeadersOf(loaded));
  const vantage = asked ?? nearestVantage(loaded, facts.place);
  const health = healthSeenFrom(vantage, { loaded, report, nowMs });
  const decision = traceDecision({ snapshot: loaded, facts, health, draw: question.draw, now: nowMs });
  const view = health.vantage === "global" ? "global" : "local";
  return { decision, sentences: explainDecision(decision), view, vantage };
}

function nearestVantage({ beacons }: LoadedSnapshot, { coordinates }: Place): Vantage | undefined {
  return coordinates === undefined ? undefined : new VantageMap(beacons).nearest(coordinates);
}

/** As an edge near this vantage sees it: the code of the edge, asked as if there were no other. */
function healthSeenFrom(
  vantage: Vantage | undefined,
  { loaded, report, nowMs }: { readonly loaded: LoadedSnapshot } & Pick<ExplainInput, "report" | "nowMs">,
): HealthView {
  const inputs = healthInputs(report);
  const global = composeHealth(loaded, inputs, nowMs).view;
  if (vantage === undefined) return global;
  const views = new VantageViews((sight) => composeHealth(loaded, seenFrom(sight, inputs), nowMs).view);
  views.setProbing([vantage]);
  views.accept({
    vantages: { [vantage]: report.vantages?.[vantage] ?? {} },
    vantageRecoveredAtMs: { [vantage]: report.vantageRecoveredAtMs?.[vantage] ?? {} },
  });
  return views.near(ANYWHERE, global, nowMs);
}

/** Where only one vantage is, it is the nearest from everywhere. */
const ANYWHERE: Place = { eu: false, tor: false, coordinates: { latitude: 0, longitude: 0, from: "country" } };

/** What probes know. Ejections, measured latency and reported load are each edge's own, and not known here. */
function healthInputs(report: HealthReport): HealthInputs {
  return {
    vantage: "global",
    states: new Map<string, HealthState>(Object.entries(report.clusters)),
    recoveredAtMs: new Map<string, number>(Object.entries(report.recoveredAtMs)),
    ejected: new Set(),
    dimmed: new Set(),
    returnedAtMs: new Map(),
    utilizationBps: new Map(),
    lagMs: new Map<string, number>(Object.entries(report.replicaLagMs ?? {})),
    latencyRanks: new Map(),
  };
}

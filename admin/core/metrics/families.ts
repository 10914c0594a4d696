/**
 * All metrics of one moment, from what each source answered. A source that did not answer takes its own metrics with it
 * and no others, and `edge_scrape_source_up` says so.
 */
import { METRICS } from "./catalogue.ts";
import { family, type MetricFamily } from "./family.ts";
import type {
  BeaconFigures,
  DriftFigures,
  ExportFigures,
  FleetFigures,
  HealthFigures,
  ObjectiveFigures,
  ProbeFigures,
  TrafficFigures,
} from "./figures.ts";
import { fleetFamilies, topologyFamilies } from "./fleet-families.ts";
import { healthFamilies, regionFamilies } from "./health-families.ts";
import { objectiveFamilies } from "./objective-families.ts";
import type { Topology } from "./topology.ts";
import { trafficFamilies } from "./traffic-families.ts";
import { type AtVantage, probeFamilies, propagationFamilies } from "./vantage-families.ts";

/** What is absent was not answered. */
export type MetricFacts = {
  readonly version: string;
  readonly nowMs: number;
  readonly sources: readonly { readonly source: string; readonly up: boolean }[];
  readonly fleet?: FleetFigures;
  /** Of the newest revision that is known here. */
  readonly topology?: Topology;
  readonly health?: HealthFigures;
  readonly drift?: DriftFigures;
  readonly traffic?: TrafficFigures;
  readonly objectives?: ObjectiveFigures;
  readonly export?: ExportFigures;
  readonly beacons: readonly AtVantage<BeaconFigures>[];
  readonly probers: readonly AtVantage<ProbeFigures>[];
};

export function familiesOf(facts: MetricFacts): readonly MetricFamily[] {
  const { fleet, topology, health, drift, traffic, nowMs } = facts;
  const families = [
    family(METRICS.buildInfo, [{ labels: { version: facts.version }, value: 1 }]),
    family(
      METRICS.sourceUp,
      facts.sources.map(({ source, up }) => ({ labels: { source }, value: up ? 1 : 0 })),
    ),
    ...(traffic === undefined ? [] : trafficFamilies(traffic)),
    ...(fleet === undefined ? [] : fleetFamilies(fleet, nowMs)),
    ...(topology === undefined ? [] : topologyFamilies(topology)),
    ...(health === undefined ? [] : healthFamilies(health)),
    ...(health === undefined || topology === undefined ? [] : regionFamilies(health, topology)),
    ...propagationFamilies(facts.beacons, fleet, nowMs),
    ...probeFamilies(facts.probers, topology),
    ...(drift === undefined ? [] : [driftFamily(drift)]),
    ...(facts.objectives === undefined ? [] : objectiveFamilies(facts.objectives)),
    ...(facts.export === undefined ? [] : exportFamilies(facts.export)),
  ];
  return [...families, omittedFamily(families)];
}

/** The kinds that there are, so that a count which goes to 0 is not one that is gone. */
const SEVERITIES = ["error", "warning"] as const;
const KINDS = ["declared", "between", "unknown"] as const;

function driftFamily(drift: DriftFigures): MetricFamily {
  const countOf = (severity: string, kind: string) =>
    drift.find((one) => one.severity === severity && one.kind === kind)?.count ?? 0;
  const labels = SEVERITIES.flatMap((severity) => KINDS.map((kind) => ({ severity, kind })));
  return family(
    METRICS.driftFindings,
    labels.map(({ severity, kind }) => ({ labels: { severity, kind }, value: countOf(severity, kind) })),
  );
}

function exportFamilies({
  sinceMs,
  successes,
  failures,
  rejectedPoints,
  lastSuccessMs,
}: ExportFigures): readonly MetricFamily[] {
  return [
    family(METRICS.exportPushes, [
      { labels: { outcome: "success" }, value: successes, sinceMs },
      { labels: { outcome: "failure" }, value: failures, sinceMs },
    ]),
    family(METRICS.exportRejectedPoints, [{ labels: {}, value: rejectedPoints, sinceMs }]),
    family(
      METRICS.exportLastSuccess,
      lastSuccessMs === undefined ? [] : [{ labels: {}, value: lastSuccessMs / 1_000 }],
    ),
  ];
}

function omittedFamily(families: readonly MetricFamily[]): MetricFamily {
  return family(
    METRICS.seriesOmitted,
    families.flatMap(({ name, omitted }) => (omitted === 0 ? [] : [{ labels: { metric: name }, value: omitted }])),
  );
}

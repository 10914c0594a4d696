/** Metrics of the fleet object: the target, what waits for people, how publications and the audit log do. */
import { METRICS } from "./catalogue.ts";
import { family, type MetricFamily } from "./family.ts";
import type { FleetFigures } from "./figures.ts";
import type { Topology } from "./topology.ts";

/** Nothing is told of a target before there is one. */
export function fleetFamilies(fleet: FleetFigures, nowMs: number): readonly MetricFamily[] {
  const one = (value: number) => [{ labels: {}, value }];
  const { revision, digest, carriers, incidentsOpen } = fleet;
  const labels = { version: String(revision), hash: digest };
  return [
    family(METRICS.configVersionInfo, revision === 0 ? [] : [{ labels, value: 1 }]),
    family(
      METRICS.configAge,
      fleet.commits.slice(0, 1).flatMap(({ atMs }) => one(secondsSince(atMs, nowMs))),
    ),
    family(METRICS.configTrial, one(fleet.onTrial ? 1 : 0)),
    family(METRICS.approvalsPending, one(fleet.approvalsPending)),
    family(
      METRICS.incidentsOpen,
      ([1, 2, 3] as const).map((severity) => ({
        labels: { severity: String(severity) },
        value: incidentsOpen[severity],
      })),
    ),
    family(METRICS.freezesActive, one(fleet.freezes)),
    family(METRICS.overridesActive, one(fleet.overrides)),
    family(
      METRICS.carrierBehind,
      carriers.map(({ name, behind }) => ({ labels: { carrier: name }, value: behind ? 1 : 0 })),
    ),
    family(
      METRICS.carrierFailures,
      carriers.map(({ name, failures }) => ({ labels: { carrier: name }, value: failures })),
    ),
    ...auditFamilies(fleet.audit, nowMs),
  ];
}

function auditFamilies({ leaves, signed, signedAtMs }: FleetFigures["audit"], nowMs: number): readonly MetricFamily[] {
  const ageSeconds = signedAtMs === undefined || leaves === signed ? 0 : secondsSince(signedAtMs, nowMs);
  return [
    family(METRICS.auditLeaves, [{ labels: {}, value: leaves }]),
    family(METRICS.auditCheckpointAge, signedAtMs === undefined ? [] : [{ labels: {}, value: ageSeconds }]),
  ];
}

export function topologyFamilies({ regions, weights, weightsOmitted }: Topology): readonly MetricFamily[] {
  return [
    family(
      METRICS.regionDrained,
      regions.map(({ region, drained }) => ({ labels: { region }, value: drained ? 1 : 0 })),
    ),
    {
      ...family(
        METRICS.regionWeight,
        weights.map(({ route, rule, region, weight }) => ({ labels: { route, rule, region }, value: weight })),
      ),
      omitted: weightsOmitted,
    },
  ];
}

/** Clocks of two machines may disagree; nothing is younger than now. */
export function secondsSince(atMs: number, nowMs: number): number {
  return Math.max(nowMs - atMs, 0) / 1_000;
}

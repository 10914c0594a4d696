/** Metrics of what happens at the vantages: what edges near each serve and refuse, and how probes from there fare. */
import { groupBy } from "../../../config/group.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { METRICS } from "./catalogue.ts";
import { family, type MetricFamily } from "./family.ts";
import type { BeaconFigures, FleetFigures, ProbeFigures } from "./figures.ts";
import { secondsSince } from "./fleet-families.ts";
import type { Topology } from "./topology.ts";

export type AtVantage<T> = { readonly vantage: Vantage; readonly figures: T };

/** How old what edges serve is, is not known of vantages whose edges have not reported, nor without the fleet object. */
export function propagationFamilies(
  beacons: readonly AtVantage<BeaconFigures>[],
  fleet: FleetFigures | undefined,
  nowMs: number,
): readonly MetricFamily[] {
  return [
    family(
      METRICS.isolates,
      beacons.map(({ vantage, figures }) => ({
        labels: { vantage },
        value: figures.edges.reduce((sum, { isolates }) => sum + isolates, 0),
      })),
    ),
    family(
      METRICS.configBehind,
      beacons.flatMap(({ vantage, figures }) => {
        const [oldest] = figures.edges;
        if (oldest === undefined || fleet === undefined) return [];
        return [{ labels: { vantage }, value: behindSeconds(oldest.revision, fleet, nowMs) }];
      }),
    ),
    family(METRICS.configRejections, beacons.flatMap(rejections)),
  ];
}

/**
 * Since the commit of what came right after it. That may be longer ago than is remembered: then since the oldest commit
 * that is.
 */
function behindSeconds(oldest: number, { releasedRevision, commits }: FleetFigures, nowMs: number): number {
  if (oldest >= releasedRevision) return 0;
  const successor = commits.findLast(({ revision }) => revision > oldest);
  return successor === undefined ? 0 : secondsSince(successor.atMs, nowMs);
}

function rejections({ vantage, figures }: AtVantage<BeaconFigures>) {
  const byCode = groupBy(figures.rejections, ({ code }) => code);
  return Array.from(byCode, ([code, found]) => ({
    labels: { vantage, code },
    value: found.reduce((sum, { isolates }) => sum + isolates, 0),
  }));
}

/** A cluster that has just been removed, or a topology that is not known, leaves the place of a probe empty. */
export function probeFamilies(
  probers: readonly AtVantage<ProbeFigures>[],
  topology: Topology | undefined,
): readonly MetricFamily[] {
  const places = new Map(topology?.clusters.map(({ cluster, service, region }) => [cluster, { service, region }]));
  const counted = probers.flatMap(({ vantage, figures }) =>
    figures.clusters.map(({ cluster, successes, failures }) => {
      const { service, region } = places.get(cluster) ?? { service: "", region: "" };
      return { labels: { vantage, service, region, cluster }, successes, failures, sinceMs: figures.sinceMs };
    }),
  );
  return [
    family(
      METRICS.probeSuccesses,
      counted.map(({ labels, successes, sinceMs }) => ({ labels, value: successes, sinceMs })),
    ),
    family(
      METRICS.probeFailures,
      counted.map(({ labels, failures, sinceMs }) => ({ labels, value: failures, sinceMs })),
    ),
  ];
}

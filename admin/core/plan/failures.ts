/**
 * The worst that can happen when one region fails, or two at once, after a change: what leaves most clients unserved,
 * then what fills a region most. What a failure does is worked out in `failure-field.ts`.
 *
 * Very large fleets are not searched through: heaviest regions first, as far as a fixed amount of work goes.
 */
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import { compareText, sortedBy } from "../../../config/order.ts";
import { type Failure, type Field, type FieldGroup, fail, fieldOf, regionsInUse } from "./failure-field.ts";
import { loadOf, partsBps } from "./figures.ts";
import type { FailureAnalysis, FailureScenario } from "./plan.ts";
import type { ProjectionState } from "./project.ts";
import type { Spread } from "./spread.ts";

/** Regions weighed, at about half a microsecond each. Three regions with 1,000 clusters need a few thousand at most. */
const WEIGHED_MAX = { single: 60_000, double: 30_000 };

export function analyseFailures(state: ProjectionState): FailureAnalysis {
  const field = fieldOf(state);
  const regions = heaviestFirst(field);
  const singles = regions.map((region) => [region]);
  const doubles = pairsOf(field, regions);
  const single = searchWorst(field, singles, WEIGHED_MAX.single);
  const double = searchWorst(field, doubles, WEIGHED_MAX.double);
  return {
    ...(single.worst === undefined ? {} : { single: scenarioOf(field, single.worst) }),
    ...(double.worst === undefined ? {} : { double: scenarioOf(field, double.worst) }),
    scenarios: { examined: single.examined + double.examined, total: singles.length + doubles.length },
  };
}

/** Of equal ones the first in the alphabet. */
function heaviestFirst(field: Field): readonly string[] {
  return [...regionsInUse(field)].sort((a, b) => shareOf(field, b) - shareOf(field, a) || compareText(a, b));
}

function shareOf({ state, traffic }: Field, region: string): number {
  return traffic.regions[state.regions.get(region) ?? -1] ?? 0;
}

function pairsOf(field: Field, regions: readonly string[]): readonly (readonly string[])[] {
  const pairs = regions.flatMap((one, index) =>
    regions
      .slice(index + 1)
      .map((other) => ({ pair: [one, other], share: shareOf(field, one) + shareOf(field, other) })),
  );
  // Sorting is stable, so that pairs of equal weight keep the order of their heavier regions.
  return pairs.sort((a, b) => b.share - a.share).map(({ pair }) => pair);
}

function searchWorst(
  field: Field,
  candidates: readonly (readonly string[])[],
  weighedMax: number,
): { readonly worst: Failure | undefined; readonly examined: number } {
  let worst: Failure | undefined;
  let examined = 0;
  let regionsWeighed = 0;
  for (const regions of candidates) {
    if (regionsWeighed > weighedMax) break;
    const failure = fail(field, regions);
    examined += 1;
    regionsWeighed += failure.regionsWeighed;
    if (worst === undefined || isWorse(field, failure, worst)) worst = failure;
  }
  return { worst, examined };
}

/** Only by a clear margin: what differs in the last digits came out of adding up in another order. */
function isWorse(field: Field, failure: Failure, than: Failure): boolean {
  const difference = failure.traffic.unserved - than.traffic.unserved;
  if (Math.abs(difference) > 1e-9) return difference > 0;
  return utilizationMax(field, failure) > utilizationMax(field, than) + 1e-9;
}

function utilizationMax({ state }: Field, { traffic }: Failure): number {
  const { capacities, demand } = state.input;
  let max = 0;
  for (const [region, at] of state.regions) {
    const share = traffic.regions[at] ?? 0;
    max = Math.max(max, (share * (demand.requestsPerSecond ?? 0)) / (capacities.get(region) ?? 1));
  }
  return max;
}

function scenarioOf(field: Field, { regions, traffic, stranded }: Failure): FailureScenario {
  const { capacities, demand } = field.state.input;
  const loads = [...field.state.regions].map(([region, at]) => ({
    region,
    ...loadOf(traffic.regions[at] ?? 0, capacities.get(region) ?? 1, demand.requestsPerSecond),
  }));
  return {
    regions,
    unservedBps: partsBps(traffic).unserved,
    stranded: strandedBy(field.state, stranded),
    overCapacity: loads.flatMap(({ region, utilizationBps = 0 }) =>
      utilizationBps > SHARE_BPS_TOTAL ? [{ region, utilizationBps }] : [],
    ),
  };
}

function strandedBy(state: ProjectionState, groups: readonly FieldGroup[]): FailureScenario["stranded"] {
  const bySpread = new Map<Spread, readonly number[]>();
  for (const { spread, countries } of groups) bySpread.set(spread, [...(bySpread.get(spread) ?? []), ...countries]);
  const services = new Map<string, Set<string>>();
  for (const { route, spread } of state.routes) {
    const countries = bySpread.get(spread) ?? [];
    if (countries.length === 0) continue;
    const known = services.get(route.service.name) ?? new Set();
    for (const country of countries) known.add(state.countries[country] ?? "");
    services.set(route.service.name, known);
  }
  return sortedBy(services, ([service]) => service).map(([service, countries]) => ({
    service,
    countries: [...countries].sort(compareText),
  }));
}

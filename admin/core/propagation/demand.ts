/** What edges all over reported of their traffic, as one that a plan can reckon with; or nothing, when it says too little. */
import { COUNTRIES_REST, type RequestSample, ROUTES_REST } from "../../../config/beacon.ts";
import { sortedRecord } from "../../../config/order.ts";
import type { DescribedRequest } from "../explain/question.ts";
import type { RecordedDemand } from "../plan/demand.ts";
import type { BeaconDemand } from "./recent-demand.ts";

/** Fewer, and the share of a country is a matter of luck: at 100 a share of a half is known to ten points. */
export const DEMAND_REQUESTS_MIN = 100;

export type RecordedTraffic = {
  /** Rates a second of all vantages together. */
  readonly demand: RecordedDemand;
  /** Some of the requests, ready to be decided again. */
  readonly samples: readonly DescribedRequest[];
};

/**
 * Rates add up, whatever window each beacon looks back on. What was counted together for want of room has no place to
 * come from and no route to go by, so it is left out. Undefined below `DEMAND_REQUESTS_MIN` requests.
 */
export function mergeDemand(beacons: readonly BeaconDemand[]): RecordedTraffic | undefined {
  const requests = beacons.reduce((sum, beacon) => sum + beacon.requests, 0);
  const { [COUNTRIES_REST]: _, ...countries } = addUp(beacons.map((beacon) => beacon.countries));
  const { [ROUTES_REST]: __, ...routes } = addUp(beacons.map((beacon) => beacon.routes));
  if (requests < DEMAND_REQUESTS_MIN || Object.keys(countries).length === 0) return undefined;
  return {
    demand: { windowMs: 1_000, countries, routes },
    samples: beacons.flatMap(({ samples }) => samples.map(describe)),
  };
}

/** In the order of the names, so that equal figures make equal texts. */
function addUp(rates: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const [name, rate] of rates.flatMap((record) => Object.entries(record)))
    sums.set(name, (sums.get(name) ?? 0) + rate);
  return sortedRecord(Object.fromEntries(sums));
}

/** Descriptions name a subdivision as `request.cf` does, without its country. */
function describe({ subdivision, ...request }: RequestSample): DescribedRequest {
  return subdivision === undefined ? request : { ...request, subdivision: subdivision.slice("US-".length) };
}

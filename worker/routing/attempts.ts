/**
 * The failover order behind the first pick: another cluster of the same region, then the next regions of the steering
 * order. Only regions that passed residency and take traffic are in it, so no retry can leave them. Clusters that are
 * known to be down come only when nothing better is left.
 */
import type { Side } from "../../config/shared-shapes.ts";
import type { HealthView } from "./health-view.ts";
import type { LoadedCluster, LoadedRegion, LoadedService } from "./loaded-snapshot.ts";
import { type Acceptable, ANY_CONDITION, NOT_DOWN, pickCluster } from "./pick.ts";
import { healthOf } from "./region-health.ts";
import { rankRendezvous } from "./rendezvous.ts";
import type { Level, Steered } from "./steering.ts";

export type AttemptInput = {
  readonly service: LoadedService;
  readonly first: LoadedCluster;
  /** Undefined for a bound client that nobody else could serve. */
  readonly steered: Steered | undefined;
  readonly keyHash: number;
  readonly health: HealthView;
  /** The side that a flag gives the client in a region; undefined leaves it to the split. */
  readonly sideIn: ((region: string) => Side | undefined) | undefined;
};

/** At least `first`, at most the service's `attemptsMax`, no cluster twice. */
export function attemptOrder(input: AttemptInput): readonly LoadedCluster[] {
  const order: LoadedCluster[] = [input.first];
  const levels = input.steered === undefined ? [] : [input.steered.first, ...input.steered.rest()];
  for (const acceptable of [NOT_DOWN, ANY_CONDITION]) {
    if (order.length < input.service.attemptsMax) addFromOwnRegion(input, levels, order, acceptable);
    for (const level of levels) {
      if (order.length >= input.service.attemptsMax) return order;
      addFromLevel(input, order, level, acceptable);
    }
  }
  return order;
}

function addFromOwnRegion(
  input: AttemptInput,
  levels: readonly Level[],
  order: LoadedCluster[],
  acceptable: Acceptable,
): void {
  for (const level of levels) {
    for (const { region } of level) if (region.name === input.first.region) addFrom(region, input, order, acceptable);
  }
}

/** The other regions of a level, in the order in which this client would fall through them. */
function addFromLevel(input: AttemptInput, order: LoadedCluster[], level: Level, acceptable: Acceptable): void {
  const ranked = level.length === 1 ? level : rankRendezvous(input.keyHash, level, ({ weight }) => weight);
  for (const { region } of ranked) {
    if (order.length >= input.service.attemptsMax) return;
    if (region.name !== input.first.region) addFrom(region, input, order, acceptable);
  }
}

function addFrom(region: LoadedRegion, input: AttemptInput, order: LoadedCluster[], acceptable: Acceptable): void {
  const { service, keyHash, health } = input;
  const pick = pickCluster(healthOf(region, service, health), service, {
    ...{ keyHash, acceptable, tried: order },
    side: input.sideIn?.(region.name),
  });
  if (pick !== undefined) order.push(pick.cluster);
}

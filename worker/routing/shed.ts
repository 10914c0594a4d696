/**
 * Takes regions that shed this client out of its levels, as long as somebody else can serve it: shedding moves load, it
 * never refuses it. Bound clients do not come here, they stay.
 */
import type { Reason } from "./decision.ts";
import type { HealthView } from "./health-view.ts";
import { isShed } from "./load.ts";
import type { LoadedService } from "./loaded-snapshot.ts";
import { healthOf } from "./region-health.ts";
import type { Steered, WeightedRegion } from "./steering.ts";

export function withoutShed(
  service: LoadedService,
  steered: Steered,
  { keyHash, health }: { readonly keyHash: number; readonly health: HealthView },
  trace: Reason[] | undefined,
): Steered {
  if (service.load.shed === undefined) return steered;
  const levels = [steered.first, ...steered.rest()];
  const shareOf = ({ region }: WeightedRegion) => healthOf(region, service, health).shedBps;
  const stays = (entry: WeightedRegion) => !isShed(keyHash, entry.region, shareOf(entry));
  const left = levels.map((level) => level.filter(stays)).filter((level) => level.length > 0);
  const canServe = left.some((level) => level.some(({ region }) => healthOf(region, service, health).healthyBps > 0));
  const [first, ...rest] = left;
  if (!canServe || first === undefined) return steered;
  for (const entry of levels.flat()) {
    if (!stays(entry)) trace?.push({ code: "load.shed", region: entry.region.name, shedBps: shareOf(entry) });
  }
  return { first, rest: () => rest };
}

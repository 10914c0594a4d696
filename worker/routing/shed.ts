/**
 * Takes regions that shed this client out of its levels, as long as somebody else can serve it: shedding moves load, it
 * never refuses it. Bound clients do not come here, they stay.
 */
import type { Reason } from "./decision.ts";
import type { HealthView } from "./health-view.ts";
import { isShed } from "./load.ts";
import type { LoadedService } from "./loaded-snapshot.ts";
import { regionHealths } from "./region-health.ts";
import type { Level, WeightedRegion } from "./steering.ts";

export function withoutShed(
  service: LoadedService,
  levels: readonly Level[],
  keyHash: number,
  health: HealthView,
  reasons: Reason[],
): readonly Level[] {
  if (service.load.shed === undefined) return levels;
  const regions = regionHealths(service, health);
  const shareOf = (name: string) => regions.get(name)?.shedBps ?? 0;
  const stays = ({ region }: WeightedRegion) => !isShed(keyHash, region, shareOf(region.name));
  const left = levels.map((level) => level.filter(stays)).filter((level) => level.length > 0);
  const canServe = left.some((level) => level.some(({ region }) => (regions.get(region.name)?.healthyBps ?? 0) > 0));
  if (!canServe) return levels;
  for (const level of levels) {
    for (const entry of level) {
      const { name } = entry.region;
      if (!stays(entry)) reasons.push({ code: "load.shed", region: name, shedBps: shareOf(name) });
    }
  }
  return left;
}

/**
 * Whether the regions can carry what they would get. Unlike the safety rule of the same name it does not ask whether it was
 * any better before: this is about the state, and not about the change. Without a rate there is nothing to compare.
 */
import { resolvePolicy } from "../../safety/defaults.ts";
import { percent } from "../../safety/words.ts";
import type { PreflightCheck } from "../examined.ts";

export const checkCapacity: PreflightCheck = ({ fleet, regions, projection }) => {
  const { utilizationMaxPercent: max } = resolvePolicy(fleet);
  if (max === undefined) return [];
  return projection.regions.flatMap(({ region, requestsPerSecond, utilizationBps, capacityRequestsPerSecond }) => {
    const bps = Math.round(utilizationBps ?? 0); // Whole basis points, as in the rule: no limit is passed by rounding.
    if (!regions.has(region) || requestsPerSecond === undefined || bps <= max * 100) return [];
    const sentence = `${region} would get ${Math.round(requestsPerSecond)} requests/s, which is ${percent(bps)} of its capacity of ${capacityRequestsPerSecond}; ${max}% is the most.`;
    return [
      {
        code: "capacity.exceeded" as const,
        document: { kind: "Region" as const, name: region },
        path: ["spec", "capacity", "requestsPerSecond"],
        regions: [region],
        sentence,
      },
    ];
  });
};

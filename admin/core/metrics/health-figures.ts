/** What the health object answers for a scrape: the states without their reasons, and counts for each vantage. */
import type { HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { inPanic } from "../health/judge.ts";
import type { HealthWatch } from "../health/watch.ts";
import type { HealthFigures } from "./figures.ts";

export function healthFigures(watch: HealthWatch): HealthFigures {
  const { config, judgement } = watch;
  return {
    panic: inPanic(judgement),
    states: Object.fromEntries(Array.from(judgement.clusters, ([cluster, { state }]) => [cluster, state])),
    vantages: config.vantages.map((vantage) => ({
      vantage,
      standing: judgement.vantages.get(vantage)?.standing ?? "silent",
      clusters: countStates(watch, vantage),
    })),
  };
}

function countStates(watch: HealthWatch, vantage: Vantage) {
  const counts: Record<HealthState, number> = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  for (const { state } of watch.known(vantage)?.clusters.values() ?? []) counts[state] += 1;
  return counts;
}

/** Metrics of what is promised where, and of how much of each error budget is left. What nobody can say is absent. */
import { METRICS } from "./catalogue.ts";
import { family, type MetricFamily } from "./family.ts";
import type { ObjectiveFigures } from "./figures.ts";

export function objectiveFamilies(objectives: ObjectiveFigures): readonly MetricFamily[] {
  return [
    family(
      METRICS.objective,
      objectives.map(({ service, region, sli, targetPpm }) => ({
        labels: { service, region, sli },
        value: targetPpm / 1_000_000,
      })),
    ),
    family(
      METRICS.errorBudgetRemaining,
      objectives.flatMap(({ service, region, sli, remainingPpm }) =>
        remainingPpm === undefined ? [] : [{ labels: { service, region, sli }, value: remainingPpm / 1_000_000 }],
      ),
    ),
  ];
}

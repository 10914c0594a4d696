/** What the status object answers for a scrape: how many differences there are, not which. */
import { groupBy } from "../../../config/group.ts";
import type { Drift } from "../drift/drift.ts";
import type { DriftFigures } from "./figures.ts";

export function driftFigures(drifts: readonly Pick<Drift, "severity" | "kind">[]): DriftFigures {
  return [...groupBy(drifts, ({ severity, kind }) => `${severity}/${kind}`).values()].flatMap((found) => {
    const [first] = found;
    return first === undefined ? [] : [{ severity: first.severity, kind: first.kind, count: found.length }];
  });
}

/** Every difference between what is declared and what clusters report at one moment, in the order of their keys. */
import { sortedBy } from "../../../config/order.ts";
import type { Statuses } from "../status/statuses.ts";
import { driftAgainstDeclared } from "./against-declared.ts";
import { driftBetween } from "./between.ts";
import type { Declared } from "./declared.ts";
import type { Drift } from "./drift.ts";

export function findDrift(declared: Declared, statuses: Statuses): readonly Drift[] {
  const found = declared.clusters.flatMap(({ reports, ...cluster }) =>
    reports === undefined ? [] : driftAgainstDeclared({ ...cluster, reports }, statuses.get(cluster.cluster), declared),
  );
  return sortedBy([...found, ...driftBetween(declared, statuses)], ({ key }) => key);
}

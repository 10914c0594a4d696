/** The differences that stop a release: those that the Policy calls errors. What is unknown stops nothing by itself. */
import type { Fleet } from "../../../config/documents.ts";
import type { Overlay } from "../../../config/overlays.ts";
import type { PolicySpec } from "../../../config/policy.ts";
import type { Statuses } from "../status/statuses.ts";
import { declaredOf } from "./declared.ts";
import type { Drift } from "./drift.ts";
import { findDrift } from "./find-drift.ts";

export function driftBlocks(
  fleet: Fleet,
  statuses: Statuses,
  policy: Pick<PolicySpec, "drift"> | undefined,
  overlays: readonly Overlay[] = [],
): readonly Drift[] {
  const declared = { ...declaredOf(fleet, overlays), policy: policy ?? {} };
  return findDrift(declared, statuses).filter(({ severity }) => severity === "error");
}

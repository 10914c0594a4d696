/** One difference between what is declared and what clusters report, or between clusters that must be alike. */
import type { DriftField } from "../../../config/policy.ts";

export type DriftSeverity = "error" | "warning";

/**
 * `declared`: a cluster reports something other than its document says. `between`: clusters of one side of a service
 * report different things, and no document says that they should. `unknown`: what must be reported is not.
 */
export type DriftKind = "declared" | "between" | "unknown";

export type Drift = {
  /** What it is of, without its values: the same difference has the same key for as long as it lasts. */
  readonly key: string;
  readonly kind: DriftKind;
  /** `status` for a cluster that does not report at all. */
  readonly field: DriftField | "status";
  /** The secret, when the field is `secrets`. */
  readonly secret?: string;
  readonly service: string;
  readonly clusters: readonly string[];
  /** As text; lists with commas. */
  readonly declared?: string;
  /** What each cluster reports, as text; absent when it does not. */
  readonly reported: Readonly<Record<string, string>>;
  readonly severity: DriftSeverity;
  /** For people. */
  readonly sentence: string;
};

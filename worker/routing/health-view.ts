/**
 * The condition of the clusters at one moment, as one immutable value: probe results and passive ejections. A new
 * object is made whenever either changes, so decisions may keep what they computed from it beside it.
 */
import type { HealthState } from "../../config/health.ts";

export type HealthView = {
  /** By cluster name; a cluster that is missing is `unknown`. */
  readonly states: ReadonlyMap<string, HealthState>;
  /** Clusters that passive outlier detection has taken out for now. */
  readonly ejected: ReadonlySet<string>;
};

/** Nothing is known: every cluster counts as usable. */
export const HEALTH_UNKNOWN: HealthView = { states: new Map(), ejected: new Set() };

/**
 * The condition of the clusters at one moment, as one immutable value: probe results, passive ejections, what is coming
 * back, and how busy and how far behind clusters say they are. A new object is made whenever any of it changes, so decisions may keep what
 * they computed from it beside it.
 */
import type { HealthState } from "../../config/health.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { Place } from "./facts.ts";

export type HealthView = {
  /** Whose probes `states` go by: what most vantages see, or what one of them sees. */
  readonly vantage: Vantage | "global";
  /** By cluster name; a cluster that is missing is `unknown`. */
  readonly states: ReadonlyMap<string, HealthState>;
  /** Clusters that passive outlier detection has taken out for now. */
  readonly ejected: ReadonlySet<string>;
  /** The part of its weight that a cluster may carry for now, 1 to 9,999: it is coming back, or dimmed. Else all of it. */
  readonly capacityBps: ReadonlyMap<string, number>;
  /** How busy a cluster says it is, 0 to 10,000. Missing: it does not say. */
  readonly utilizationBps: ReadonlyMap<string, number>;
  /** By how much a cluster's data is behind, in milliseconds. Missing: it does not say, and counts as within any limit. */
  readonly lagMs: ReadonlyMap<string, number>;
  /** Regions by measured time to first byte, fastest first, by `latencyKey`. Missing: not enough is measured. */
  readonly latencyRanks: ReadonlyMap<string, readonly string[]>;
};

/** Nothing is known: every cluster counts as usable, in full. */
export const HEALTH_UNKNOWN: HealthView = {
  vantage: "global",
  states: new Map(),
  ejected: new Set(),
  capacityBps: new Map(),
  utilizationBps: new Map(),
  lagMs: new Map(),
  latencyRanks: new Map(),
};

/** What latency is measured by: a service, and the country or at least the continent of the client. */
export function latencyKey(service: string, place: Pick<Place, "country" | "continent">): string {
  return `${service}/${place.country ?? place.continent ?? "unknown"}`;
}

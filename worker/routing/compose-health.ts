/**
 * Puts what is known of the clusters into one health view: what probes report, what this isolate ejected, what is on its
 * way back, how busy and how far behind clusters say they are, and who answers fastest. Pure; the shell calls it when one
 * of them changed, and every now and then while something ramps.
 */
import type { HealthState } from "../../config/health.ts";
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { HealthView } from "./health-view.ts";
import type { LoadedCluster, LoadedService, LoadedSnapshot } from "./loaded-snapshot.ts";
import { rampShareBps } from "./ramp.ts";

export type HealthInputs = {
  readonly vantage: HealthView["vantage"];
  /** What most vantages see, or that one. */
  readonly states: ReadonlyMap<string, HealthState>;
  /** When they found clusters healthy again, milliseconds since the epoch. */
  readonly recoveredAtMs: ReadonlyMap<string, number>;
  readonly ejected: ReadonlySet<string>;
  readonly dimmed: ReadonlySet<string>;
  /** When clusters came back from an ejection. */
  readonly returnedAtMs: ReadonlyMap<string, number>;
  readonly utilizationBps: ReadonlyMap<string, number>;
  readonly lagMs: ReadonlyMap<string, number>;
  readonly latencyRanks: ReadonlyMap<string, readonly string[]>;
};

export type ComposedHealth = {
  readonly view: HealthView;
  /** Something is on its way back: the view has to be made anew as time goes on. */
  readonly ramping: boolean;
};

export function composeHealth(snapshot: LoadedSnapshot, inputs: HealthInputs, now: number): ComposedHealth {
  const capacityBps = new Map<string, number>();
  let ramping = false;
  for (const service of snapshot.services.values()) {
    for (const cluster of service.clusters.values()) {
      const share = rampOf(cluster, service, inputs, now);
      ramping ||= share < SHARE_BPS_TOTAL;
      const capacity = inputs.dimmed.has(cluster.name) ? Math.min(share, service.recovery.floorBps) : share;
      if (capacity < SHARE_BPS_TOTAL) capacityBps.set(cluster.name, capacity);
    }
  }
  const { vantage, states, ejected, utilizationBps, lagMs, latencyRanks } = inputs;
  return { view: { vantage, states, ejected, capacityBps, utilizationBps, lagMs, latencyRanks }, ramping };
}

/** What one vantage sees otherwise than most. */
export type Sight = {
  readonly vantage: Vantage;
  readonly states: readonly (readonly [cluster: string, state: HealthState])[];
  /** 0 for a cluster that was never away there. */
  readonly recoveredAtMs: readonly (readonly [cluster: string, atMs: number])[];
};

/** The same moment with a vantage's own word in the place of what most say. What it does not know it takes from them. */
export function seenFrom({ vantage, states, recoveredAtMs }: Sight, inputs: HealthInputs): HealthInputs {
  const known = states.filter(([, state]) => state !== "unknown");
  return {
    ...inputs,
    vantage,
    states: new Map([...inputs.states, ...known]),
    recoveredAtMs: new Map([...inputs.recoveredAtMs, ...recoveredAtMs]),
  };
}

/** The latest return counts: from a drain of the cluster or its region, from bad health, from an ejection. */
function rampOf(cluster: LoadedCluster, service: LoadedService, inputs: HealthInputs, now: number): number {
  const region = service.regions.find(({ name }) => name === cluster.region);
  const returns = [
    cluster.availability.returnedAtMs,
    region?.availability.returnedAtMs,
    inputs.recoveredAtMs.get(cluster.name),
    inputs.returnedAtMs.get(cluster.name),
  ].filter((atMs) => atMs !== undefined);
  return returns.length === 0 ? SHARE_BPS_TOTAL : rampShareBps(now - Math.max(...returns), service.recovery);
}

/**
 * Whether the traffic of a drain that has run out may return. Nobody is there to look, so what comes back must be well and
 * must not break anything: else the drain is held, with the sentence that says why, and asked for again later.
 */
import { unreachable } from "../../../config/invariant.ts";
import type { SnapshotCluster } from "../../../config/snapshot.ts";
import type { DrainTarget } from "../changes/mutation.ts";
import { describeLimits, exceededBy, lagText, limitsByService } from "../lag/limits.ts";
import { unlessOverridden } from "./evaluate.ts";
import { type ExaminedChange, examine } from "./examine.ts";
import { assertionState } from "./rules/assertions.ts";
import { capacity } from "./rules/capacity.ts";
import { incident } from "./rules/incident.ts";
import type { SafetyInput } from "./safety-input.ts";
import { isClusterOn } from "./switches.ts";
import { denials } from "./verdict.ts";
import { firstOf, listed } from "./words.ts";

/** `input`: from the state as it is to the one without this drain. Undefined: nothing speaks against it. */
export function comebackHolds(input: SafetyInput, target: DrainTarget): string | undefined {
  const { change, policy } = examine({ ...input, direction: "comeback" });
  const down = servicesDown(change, target);
  if (down.length > 0) {
    const whose = `the service${down.length === 1 ? "" : "s"} ${listed(down)}`;
    return `Every cluster of ${whose} that would take new clients in the ${target.kind} ${target.name} is down.`;
  }
  const behind = servicesBehind(change, target);
  if (behind.length > 0) return firstOf(behind);
  // Nobody should have to chase traffic that came back by itself in the middle of an incident.
  const verdicts = [
    incident(change),
    capacity(change, policy),
    ...policy.assertions.map((rule) => assertionState(change, rule)),
  ];
  const denied = denials(verdicts.map((verdict) => unlessOverridden(verdict, change)));
  return denied.length === 0 ? undefined : denied.map(({ sentence }) => sentence).join(" ");
}

/** Services all of whose returning clusters are known to be down. What is not known may return: the edge will find out. */
function servicesDown({ snapshots, health }: ExaminedChange, target: DrainTarget): readonly string[] {
  const returning = snapshots.after.clusters.filter((cluster) => isClusterOn(cluster) && isOf(target, cluster));
  const isDown = ({ name }: SnapshotCluster) => health?.get(name) === "unhealthy";
  const well = new Set(returning.filter((cluster) => !isDown(cluster)).map(({ service }) => service));
  const services = [...new Set(returning.map(({ service }) => service))];
  return services.filter((service) => !well.has(service));
}

/**
 * Services all of whose returning clusters are further behind than something that they serve tolerates: edges would send
 * such requests elsewhere, and the rest to data from before. Who does not say counts as caught up.
 */
function servicesBehind({ snapshots: { after }, lagMs }: ExaminedChange, target: DrainTarget): readonly string[] {
  const returning = after.clusters.filter((cluster) => isClusterOn(cluster) && isOf(target, cluster));
  return [...limitsByService(after)].flatMap(([service, limits]) => {
    const lags = returning.filter((cluster) => cluster.service === service).map(({ name }) => lagMs?.get(name) ?? 0);
    const exceeded = lags.length === 0 ? [] : exceededBy(Math.min(...lags), limits);
    if (exceeded.length === 0) return [];
    return [
      `The data of ${service} in the ${target.kind} ${target.name} is ${lagText(Math.min(...lags))} behind, and ${describeLimits(exceeded)} is tolerated.`,
    ];
  });
}

function isOf({ kind, name }: DrainTarget, cluster: SnapshotCluster): boolean {
  switch (kind) {
    case "region":
      return cluster.region === name;
    case "cluster":
      return cluster.name === name;
    default:
      return unreachable(kind);
  }
}

/**
 * After the change every residency rule of every service, or a service without any as a whole, has enough clusters that
 * take new clients in a region that may serve them, and that are not known to be down. Nobody else may take over for a
 * residency rule, so its last healthy cluster is never taken away. What is not known to be down counts as healthy: a
 * change must not depend on the prober.
 */
import { canonicalJson } from "../../../../config/canonical.ts";
import { sortedBy } from "../../../../config/order.ts";
import type { Snapshot, SnapshotCluster, SnapshotService } from "../../../../config/snapshot.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import { acceptingClusters, sameClusters } from "../switches.ts";
import type { Verdict } from "../verdict.ts";
import { counted, firstOf } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff, warn } from "./verdicts.ts";

const RULE = "healthyClusters";

export function healthyClusters(
  { snapshots, health }: ExaminedChange,
  { healthyClustersMin: min }: ResolvedSafety,
): Verdict {
  if (min === undefined) return switchedOff(RULE);
  const isDown = ({ name }: SnapshotCluster) => health?.get(name) === "unhealthy";
  const zones = zonesOf(snapshots, isDown);
  if (zones.length === 0) return notEvaluated(RULE, "No service has clusters.");
  const short = zones.filter(({ after }) => after < min);
  const lost = short.filter(({ before, after }) => after < before);
  const least = Math.min(...zones.map(({ after }) => after));
  const numbers = { zones: zones.length, least, min };
  if (short.length === 0) {
    const where = zones.length === 1 ? "" : ` in each of ${zones.length} services and residency rules`;
    return pass(RULE, `After the change ${isLeft(least)}${where}; at least ${min} must be.`, numbers);
  }
  const told = lost.length > 0 ? lost : short;
  const names = { ...numbers, short: told.map(({ title }) => title) };
  const sentence = firstOf(told.map((zone) => shortage(zone, min)));
  return lost.length > 0 ? deny(RULE, sentence, names) : warn(RULE, `${sentence} It was no better before.`, names);
}

/** Who may be served by whom: one residency rule, or a whole service. The counts are of clusters. */
type Zone = { readonly title: string; readonly before: number; readonly after: number };

type IsDown = (cluster: SnapshotCluster) => boolean;

function zonesOf(snapshots: { readonly before: Snapshot; readonly after: Snapshot }, isDown: IsDown): readonly Zone[] {
  const before = clusterIndex(snapshots.before, isDown);
  const after = sameClusters(snapshots.before, snapshots.after) ? before : clusterIndex(snapshots.after, isDown);
  const services = new Map(snapshots.before.services.map((service) => [service.name, service]));
  return sortedBy(snapshots.after.services, ({ name }) => name).flatMap((service): Zone[] => {
    const { name, residency } = service;
    if (!before.services.has(name) && !after.services.has(name)) return [];
    const old = services.get(name);
    if (residency === undefined) {
      return [{ title: name, before: before.count(name, undefined), after: after.count(name, undefined) }];
    }
    return residency.map((rule, index) => ({
      title: `${name}, residency rule ${index + 1} (${rule.jurisdictions.join(", ")})`,
      before: before.count(name, old === service ? rule.jurisdictions : jurisdictionsBefore(old, rule)),
      after: after.count(name, rule.jurisdictions),
    }));
  });
}

type ResidencyRule = NonNullable<SnapshotService["residency"]>[number];

/** What served the same clients before: the rule for them may have been another one, or there may have been none. */
function jurisdictionsBefore(
  service: SnapshotService | undefined,
  { clients, jurisdictions }: ResidencyRule,
): readonly string[] | undefined {
  if (service !== undefined && service.residency === undefined) return undefined;
  const same = service?.residency?.find((rule) => canonicalJson(rule.clients) === canonicalJson(clients));
  return same?.jurisdictions ?? jurisdictions;
}

/** `count` says how many clusters of a service may serve under one of the jurisdictions; undefined: anywhere. */
function clusterIndex(snapshot: Snapshot, isDown: IsDown) {
  const satisfied = new Map(snapshot.regions.map(({ name, jurisdictions }) => [name, new Set<string>(jurisdictions)]));
  const usable = new Map<string, SnapshotCluster[]>();
  for (const cluster of acceptingClusters(snapshot)) {
    if (isDown(cluster)) continue;
    const known = usable.get(cluster.service);
    if (known === undefined) usable.set(cluster.service, [cluster]);
    else known.push(cluster);
  }
  const count = (service: string, jurisdictions: readonly string[] | undefined): number => {
    const clusters = usable.get(service) ?? [];
    if (jurisdictions === undefined) return clusters.length;
    return clusters.filter(({ region }) => jurisdictions.some((name) => satisfied.get(region)?.has(name))).length;
  };
  return { services: new Set<string>(snapshot.clusters.map(({ service }) => service)), count };
}

function shortage({ title, before, after }: Zone, min: number): string {
  return `After the change ${isLeft(after)} for ${title} (now ${before}); at least ${min} must be.`;
}

function isLeft(n: number): string {
  return `${counted(n, "cluster")} that ${n === 1 ? "is" : "are"} not down ${n === 1 ? "takes" : "take"} new clients`;
}

/**
 * There is a way back, and somebody at its end. Whoever has a canary side goes back to the stable clusters of the same
 * region; whoever has not goes back in place, on the clusters that declare a rollback target. What is not known to be
 * down counts as well: a release must not depend on the prober, but it is said when nobody could be asked.
 */
import { groupBy } from "../../../../config/group.ts";
import { sortedBy } from "../../../../config/order.ts";
import { acceptingClusters } from "../../safety/switches.ts";
import { listed } from "../../safety/words.ts";
import { digestOf, documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";
import { sideOf, wavesOf } from "./waves.ts";

export const checkRollback: PreflightCheck = (examined) => [
  ...undeclared(examined),
  ...examined.clusters.flatMap(leadsNowhere),
  ...targetHealth(examined),
];

/** Asked of those who have said what they deploy. */
function undeclared(examined: Examined): readonly Found[] {
  return wavesOf(examined).flatMap((wave): Found[] => {
    const without = wave.filter(
      ({ spec }) => spec.rollback === undefined && (spec.image ?? spec.requires) !== undefined,
    );
    const [first] = without;
    if (first === undefined) return [];
    const sentence = `${sideOf(first)} has no way back declared for ${listed(without.map(placed))}, so none is proven.`;
    const clusters = without.map(({ name }) => name);
    return [{ code: "rollback.undeclared", document: documentOf(first), path: ["spec"], clusters, sentence }];
  });
}

function leadsNowhere(cluster: ExaminedCluster): readonly Found[] {
  const { rollback } = cluster.spec;
  if (rollback === undefined || rollback.imageDigest !== digestOf(cluster.spec)) return [];
  const sentence = `${placed(cluster)} would go back to the image that is declared for it now.`;
  return [
    {
      ...{ code: "rollback.same", document: documentOf(cluster), path: ["spec", "rollback", "imageDigest"] },
      ...{ clusters: [cluster.name], sentence },
    },
  ];
}

/** A region of a service that something is released to, and who serves there after the way back. */
type Return = {
  readonly service: string;
  readonly region: string;
  /** Released there; the first stands for the place in the documents. */
  readonly released: readonly [ExaminedCluster, ...ExaminedCluster[]];
  readonly targets: readonly ExaminedCluster[];
};

function targetHealth(examined: Examined): readonly Found[] {
  const { health } = examined;
  const returns = returnsOf(examined);
  if (returns.length === 0) return [];
  if (health === undefined) {
    const clusters = returns.flatMap(({ targets }) => targets.map(({ name }) => name));
    const sentence = `How the clusters are that would serve after a rollback is not known: nobody could be asked.`;
    return [{ code: "health.unknown", clusters, sentence }];
  }
  return returns.flatMap((one) => judge(one, health));
}

function returnsOf({ all, clusters, after }: Examined): readonly Return[] {
  const accepting = new Set<string>(acceptingClusters(after.snapshot).map(({ name }) => name));
  const asked = new Set(clusters.map(({ service, region }) => `${service}/${region}`));
  const places = groupBy(
    all.filter(({ name }) => accepting.has(name)),
    ({ service, region }) => `${service}/${region}`,
  );
  return sortedBy(places, ([place]) => place).flatMap(([place, members]): Return[] => {
    const canary = members.filter(({ side }) => side === "canary");
    const stable = members.filter(({ side }) => side === "stable");
    const inPlace = stable.filter(({ spec }) => spec.rollback !== undefined);
    const [first, ...rest] = canary.length > 0 ? canary : inPlace;
    if (first === undefined || !asked.has(place)) return [];
    const targets = canary.length > 0 ? stable : inPlace;
    return [{ service: first.service, region: first.region, released: [first, ...rest], targets }];
  });
}

function judge(
  { service, region, released, targets }: Return,
  health: NonNullable<Examined["health"]>,
): readonly Found[] {
  const [first] = released;
  if (targets.length === 0) {
    const sentence = `In ${region} only canary clusters of ${service} take clients: after a rollback nobody would serve there.`;
    return [
      { code: "rollback.noTarget", document: documentOf(first), path: ["spec"], clusters: [first.name], sentence },
    ];
  }
  const down = targets.filter(({ name }) => health.get(name) === "unhealthy");
  const [firstDown] = down;
  if (firstDown === undefined) return [];
  const left = targets.length - down.length;
  const who = `${listed(down.map(({ name }) => name))} ${down.length === 1 ? "is" : "are"} down`;
  const rest = left === 0 ? `no cluster of ${service}` : `only ${left} of ${targets.length} clusters of ${service}`;
  const sentence = `After a rollback ${rest} would serve in ${region}: ${who}.`;
  return [
    {
      ...{ code: "rollback.unhealthy", severity: left === 0 ? "error" : "warning" },
      ...{ document: documentOf(firstDown), path: ["spec"], clusters: down.map(({ name }) => name), sentence },
    },
  ];
}

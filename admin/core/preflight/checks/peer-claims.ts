/**
 * Which versions the clusters of each service run and are meant to run, and which they report to ask of other services.
 * A thousand clusters of a service say two or three things, so they are kept by what they say.
 */
import { groupBy } from "../../../../config/group.ts";
import type { Examined, ExaminedCluster } from "../examined.ts";

/** Clusters of one service that say the same. */
export type Group = readonly ExaminedCluster[];

/** What clusters of a service run or ask for; by its text. */
export type Claims = ReadonlyMap<string, readonly Claim[]>;
export type Claim = {
  readonly cluster: ExaminedCluster;
  readonly says: "reports" | "is declared with" | "reports to need";
  readonly text: string;
};

export function grouped(
  clusters: readonly ExaminedCluster[],
  textOf: (cluster: ExaminedCluster) => string | undefined,
): readonly (readonly [text: string, group: Group])[] {
  return [...groupBy(clusters, textOf)].flatMap(([text, group]) =>
    text === undefined ? [] : [[text, group] as const],
  );
}

/** What peers report to ask of the versions of a service. */
export function demandsByService({ running }: Examined): ReadonlyMap<string, Claims> {
  const demands = [...running.values()].flat().flatMap((cluster) =>
    Object.entries(cluster.status?.compatibility?.peers ?? {}).map(([service, text]) => ({
      service,
      ...({ cluster, says: "reports to need", text } satisfies Claim),
    })),
  );
  return byText(groupBy(demands, ({ service }) => service));
}

/** What runs there now, and what is meant to, where that is something else. */
export function claimsByService({ running }: Examined): ReadonlyMap<string, Claims> {
  return byText(new Map([...running].map(([service, members]) => [service, members.flatMap(versionsOf)])));
}

function byText(claims: ReadonlyMap<string, readonly Claim[]>): ReadonlyMap<string, Claims> {
  return new Map([...claims].map(([service, ones]) => [service, groupBy(ones, ({ text }) => text)]));
}

function versionsOf(cluster: ExaminedCluster): readonly Claim[] {
  const [reported, declared] = [cluster.status?.version, cluster.spec.reports?.version];
  return [
    ...(reported === undefined ? [] : [{ cluster, says: "reports", text: reported } as const]),
    ...(declared === undefined || declared === reported
      ? []
      : [{ cluster, says: "is declared with", text: declared } as const]),
  ];
}

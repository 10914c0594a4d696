/**
 * Whether services can talk to each other while a change goes on: the versions of peers that the declared version and the
 * rollback target ask for, against what the peers' clusters report and are declared to run; and the versions of this
 * service that peers report to ask for, against the version that is declared and the one to go back to.
 */
import { groupBy } from "../../../../config/checks/group.ts";
import type { FindingPath } from "../../../../config/findings.ts";
import { parseVersion } from "../../../../config/version.ts";
import { isInRange, parseRange, type VersionRange } from "../../../../config/version-range.ts";
import { firstOf, listed } from "../../safety/words.ts";
import { documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

/** The version that is declared, or the one to go back to. */
type Way = {
  readonly code: "peers.incompatible" | "peers.rollbackIncompatible";
  readonly what: string;
  readonly version: { readonly text: string | undefined; readonly path: FindingPath };
  readonly peers: Readonly<Record<string, string>>;
  readonly path: FindingPath;
};

export const checkPeers: PreflightCheck = (examined) => {
  const demands = demandsByService(examined);
  return examined.clusters
    .filter(({ disabled }) => !disabled)
    .flatMap((cluster) =>
      waysOf(cluster).flatMap((way) => [
        ...asked(cluster, way, examined),
        ...asking(cluster, way, demands.get(cluster.service) ?? []),
      ]),
    );
};

/** What a peer reports to ask of the versions of a service. */
type Demand = {
  readonly service: string;
  readonly cluster: ExaminedCluster;
  readonly text: string;
  readonly range: VersionRange;
};

function demandsByService({ running }: Examined): ReadonlyMap<string, readonly Demand[]> {
  const demands = [...running.values()].flat().flatMap((cluster) =>
    Object.entries(cluster.status?.compatibility?.peers ?? {}).flatMap(([service, text]): Demand[] => {
      const range = parseRange(text);
      return range === undefined ? [] : [{ service, cluster, text, range }];
    }),
  );
  return groupBy(demands, ({ service }) => service);
}

function waysOf({ spec: { reports, requires, rollback } }: ExaminedCluster): readonly Way[] {
  const there: Way = {
    code: "peers.incompatible",
    what: "What is declared for",
    version: { text: reports?.version, path: ["spec", "reports", "version"] },
    peers: requires?.peers ?? {},
    path: ["spec", "requires", "peers"],
  };
  if (rollback === undefined) return [there];
  const back: Way = {
    code: "peers.rollbackIncompatible",
    what: "The way back of",
    version: { text: rollback.version, path: ["spec", "rollback", "version"] },
    peers: rollback.requires?.peers ?? {},
    path: ["spec", "rollback", "requires", "peers"],
  };
  return [there, back];
}

/** What this version asks of its peers. */
function asked(cluster: ExaminedCluster, way: Way, { running }: Examined): readonly Found[] {
  return Object.entries(way.peers).flatMap(([peer, text]): Found[] => {
    const range = parseRange(text);
    const clusters = (running.get(peer) ?? []).filter(({ name }) => name !== cluster.name);
    const claims = clusters.flatMap(versionsOf);
    const about = { document: documentOf(cluster), path: [...way.path, peer] };
    const outside = claims.filter(
      ({ version }) => range !== undefined && version !== undefined && !isInRange(version, range),
    );
    if (outside.length > 0) {
      const reasons = outside.map((one) => `${placed(one.cluster)} ${one.says} ${one.text}.`);
      const sentence = `${way.what} ${placed(cluster)} needs ${peer} ${text}. ${firstOf(reasons)}`;
      return [{ code: way.code, ...about, clusters: [cluster.name, ...namesOf(outside)], sentence }];
    }
    const known = new Set(claims.filter(({ version }) => version !== undefined).map((one) => one.cluster));
    const unknown = clusters.filter((one) => !known.has(one));
    if (unknown.length === 0 && clusters.length > 0) return [];
    const why = clusters.length === 0 ? "it has no cluster" : `no version is known of ${listed(unknown.map(placed))}`;
    const sentence = `${way.what} ${placed(cluster)} needs ${peer} ${text}, and ${why} that could be compared.`;
    return [
      { code: "peers.unknown", ...about, clusters: [cluster.name, ...unknown.map(({ name }) => name)], sentence },
    ];
  });
}

type Claim = {
  readonly cluster: ExaminedCluster;
  readonly says: "reports" | "is declared with";
  readonly text: string;
  readonly version: ReturnType<typeof parseVersion>;
};

/** What runs there now, and what is meant to, where that is something else. */
function versionsOf(cluster: ExaminedCluster): readonly Claim[] {
  const [reported, declared] = [cluster.status?.version, cluster.spec.reports?.version];
  const claims = [
    { says: "reports" as const, text: reported },
    { says: "is declared with" as const, text: declared === reported ? undefined : declared },
  ];
  return claims.flatMap(({ says, text }) =>
    text === undefined ? [] : [{ cluster, says, text, version: parseVersion(text) }],
  );
}

/** What peers report to ask of this service. What they are declared to ask is a question to them. */
function asking(cluster: ExaminedCluster, way: Way, demands: readonly Demand[]): readonly Found[] {
  const version = way.version.text === undefined ? undefined : parseVersion(way.version.text);
  if (version === undefined) return [];
  const against = demands.filter(({ range }) => !isInRange(version, range));
  if (against.length === 0) return [];
  const reasons = against.map((one) => `${placed(one.cluster)} reports to need ${one.text}.`);
  const sentence = `${way.what} ${placed(cluster)} is ${cluster.service} ${way.version.text}. ${firstOf(reasons)}`;
  const clusters = [cluster.name, ...namesOf(against)];
  return [{ code: way.code, document: documentOf(cluster), path: way.version.path, clusters, sentence }];
}

function namesOf(claims: readonly { readonly cluster: ExaminedCluster }[]): readonly string[] {
  return [...new Set(claims.map(({ cluster }) => cluster.name))];
}

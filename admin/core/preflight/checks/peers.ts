/**
 * Whether services can talk to each other while a change goes on: the versions of peers that the declared version and the
 * rollback target ask for, against what the peers' clusters report and are declared to run; and the versions of this
 * service that peers report to ask for, against the version that is declared and the one to go back to.
 */
import { groupBy } from "../../../../config/checks/group.ts";
import type { FindingPath } from "../../../../config/findings.ts";
import { isInRange, parseRange, parseVersion } from "../../../../config/version-range.ts";
import { firstOf, listed } from "../../safety/words.ts";
import { documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";
import { type Claim, type Claims, claimsByService, demandsByService, type Group, grouped } from "./peer-claims.ts";

/** The version that is declared, or the one to go back to. */
type Way = {
  readonly code: "peers.incompatible" | "peers.rollbackIncompatible";
  readonly subject: string;
  readonly versionIn: (spec: ExaminedCluster["spec"]) => string | undefined;
  readonly versionPath: FindingPath;
  readonly peersIn: (spec: ExaminedCluster["spec"]) => Readonly<Record<string, string>>;
  readonly peersPath: FindingPath;
};

const WAYS: readonly Way[] = [
  {
    code: "peers.incompatible",
    subject: "What is declared for",
    versionIn: ({ reports }) => reports?.version,
    versionPath: ["spec", "reports", "version"],
    peersIn: ({ requires }) => requires?.peers ?? {},
    peersPath: ["spec", "requires", "peers"],
  },
  {
    code: "peers.rollbackIncompatible",
    subject: "The way back of",
    versionIn: ({ rollback }) => rollback?.version,
    versionPath: ["spec", "rollback", "version"],
    peersIn: ({ rollback }) => rollback?.requires?.peers ?? {},
    peersPath: ["spec", "rollback", "requires", "peers"],
  },
];

export const checkPeers: PreflightCheck = (examined) => {
  const on = examined.clusters.filter(({ disabled }) => !disabled);
  const demands = demandsByService(examined);
  const claims = claimsByService(examined);
  return [...groupBy(on, ({ service }) => service)].flatMap(([service, members]) =>
    WAYS.flatMap((way) => [
      ...needs(members, way).flatMap((need) => asked(need, way, claims, examined)),
      ...grouped(members, ({ spec }) => way.versionIn(spec)).flatMap(([version, group]) =>
        asking(group, version, way, demands.get(service) ?? new Map()),
      ),
    ]),
  );
};

type Need = { readonly peer: string; readonly text: string; readonly group: Group };

/** What clusters of one service ask of each peer, those together that ask the same. */
function needs(members: readonly ExaminedCluster[], { peersIn }: Way): readonly Need[] {
  const peers = new Set(members.flatMap(({ spec }) => Object.keys(peersIn(spec))));
  return [...peers].flatMap((peer) =>
    grouped(members, ({ spec }) => peersIn(spec)[peer]).map(([text, group]) => ({ peer, text, group })),
  );
}

/** What this version asks of its peers. */
function asked(
  { peer, text, group }: Need,
  way: Way,
  claims: ReadonlyMap<string, Claims>,
  { running }: Examined,
): readonly Found[] {
  const range = parseRange(text);
  // A cluster that asks something of its own service asks it of the others.
  const isOther = (cluster: ExaminedCluster) => group.length > 1 || cluster !== group[0];
  const versions = [...(claims.get(peer) ?? [])].map(([said, ones]) => ({ version: parseVersion(said), ones }));
  const outside = versions
    .filter(({ version }) => version !== undefined && range !== undefined && !isInRange(version, range))
    .flatMap(({ ones }) => ones.filter(({ cluster }) => isOther(cluster)));
  const needed = `${way.subject} ${listed(group.map(placed))} needs ${peer} ${text}`;
  const about = { document: documentOf(group[0]), path: [...way.peersPath, peer] };
  if (outside.length > 0) return [{ code: way.code, ...about, ...told(group, outside, `${needed}.`) }];

  const clusters = (running.get(peer) ?? []).filter(isOther);
  const known = new Set(
    versions.flatMap(({ version, ones }) => (version === undefined ? [] : ones.map(({ cluster }) => cluster))),
  );
  const unknown = clusters.filter((one) => !known.has(one));
  if (unknown.length === 0 && clusters.length > 0) return [];
  const why = clusters.length === 0 ? "it has no cluster" : `no version is known of ${listed(unknown.map(placed))}`;
  const sentence = `${needed}, and ${why} that could be compared.`;
  return [{ code: "peers.unknown", ...about, clusters: namesOf([...group, ...unknown]), sentence }];
}

/** What peers report to ask of this service. What they are declared to ask is a question to them. */
function asking(group: Group, text: string, way: Way, demands: Claims): readonly Found[] {
  const version = parseVersion(text);
  if (version === undefined) return [];
  const against = [...demands].flatMap(([wanted, ones]) => {
    const range = parseRange(wanted);
    return range === undefined || isInRange(version, range) ? [] : ones;
  });
  if (against.length === 0) return [];
  const sentence = `${way.subject} ${listed(group.map(placed))} is ${group[0].service} ${text}.`;
  return [{ code: way.code, document: documentOf(group[0]), path: way.versionPath, ...told(group, against, sentence) }];
}

function told(
  group: Group,
  against: readonly Claim[],
  what: string,
): { readonly clusters: readonly string[]; readonly sentence: string } {
  const reasons = against.map(({ cluster, says, text }) => `${placed(cluster)} ${says} ${text}.`);
  const clusters = namesOf([...group, ...against.map(({ cluster }) => cluster)]);
  return { clusters, sentence: `${what} ${firstOf(reasons)}` };
}

function namesOf(clusters: readonly ExaminedCluster[]): readonly string[] {
  return [...new Set(clusters.map(({ name }) => name))];
}

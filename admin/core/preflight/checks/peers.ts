/**
 * Whether services can talk to each other while a change goes on: the versions of peers that the declared version and the
 * rollback target ask for, against what the peers' clusters report and are declared to run; and the versions of this
 * service that peers report to ask for, against the version that is declared and the one to go back to.
 */

import type { FindingPath } from "../../../../config/findings.ts";
import { groupBy } from "../../../../config/group.ts";
import { parseVersion } from "../../../../config/version.ts";
import { isInRange, parseRange } from "../../../../config/version-range.ts";
import { firstOf, listed } from "../../safety/words.ts";
import {
  concerned,
  documentOf,
  type Examined,
  type ExaminedCluster,
  type PreflightCheck,
  placed,
} from "../examined.ts";
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

/** What this version asks of its peers. A cluster that asks something of its own service asks it of the others. */
function asked(
  { peer, text, group }: Need,
  way: Way,
  claims: ReadonlyMap<string, Claims>,
  { running }: Examined,
): readonly Found[] {
  const range = parseRange(text);
  const versions = [...(claims.get(peer) ?? [])].map(([said, ones]) => ({ version: parseVersion(said), ones }));
  const outside = versions
    .filter(({ version }) => version !== undefined && range !== undefined && !isInRange(version, range))
    .flatMap(({ ones }) => ones);
  const known = new Set(
    versions.flatMap(({ version, ones }) => (version === undefined ? [] : ones.map(({ cluster }) => cluster))),
  );
  const peers = running.get(peer) ?? [];
  const unknown = peers.filter((one) => !known.has(one));
  return group.flatMap((cluster): Found[] => {
    const isOther = (one: ExaminedCluster) => one !== cluster;
    const needed = `${way.subject} ${placed(cluster)} needs ${peer} ${text}`;
    const about = { document: documentOf(cluster), path: [...way.peersPath, peer] };
    const against = outside.filter((claim) => isOther(claim.cluster));
    if (against.length > 0) return [{ code: way.code, ...about, ...told(cluster, against, `${needed}.`) }];
    const unclear = unknown.filter(isOther);
    const someone = peers.some(isOther);
    if (someone && unclear.length === 0) return [];
    const why = someone ? `no version is known of ${listed(unclear.map(placed))}` : "it has no cluster";
    const sentence = `${needed}, and ${why} that could be compared.`;
    return [{ code: "peers.unknown", ...about, ...concerned(cluster, unclear), sentence }];
  });
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
  return group.map((cluster) => {
    const what = `${way.subject} ${placed(cluster)} is ${cluster.service} ${text}.`;
    return {
      code: way.code,
      document: documentOf(cluster),
      path: way.versionPath,
      ...told(cluster, against, what),
    };
  });
}

function told(
  cluster: ExaminedCluster,
  against: readonly Claim[],
  what: string,
): Pick<Found, "clusters" | "regions" | "sentence"> {
  const reasons = against.map((claim) => `${placed(claim.cluster)} ${claim.says} ${claim.text}.`);
  const others = against.map((claim) => claim.cluster);
  return { ...concerned(cluster, others), sentence: `${what} ${firstOf(reasons)}` };
}

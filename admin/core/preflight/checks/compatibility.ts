/**
 * Whether there is a version of the data's schema, and of the configuration, that everything can read which runs at the
 * same time: the declared version beside what the clusters of its service report and what they are declared to become,
 * and the rollback target beside the same and beside the new version, which has written by then. Ranges are intervals,
 * so that pair by pair is enough (`config/version-range.ts`).
 */
import type { FindingPath } from "../../../../config/findings.ts";
import { intersection, parseRange, type VersionRange } from "../../../../config/version-range.ts";
import { firstOf } from "../../safety/words.ts";
import { documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

type Aspect = "schema" | "config";

/** Something that reads the same data: what it is, and which versions it reads. */
type Claim = {
  readonly cluster: ExaminedCluster;
  readonly says: "reports" | "is declared";
  readonly text: string;
  readonly range: VersionRange;
};

export const checkCompatibility: PreflightCheck = (examined) => [
  ...(["schema", "config"] as const).flatMap((aspect) => checkAspect(aspect, examined)),
  ...examined.clusters.flatMap(unreadable),
];

function checkAspect(aspect: Aspect, { running, clusters }: Examined): readonly Found[] {
  const claims = new Map(
    [...running].map(([service, members]) => [service, members.flatMap((cluster) => claimsOf(cluster, aspect))]),
  );
  return clusters.flatMap((cluster) => incompatible(cluster, aspect, claims.get(cluster.service) ?? []));
}

function incompatible(cluster: ExaminedCluster, aspect: Aspect, claims: readonly Claim[]): readonly Found[] {
  if (cluster.disabled) return [];
  const { requires, rollback } = cluster.spec;
  return [
    ...conflicts(cluster, claims, {
      code: `${aspect}.incompatible`,
      range: requires?.[aspect],
      path: ["spec", "requires", aspect],
      subject: `What is declared for ${placed(cluster)}`,
    }),
    ...conflicts(cluster, claims, {
      code: `${aspect}.rollbackIncompatible`,
      range: rollback?.requires?.[aspect],
      path: ["spec", "rollback", "requires", aspect],
      subject: `What ${placed(cluster)} would go back to`,
    }),
  ];
}

/** A cluster runs its old version, its new one, or both at once, while the change goes on. */
function claimsOf(cluster: ExaminedCluster, aspect: Aspect): readonly Claim[] {
  const [reported, declared] = [cluster.status?.compatibility?.[aspect], cluster.spec.requires?.[aspect]];
  return [
    ...claim(cluster, "reports", reported),
    ...claim(cluster, "is declared", declared === reported ? undefined : declared),
  ];
}

function claim(cluster: ExaminedCluster, says: Claim["says"], text: string | undefined): readonly Claim[] {
  const range = text === undefined ? undefined : parseRange(text);
  return text === undefined || range === undefined ? [] : [{ cluster, says, text, range }];
}

type Wanted = {
  readonly code: `${Aspect}.${"incompatible" | "rollbackIncompatible"}`;
  readonly range: string | undefined;
  readonly path: FindingPath;
  readonly subject: string;
};

function conflicts(
  cluster: ExaminedCluster,
  claims: readonly Claim[],
  { code, range: text, path, subject }: Wanted,
): readonly Found[] {
  const range = text === undefined ? undefined : parseRange(text);
  const against = range === undefined ? [] : claims.filter((one) => intersection(one.range, range) === undefined);
  if (against.length === 0) return [];
  const [aspect = ""] = code.split(".");
  const reasons = against.map((one) => `${placed(one.cluster)} ${one.says} to read ${one.text}.`);
  const clusters = [...new Set([cluster.name, ...against.map((one) => one.cluster.name)])];
  const sentence = `${subject} reads ${aspect} ${text}, which has no version in common with what runs beside it. ${firstOf(reasons)}`;
  return [{ code, document: documentOf(cluster), path, clusters, sentence }];
}

/** Said once for what a cluster reports; documents cannot hold such a range. */
function unreadable(cluster: ExaminedCluster): readonly Found[] {
  const { schema, config, peers = {} } = cluster.status?.compatibility ?? {};
  const texts = [
    ...(schema === undefined ? [] : [["schema", schema] as const]),
    ...(config === undefined ? [] : [["config", config] as const]),
    ...Object.entries(peers),
  ];
  const odd = texts.filter(([, text]) => parseRange(text) === undefined);
  if (odd.length === 0) return [];
  const named = odd.map(([what, text]) => `${what} ${JSON.stringify(text)}`).join(", ");
  const sentence = `${placed(cluster)} reports ranges of versions that cannot be read: ${named}.`;
  return [{ code: "compatibility.unreadable", document: documentOf(cluster), clusters: [cluster.name], sentence }];
}

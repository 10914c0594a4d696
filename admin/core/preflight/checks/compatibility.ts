/**
 * Whether there is a version of the data's schema, and of the configuration, that everything can read which runs at the
 * same time: the declared version beside what the clusters of its service report and what they are declared to become,
 * and the rollback target beside the same and beside the new version, which has written by then. Ranges are intervals,
 * so that pair by pair is enough (`config/version-range.ts`).
 */
import { groupBy } from "../../../../config/checks/group.ts";
import type { FindingPath } from "../../../../config/findings.ts";
import { intersection, parseRange, type VersionRange } from "../../../../config/version-range.ts";
import { firstOf, listed } from "../../safety/words.ts";
import { documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

type Aspect = "schema" | "config";

/** Something that reads the same data, and how it is known. */
type Claim = { readonly cluster: ExaminedCluster; readonly says: "reports" | "is declared"; readonly text: string };

/** What must suit everything that runs beside it. */
type Way = {
  readonly code: `${Aspect}.${"incompatible" | "rollbackIncompatible"}`;
  readonly path: FindingPath;
  readonly subject: string;
  readonly textIn: (spec: ExaminedCluster["spec"]) => string | undefined;
};

export const checkCompatibility: PreflightCheck = (examined) => [
  ...(["schema", "config"] as const).flatMap((aspect) => checkAspect(aspect, examined)),
  ...examined.clusters.flatMap(unreadable),
];

/** A thousand clusters of a service say two or three things: each is looked at once, and told of once. */
function checkAspect(aspect: Aspect, { running, clusters }: Examined): readonly Found[] {
  const asking = groupBy(
    clusters.filter(({ disabled }) => !disabled),
    ({ service }) => service,
  );
  return [...asking].flatMap(([service, members]) => {
    const claims = groupBy(
      (running.get(service) ?? []).flatMap((cluster) => claimsOf(cluster, aspect)),
      ({ text }) => text,
    );
    return waysOf(aspect).flatMap((way) =>
      [...groupBy(members, ({ spec }) => way.textIn(spec))].flatMap(([text, group]) =>
        text === undefined ? [] : conflict(group, text, way, claims),
      ),
    );
  });
}

function waysOf(aspect: Aspect): readonly Way[] {
  return [
    {
      code: `${aspect}.incompatible`,
      path: ["spec", "requires", aspect],
      subject: "What is declared for",
      textIn: ({ requires }) => requires?.[aspect],
    },
    {
      code: `${aspect}.rollbackIncompatible`,
      path: ["spec", "rollback", "requires", aspect],
      subject: "The way back of",
      textIn: ({ rollback }) => rollback?.requires?.[aspect],
    },
  ];
}

/** A cluster runs its old version, its new one, or both at once, while the change goes on. */
function claimsOf(cluster: ExaminedCluster, aspect: Aspect): readonly Claim[] {
  const [reported, declared] = [cluster.status?.compatibility?.[aspect], cluster.spec.requires?.[aspect]];
  return [
    ...(reported === undefined ? [] : [{ cluster, says: "reports", text: reported } as const]),
    ...(declared === undefined || declared === reported
      ? []
      : [{ cluster, says: "is declared", text: declared } as const]),
  ];
}

/** `group` has at least one. What cannot be read proves nothing, and is told of by itself. */
function conflict(
  group: readonly ExaminedCluster[],
  text: string,
  { code, path, subject }: Way,
  claims: ReadonlyMap<string, readonly Claim[]>,
): readonly Found[] {
  const [first] = group;
  const range = parseRange(text);
  if (first === undefined || range === undefined) return [];
  const against = [...claims].flatMap(([other, ones]) => (areApart(range, parseRange(other)) ? ones : []));
  if (against.length === 0) return [];
  const [aspect = ""] = code.split(".");
  const reasons = against.map((one) => `${placed(one.cluster)} ${one.says} to read ${one.text}.`);
  const clusters = [...new Set([...group, ...against.map(({ cluster }) => cluster)].map(({ name }) => name))];
  const sentence = `${subject} ${listed(group.map(placed))} reads ${aspect} ${text}, which has no version in common with what runs beside it. ${firstOf(reasons)}`;
  return [{ code, document: documentOf(first), path, clusters, sentence }];
}

function areApart(range: VersionRange, other: VersionRange | undefined): boolean {
  return other !== undefined && intersection(range, other) === undefined;
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

/**
 * Whether there is a version of the data's schema, and of the configuration, that everything can read which runs at the
 * same time: the declared version beside what the clusters of its service report and what they are declared to become,
 * and the rollback target beside the same and beside the new version, which has written by then. Ranges are intervals,
 * so that pair by pair is enough (`config/version-range.ts`).
 */

import type { FindingPath } from "../../../../config/findings.ts";
import { groupBy } from "../../../../config/group.ts";
import { intersection, parseRange, type VersionRange } from "../../../../config/version-range.ts";
import { firstOf } from "../../safety/words.ts";
import {
  concerned,
  documentOf,
  type Examined,
  type ExaminedCluster,
  type PreflightCheck,
  placed,
} from "../examined.ts";
import type { Found } from "../finding.ts";
import { onceAText } from "../once-a-text.ts";

type Aspect = "schema" | "config";

/** Something that reads the same data, and how it is known. */
type Claim = { readonly cluster: ExaminedCluster; readonly says: "reports" | "is declared"; readonly text: string };

/** What must suit everything that runs beside it. */
type Way = {
  readonly code: `${Aspect}.${"incompatible" | "rollbackIncompatible"}`;
  readonly path: FindingPath;
  readonly subject: (cluster: ExaminedCluster) => string;
  readonly textIn: (spec: ExaminedCluster["spec"]) => string | undefined;
};

type ReadRange = (text: string) => VersionRange | undefined;

export const checkCompatibility: PreflightCheck = (examined) => {
  const read = onceAText(parseRange);
  return [
    ...(["schema", "config"] as const).flatMap((aspect) => checkAspect(aspect, examined, read)),
    ...examined.clusters.flatMap((cluster) => unreadable(cluster, read)),
  ];
};

/** A thousand clusters of a service say two or three things, and each of those is looked at once. */
function checkAspect(aspect: Aspect, { running, clusters }: Examined, read: ReadRange): readonly Found[] {
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
        text === undefined ? [] : conflict({ group, text, claims }, way, read),
      ),
    );
  });
}

function waysOf(aspect: Aspect): readonly Way[] {
  return [
    {
      code: `${aspect}.incompatible`,
      path: ["spec", "requires", aspect],
      subject: (cluster) => `What is declared for ${placed(cluster)}`,
      textIn: ({ requires }) => requires?.[aspect],
    },
    {
      code: `${aspect}.rollbackIncompatible`,
      path: ["spec", "rollback", "requires", aspect],
      subject: (cluster) => `What ${placed(cluster)} would go back to`,
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

type Question = {
  /** All of one service, and all say `text`. */
  readonly group: readonly ExaminedCluster[];
  readonly text: string;
  /** Of what runs beside them, by their texts. */
  readonly claims: ReadonlyMap<string, readonly Claim[]>;
};

/** What cannot be read proves nothing, and is told of by itself. */
function conflict({ group, text, claims }: Question, { code, path, subject }: Way, read: ReadRange): readonly Found[] {
  const range = read(text);
  if (range === undefined) return [];
  const against = [...claims].flatMap(([other, ones]) => (areApart(range, read(other)) ? ones : []));
  if (against.length === 0) return [];
  const [aspect = ""] = code.split(".");
  const reasons = firstOf(against.map((one) => `${placed(one.cluster)} ${one.says} to read ${one.text}.`));
  const others = against.map((one) => one.cluster);
  return group.map((cluster) => {
    const sentence = `${subject(cluster)} reads ${aspect} ${text}, which has no version in common with what runs beside it. ${reasons}`;
    return { code, document: documentOf(cluster), path, ...concerned(cluster, others), sentence };
  });
}

function areApart(range: VersionRange, other: VersionRange | undefined): boolean {
  return other !== undefined && intersection(range, other) === undefined;
}

/** Said once for what a cluster reports; documents cannot hold such a range. */
function unreadable(cluster: ExaminedCluster, read: ReadRange): readonly Found[] {
  const { schema, config, peers = {} } = cluster.status?.compatibility ?? {};
  const texts = [
    ...(schema === undefined ? [] : [["schema", schema] as const]),
    ...(config === undefined ? [] : [["config", config] as const]),
    ...Object.entries(peers),
  ];
  const odd = texts.filter(([, text]) => read(text) === undefined);
  if (odd.length === 0) return [];
  const named = odd.map(([what, text]) => `${what} ${JSON.stringify(text)}`).join(", ");
  const sentence = `${placed(cluster)} reports ranges of versions that cannot be read: ${named}.`;
  return [{ code: "compatibility.unreadable", document: documentOf(cluster), clusters: [cluster.name], sentence }];
}

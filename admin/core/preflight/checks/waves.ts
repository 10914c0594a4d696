/**
 * The clusters of a wave are declared alike: those of one side of one service, which a release changes together and
 * which clients may be sent between. What they report is held against each other by `admin/core/drift`.
 */

import type { ClusterReports } from "../../../../config/documents/cluster.ts";
import type { FindingPath } from "../../../../config/findings.ts";
import { groupBy } from "../../../../config/group.ts";
import { sortedBy } from "../../../../config/order.ts";
import { listText } from "../../drift/values.ts";
import { listed } from "../../safety/words.ts";
import type { OwnCode } from "../codes.ts";
import { digestOf, documentOf, type Examined, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

type Aspect = {
  readonly code: OwnCode;
  readonly plural: string;
  readonly of: (spec: ExaminedCluster["spec"]) => string | undefined;
  readonly path: (spec: ExaminedCluster["spec"]) => FindingPath;
};

const ASPECTS: readonly Aspect[] = [
  { code: "image.unequal", plural: "images", of: digestOf, path: imagePath },
  {
    code: "config.unequal",
    plural: "configurations",
    of: ({ reports }) => reports?.configDigest,
    path: () => ["spec", "reports", "configDigest"],
  },
  {
    code: "version.unequal",
    plural: "versions",
    of: ({ reports }) => reports?.version,
    path: () => ["spec", "reports", "version"],
  },
  {
    code: "platform.unequal",
    plural: "platforms",
    of: ({ reports }) => reports?.platform,
    path: () => ["spec", "reports", "platform"],
  },
  listAspect("secrets", "lists of secrets", ({ secrets = [] }) =>
    secrets.map(({ name, version }) => `${name}@${version}`),
  ),
  listAspect("keyIds", "lists of keys", ({ keyIds = [] }) => keyIds),
  listAspect("compliance", "lists of compliance markers", ({ compliance = [] }) => compliance),
];

/** A cluster that must report something, and nothing of this, has an empty list; one that need not report has none. */
function listAspect(
  field: "secrets" | "keyIds" | "compliance",
  plural: string,
  names: (reports: ClusterReports) => readonly string[],
): Aspect {
  return {
    code: `${field}.unequal`,
    plural,
    of: ({ reports }) => (reports === undefined ? undefined : textOf(names(reports))),
    path: ({ reports }) => ["spec", "reports", ...(reports?.[field] === undefined ? [] : [field])],
  };
}

function imagePath({ image }: ExaminedCluster["spec"]): FindingPath {
  return image === undefined ? ["spec", "reports", "imageDigest"] : ["spec", "image"];
}

/** Empty for none, which is less than any list: with as many clusters on both sides, it points at those that lack something. */
function textOf(names: readonly string[]): string {
  return names.length === 0 ? "" : listText(names);
}

export const checkWaves: PreflightCheck = (examined) =>
  wavesOf(examined).flatMap((wave) => [
    ...ASPECTS.flatMap((aspect) => unequal(wave, aspect)),
    ...undeclaredImages(wave),
  ]);

/** Never empty; in the order of names. */
export type Wave = readonly [ExaminedCluster, ...ExaminedCluster[]];

/** Whole waves that some cluster in scope is part of: an equal must be equal to somebody. Disabled clusters are in none. */
export function wavesOf({ all, clusters }: Pick<Examined, "all" | "clusters">): readonly Wave[] {
  const keyOf = ({ service, side }: ExaminedCluster) => `${service}/${side}`;
  const asked = new Set(clusters.map(keyOf));
  const waves = new Map<string, [ExaminedCluster, ...ExaminedCluster[]]>();
  for (const cluster of all) {
    if (cluster.disabled || !asked.has(keyOf(cluster))) continue;
    const wave = waves.get(keyOf(cluster));
    if (wave === undefined) waves.set(keyOf(cluster), [cluster]);
    else wave.push(cluster);
  }
  return [...waves.values()];
}

function unequal(wave: Wave, { code, plural, of, path }: Aspect): readonly Found[] {
  const byValue = groupBy(wave, ({ spec }) => of(spec));
  byValue.delete(undefined);
  if (byValue.size < 2) return [];
  // The fewest are most likely those that somebody forgot, so that is where it points.
  const groups = sortedBy(byValue, ([value = ""]) => value).sort(
    ([value = "", members], [other = "", others]) => others.length - members.length || other.length - value.length,
  );
  const odd = groups.at(-1)?.[1][0] ?? wave[0];
  const described = groups.map(
    ([value = "", members]) => `${shortened(value) || "none"} for ${listed(members.map(placed))}`,
  );
  const sentence = `${sideOf(wave[0])} is declared with ${groups.length} ${plural}: ${listed(described)}.`;
  const clusters = groups.flatMap(([, members]) => members.map(({ name }) => name));
  return [{ code, document: documentOf(odd), path: path(odd.spec), clusters, sentence }];
}

function undeclaredImages(wave: Wave): readonly Found[] {
  // One that is named by a tag alone has a finding of its own.
  const without = wave.filter(({ spec }) => digestOf(spec) === undefined && spec.image === undefined);
  const [first] = without;
  if (first === undefined || wave.every(({ spec }) => digestOf(spec) === undefined)) return [];
  const sentence = `${sideOf(wave[0])} has image digests declared, but not for ${listed(without.map(placed))}: nobody can say whether they are equal.`;
  const clusters = without.map(({ name }) => name);
  return [{ code: "image.undeclared", document: documentOf(first), path: ["spec"], clusters, sentence }];
}

export function sideOf({ service, side }: ExaminedCluster): string {
  return `The ${side} side of ${service}`;
}

/** Twelve digits of a digest tell it from any other that a person has to do with. */
function shortened(value: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(value) ? value.slice(0, "sha256:".length + 12) : value;
}

/** flagd's `sem_ver`: null, so that the default holds, when either side is no version. `^` is the same major, `~` also the same minor. */
import type { SemVerOperator } from "../../config/flag-operators.ts";
import { parseSemVer } from "../../config/sem-ver.ts";
import { compareVersions, type Version } from "../../config/version.ts";
import { textOf } from "./text.ts";

type Relation = (a: Version, b: Version) => boolean;

const RELATIONS: Readonly<Record<SemVerOperator, Relation>> = {
  "=": (a, b) => compareVersions(a, b) === 0,
  "!=": (a, b) => compareVersions(a, b) !== 0,
  "<": (a, b) => compareVersions(a, b) < 0,
  "<=": (a, b) => compareVersions(a, b) <= 0,
  ">": (a, b) => compareVersions(a, b) > 0,
  ">=": (a, b) => compareVersions(a, b) >= 0,
  "^": (a, b) => sameNumber(a, b, 0),
  "~": (a, b) => sameNumber(a, b, 0) && sameNumber(a, b, 1),
};

export function compareSemVer(left: unknown, operator: unknown, right: unknown): boolean | null {
  const [a, b] = [parseSemVer(left), parseSemVer(right)];
  if (a === undefined || b === undefined) return null;
  const name = textOf(operator);
  return Object.hasOwn(RELATIONS, name) ? RELATIONS[name as SemVerOperator](a, b) : null; // one of its own keys
}

function sameNumber(a: Version, b: Version, place: number): boolean {
  return (a.numbers[place] ?? 0) === (b.numbers[place] ?? 0);
}

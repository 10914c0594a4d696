/**
 * Versions as clusters report them (`42`, `3.1.4`, `v3.2.0-rc.1`) and ranges of them as documents and clusters state
 * what they can work with (`>=42 <44`). Versions are in the order of SemVer 2.0 §11, with as many numbers as people like
 * and those that are left out as 0; build metadata (`+...`) does not count.
 *
 * A range is one interval: no `||`. Of intervals, any number have a version in common as soon as any two of them have,
 * so that what is proven pair by pair holds for a whole fleet.
 */
import * as z from "zod/mini";

export type Version = {
  readonly numbers: readonly number[];
  /** The identifiers behind the hyphen; empty for a release. */
  readonly pre: readonly string[];
};

type Bound = { readonly version: Version; readonly inclusive: boolean };

/** Without a bound it is open on that side. */
export type VersionRange = { readonly min?: Bound; readonly max?: Bound };

/** Fifteen digits are exact as a number, and hold a date with its time. */
const VERSION = "v?\\d{1,15}(?:\\.\\d{1,15}){0,5}(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?(?:\\+[0-9A-Za-z.-]+)?";
const VERSION_PATTERN = new RegExp(`^${VERSION}$`);
const COMPARATOR_PATTERN = new RegExp(`^(>=|>|<=|<|=)?(${VERSION})$`);

/** Room for two comparators of full versions, and then some. */
const RANGE_LENGTH_MAX = 100;

/** Undefined for text that has no place in this order: a commit, a name, a word such as `latest`. */
export function parseVersion(text: string): Version | undefined {
  if (!VERSION_PATTERN.test(text)) return undefined;
  const [plain = ""] = text.replace(/^v/, "").split("+");
  const hyphen = plain.indexOf("-");
  const numbers = (hyphen < 0 ? plain : plain.slice(0, hyphen)).split(".").map(Number);
  return { numbers, pre: hyphen < 0 ? [] : plain.slice(hyphen + 1).split(".") };
}

/** Below 0: `a` is the older one. */
export function compareVersions(a: Version, b: Version): number {
  for (let place = 0; place < Math.max(a.numbers.length, b.numbers.length); place += 1) {
    const difference = (a.numbers[place] ?? 0) - (b.numbers[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePre(a.pre, b.pre);
}

/** What comes before a release is older than the release. Of two such, the identifiers decide, and more of them are newer. */
function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [place, identifier] of a.entries()) {
    const other = b[place];
    if (other === undefined) return 1;
    const difference = compareIdentifiers(identifier, other);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Numbers by value and before words, words by their ASCII order. */
function compareIdentifiers(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber && bIsNumber) return Number(a) - Number(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * `*`, or comparators with spaces between them, all of which hold: `>=42 <44`. A version alone means exactly that one.
 * Undefined for other text, and for a range that no version is in.
 */
export function parseRange(text: string): VersionRange | undefined {
  if (text === "*") return {};
  let range: VersionRange | undefined = {};
  for (const part of text.split(/ +/)) {
    const one = parseComparator(part);
    if (one === undefined || range === undefined) return undefined;
    range = intersection(range, one);
  }
  return range;
}

function parseComparator(text: string): VersionRange | undefined {
  const [, operator = "=", versionText = ""] = COMPARATOR_PATTERN.exec(text) ?? [];
  const version = parseVersion(versionText);
  if (version === undefined) return undefined;
  const bound = { version, inclusive: operator.endsWith("=") };
  if (operator === "=") return { min: bound, max: bound };
  return operator.startsWith(">") ? { min: bound } : { max: bound };
}

/** What is in both; undefined when nothing is. */
export function intersection(a: VersionRange, b: VersionRange): VersionRange | undefined {
  const min = tighter(a.min, b.min, 1);
  const max = tighter(a.max, b.max, -1);
  const range = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  if (min === undefined || max === undefined) return range;
  const order = compareVersions(min.version, max.version);
  const nothing = order > 0 || (order === 0 && !(min.inclusive && max.inclusive));
  return nothing ? undefined : range;
}

/** `side` is 1 for lower bounds, of which the higher is tighter, and -1 for upper bounds. */
function tighter(a: Bound | undefined, b: Bound | undefined, side: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = compareVersions(a.version, b.version) * side;
  if (order === 0) return a.inclusive ? b : a;
  return order > 0 ? a : b;
}

export function isInRange(version: Version, range: VersionRange): boolean {
  return intersection({ min: exactly(version), max: exactly(version) }, range) !== undefined;
}

function exactly(version: Version): Bound {
  return { version, inclusive: true };
}

/** A range as documents hold it. */
export const VersionRangeText = z.string().check(
  z.maxLength(RANGE_LENGTH_MAX),
  z.refine((text: string) => parseRange(text) !== undefined, {
    error: 'must be comparators that leave some version, as in ">=3.1 <4", a single version, or "*"',
  }),
);

/**
 * Ranges of versions, as documents and clusters state what they can work with (`>=42 <44`).
 *
 * A range is one interval: no `||`. Of intervals, any number have a version in common as soon as any two of them have,
 * so that what is proven pair by pair holds for a whole fleet.
 */
import * as z from "zod/mini";
import { compareVersions, parseVersion, VERSION, type Version } from "./version.ts";

type Bound = { readonly version: Version; readonly inclusive: boolean };

/** Without a bound it is open on that side. */
export type VersionRange = { readonly min?: Bound; readonly max?: Bound };

const COMPARATOR_PATTERN = new RegExp(`^(>=|>|<=|<|=)?(${VERSION})$`);

/** Room for two comparators of full versions, and then some. */
const RANGE_LENGTH_MAX = 100;

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

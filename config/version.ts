/**
 * Versions as clusters report them (`42`, `3.1.4`, `v3.2.0-rc.1`), in the order of SemVer 2.0 §11, with as many numbers
 * as people like and those that are left out as 0; build metadata (`+...`) does not count.
 */

export type Version = {
  readonly numbers: readonly number[];
  /** The identifiers behind the hyphen; empty for a release. */
  readonly pre: readonly string[];
};

/** Fifteen digits are exact as a number, and hold a date with its time. */
export const VERSION = "v?\\d{1,15}(?:\\.\\d{1,15}){0,5}(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?(?:\\+[0-9A-Za-z.-]+)?";
const VERSION_PATTERN = new RegExp(`^${VERSION}$`);

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

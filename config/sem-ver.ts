/**
 * Versions as flagd's `sem_ver` reads them: SemVer 2.0, a leading `v`, and one or two numbers for a version that leaves
 * the others out. Four numbers are none, unlike in `version.ts`, whose order of versions this shares.
 */
import { parseVersion, type Version } from "./version.ts";

/** SemVer §2, §9 and §10, whose numbers have no leading zeros. */
const NUMBER = "(?:0|[1-9]\\d*)";
const IDENTIFIER = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const PATTERN = new RegExp(
  `^${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER}(?:-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?)?)?$`,
);
/** Longer text is no version to flagd either. */
const LENGTH_MAX = 256;

/** Undefined for what is no version. Numbers count as their decimal spelling. */
export function parseSemVer(value: unknown): Version | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value).replace(/^[vV]/, "");
  return text.length <= LENGTH_MAX && PATTERN.test(text) ? parseVersion(text) : undefined;
}

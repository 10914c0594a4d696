/**
 * Paths of routes in the one spelling in which a request can arrive. URL parsers resolve dot segments and encode some
 * characters before the edge sees a path, so a route that is written otherwise would never match, or would be passed by.
 */

import type { Finding } from "../findings.ts";
import { PATH_SEGMENTS_MAX } from "../limits.ts";
import { findingAt } from "../placed.ts";
import type { PathMatch } from "../shared-shapes.ts";
import type { CheckInput } from "./check.ts";

export function checkPaths({ routes }: CheckInput): readonly Finding[] {
  return routes.flatMap((route) =>
    (route.document.spec.match.paths ?? []).flatMap((path, index) =>
      pathProblems(path).map((message) =>
        findingAt(route, {
          code: "path.syntax",
          path: ["spec", "match", "paths", index, ...Object.keys(path)],
          message,
        }),
      ),
    ),
  );
}

/** Each problem as a sentence; none when the path is good. */
function pathProblems(path: PathMatch): readonly string[] {
  if ("prefix" in path) return [...textProblems(path.prefix), ...prefixProblems(path.prefix)];
  if ("exact" in path) return textProblems(path.exact);
  return [...textProblems(path.pattern), ...parameterProblems(path.pattern)];
}

/** Characters that a URL parser writes as `%..` in a path, and the backslash that it takes for a slash. */
const ENCODED_PATTERN = /["<>^`{|}\\]/;

function textProblems(text: string): string[] {
  const segments = text.slice(1).split("/");
  const problems: string[] = [];
  if (/[?#]/.test(text)) problems.push("a path has no query and no fragment");
  if (ENCODED_PATTERN.test(text)) problems.push('the characters " < > ^ ` { | } and \\ must be percent-encoded');
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) problems.push('a "%" must be followed by two hex digits');
  // The last segment may be empty: `/docs/` is another page than `/docs`.
  if (segments.slice(0, -1).includes("")) problems.push('a path has no empty segments ("//")');
  if (segments.some(isDotSegment)) problems.push('a path has no "." or ".." segments, however they are spelled');
  if (segments.length > PATH_SEGMENTS_MAX) problems.push(`a path has at most ${PATH_SEGMENTS_MAX} segments`);
  return problems;
}

function isDotSegment(segment: string): boolean {
  return /^(\.|%2e){1,2}$/i.test(segment);
}

function prefixProblems(prefix: string): string[] {
  return prefix !== "/" && prefix.endsWith("/")
    ? ["a prefix matches whole segments by itself: write it without a slash at the end"]
    : [];
}

function parameterProblems(pattern: string): string[] {
  const parameters = pattern.split("/").filter((segment) => segment.startsWith(":"));
  const problems: string[] = [];
  if (parameters.length === 0) problems.push('a pattern has at least one ":name" segment: use "exact" without');
  const malformed = parameters.find((parameter) => !/^:[a-zA-Z][a-zA-Z0-9]{0,39}$/.test(parameter));
  if (malformed !== undefined) problems.push(`"${malformed}" must be ":" and a name of letters and digits`);
  const repeated = parameters.find((parameter, index) => parameters.indexOf(parameter) !== index);
  if (repeated !== undefined) problems.push(`the parameter "${repeated}" is in the pattern twice`);
  return problems;
}

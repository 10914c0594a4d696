/**
 * What the edge changed: two messages that ought to be the same, compared field by field. Fields that differ on every
 * request are listed once, with the reason; what they hold has rows of its own in `forwarding.test.ts`.
 */
import { fieldValues } from "../faults/message-reader.ts";

/** Values by line, in order; no line is an empty list. */
export type Difference = { readonly direct: readonly string[]; readonly edge: readonly string[] };

/** By field name in lower case. */
export type Differences = Readonly<Record<string, Difference>>;

/**
 * Beside these, two things are not compared, because HTTP gives them no meaning and workerd does not keep them: the
 * order of lines with different names, and the case of names.
 */
export const SET_BY_THE_EDGE: ReadonlyMap<string, string> = new Map([
  [
    "host",
    "the runtime writes the cluster's address; clusters learn the public host by X-Forwarded-Host and Forwarded",
  ],
  ["forwarded", "RFC 7239, written by the first trusted hop"],
  ["x-forwarded-for", "the same for programs that know no Forwarded"],
  ["x-forwarded-host", "the same"],
  ["x-forwarded-proto", "the same"],
  ["via", "RFC 9110 §7.6.3: a gateway must add itself to requests"],
  ["cdn-loop", "RFC 8586: how a loop is seen"],
  ["traceparent", "W3C trace context: a new parent for each hop, or a new trace"],
]);

export const ADDED_TO_ANSWERS: ReadonlyMap<string, string> = new Map([
  ["server-timing", "the edge's own share of the time is added behind the cluster's"],
]);

type Message = { readonly lines: readonly string[] };

export function differences(
  direct: Message,
  edge: Message,
  except: ReadonlyMap<string, string> = new Map(),
): Differences {
  const names = [...new Set([...direct.lines, ...edge.lines].map(nameOf))].sort();
  const found: Record<string, Difference> = {};
  for (const name of names) {
    if (except.has(name)) continue;
    const both = { direct: fieldValues(direct.lines, name), edge: fieldValues(edge.lines, name) };
    if (both.direct.join("\n") !== both.edge.join("\n")) found[name] = both;
  }
  return found;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

/**
 * W3C Trace Context (Level 1, a Recommendation): what `traceparent` and `tracestate` say, what of them goes on, and when
 * a trace begins anew. Reads and writes texts only; who draws ids and which requests are recorded is for others.
 *
 *     traceparent: 00-<trace id: 32 hex digits>-<parent id: 16>-<flags: 2>
 */

export type TraceParent = {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The span id of whoever sent it: 16 lower-case hex digits, not all zero. */
  readonly parentId: string;
  /** Whether the sender may have recorded it. */
  readonly sampled: boolean;
};

/** The trace that a request belongs to. Without a parent it begins here. */
export type TraceContext = Omit<TraceParent, "parentId"> & {
  readonly parentId?: string;
  /** What other vendors say of it, as it goes on; only beside a parent. */
  readonly state?: string;
};

/** Not version ff; ids in lower case and not all zero. Later versions may have more, behind another dash (§3.2.4, §4.3). */
const TRACEPARENT_PATTERN = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** §3.2.2.5: the only flag that version 00 knows. The others are written as zero. */
const SAMPLED = 1;

/** Undefined: the sender's trace cannot be continued, and a new one begins (§4.3). */
export function parseTraceparent(text: string | null): TraceParent | undefined {
  const [, version, traceId, parentId, flags, more] = (text === null ? null : TRACEPARENT_PATTERN.exec(text)) ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === "00" && more !== undefined) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

export function formatTraceparent(
  { traceId, sampled }: Pick<TraceContext, "traceId" | "sampled">,
  spanId: string,
): string {
  return `00-${traceId}-${spanId}-0${sampled ? SAMPLED : 0}`;
}

/** §3.3.1.1: more members than that make the whole of it invalid. */
const MEMBERS_MAX = 32;
/** §3.3.1.5: at least this much is to be handed on; of more, long members go first and then the last ones. */
const STATE_LENGTH_MAX = 512;
const LONG_MEMBER_LENGTH = 128;
/** Whatever is longer than all members together may be is not looked at. */
const STATE_LENGTH_READ_MAX = MEMBERS_MAX * 520;

/** §3.3.1.3: a simple key, or a tenant at a system; the value is printable and does not end with a blank. */
const MEMBER_PATTERN =
  /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * What of `tracestate` goes on, or undefined for nothing: a member that cannot be read makes all of it worthless (§3.3.1),
 * of a key that comes twice the first, which is the latest, stays, and what is too long is cut at a member.
 */
export function parseTracestate(text: string | null): string | undefined {
  if (text === null || text.length > STATE_LENGTH_READ_MAX) return undefined;
  const members = text
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  if (members.length > MEMBERS_MAX || !members.every((member) => MEMBER_PATTERN.test(member))) return undefined;
  const keys = members.map((member) => member.slice(0, member.indexOf("=")));
  const kept = withinLength(members.filter((_, at) => keys.indexOf(keys[at] ?? "") === at));
  return kept.length === 0 ? undefined : kept.join(",");
}

function withinLength(members: readonly string[]): readonly string[] {
  const length = (list: readonly string[]) => list.join(",").length;
  if (length(members) <= STATE_LENGTH_MAX) return members;
  const short = members.filter((member) => member.length <= LONG_MEMBER_LENGTH);
  let kept = short;
  while (length(kept) > STATE_LENGTH_MAX) kept = kept.slice(0, -1);
  return kept;
}

/**
 * Whether a trace that begins here is recorded, at a ratio from 0 to 1. By the last digits of its id, so that everybody who
 * goes by the id comes to the same answer (OpenTelemetry's consistent probability sampling: those above a threshold).
 */
export function isSampledByRatio(traceId: string, ratio: number): boolean {
  // 13 of the 14 random digits: as many bits as a number holds exactly.
  return ratio > 0 && Number.parseInt(traceId.slice(18, 31), 16) >= (1 - ratio) * 2 ** 52;
}

/**
 * What happened, of every kind, in one order: newest first, and of what happened at the same moment by kind and number. The
 * position of an entry never changes, so a cursor stays good while more comes in. A source that cannot be asked is named, and
 * one that could not look far enough back ends the page there: what is shown is whole as far as it goes.
 */
import type { Scope } from "../history/scope.ts";

/** In the order in which they stand at the same moment. To add a source is to add its kind here and its entry in the list of sources. */
export const TIMELINE_KINDS = ["incident", "alert", "change", "health", "drift"] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** Where an entry is: unique, and never another. Numbers are those of its source, rising with time. */
export type Position = { readonly atMs: number; readonly kind: TimelineKind; readonly number: number };

export type TimelineEntry = Position & {
  /** `noun.verb`. */
  readonly event: string;
  /** A line for people. */
  readonly title: string;
  /** Where there is more about it. */
  readonly link: string;
  readonly scope: Scope;
};

/** What is asked of one source: of its entries from `fromMs` on those before a place in its own order, newest first. */
export type Window = {
  readonly fromMs: number;
  readonly beforeMs: number;
  /** At `beforeMs` itself only lower numbers. */
  readonly beforeNumber: number;
  readonly limit: number;
};

/** What a source found; `readTo` when there may be more behind that it has not looked at. */
export type SourcePage = { readonly entries: readonly TimelineEntry[]; readonly readTo?: Position };

export type TimelinePage = { readonly entries: readonly TimelineEntry[]; readonly next?: Position };

/** Below zero: `a` comes first, because it is newer. */
export function comparePositions(a: Position, b: Position): number {
  return b.atMs - a.atMs || rank(a) - rank(b) || b.number - a.number;
}

function rank({ kind }: Position): number {
  return TIMELINE_KINDS.indexOf(kind);
}

/** How much of its own order a source still has after `cursor`; all until `toMs`, which is included, without one. */
export function boundFor(
  kind: TimelineKind,
  cursor: Position | undefined,
  toMs: number,
): Omit<Window, "fromMs" | "limit"> {
  if (cursor === undefined || cursor.atMs > toMs) return { beforeMs: toMs, beforeNumber: Number.MAX_SAFE_INTEGER };
  if (kind === cursor.kind) return { beforeMs: cursor.atMs, beforeNumber: cursor.number };
  const comesLater = TIMELINE_KINDS.indexOf(kind) > rank(cursor);
  return { beforeMs: cursor.atMs, beforeNumber: comesLater ? Number.MAX_SAFE_INTEGER : 0 };
}

/**
 * One page of at most `limit`. Each source has to give at least one more than that, or all that it has, or to say how far
 * it has read.
 */
export function mergeTimeline(pages: readonly SourcePage[], limit: number): TimelinePage {
  const [horizon] = pages.flatMap(({ readTo }) => (readTo === undefined ? [] : [readTo])).sort(comparePositions);
  const known = pages
    .flatMap(({ entries }) => entries)
    .filter((entry) => horizon === undefined || comparePositions(entry, horizon) <= 0)
    .sort(comparePositions);
  const entries = known.slice(0, limit);
  const last = known.length > limit ? entries.at(-1) : horizon;
  return last === undefined ? { entries } : { entries, next: positionOf(last) };
}

function positionOf({ atMs, kind, number }: Position): Position {
  return { atMs, kind, number };
}

export const CURSOR_PATTERN = new RegExp(
  `^(0|[1-9][0-9]{0,14})\\.(${TIMELINE_KINDS.join("|")})\\.(0|[1-9][0-9]{0,15})$`,
);

export function formatCursor({ atMs, kind, number }: Position): string {
  return `${atMs}.${kind}.${number}`;
}

/** The text has to fit `CURSOR_PATTERN`. */
export function parseCursor(text: string): Position | undefined {
  const [, atMs, kind, number] = CURSOR_PATTERN.exec(text) ?? [];
  const found = TIMELINE_KINDS.find((candidate) => candidate === kind);
  return found === undefined ? undefined : { atMs: Number(atMs), kind: found, number: Number(number) };
}

/**
 * Windows of telemetry in SQLite: adds, folds, drops and reads them, as `core/telemetry/windows.ts` says. A window is one
 * text with all its rows, because writing is paid by the row: in parts when it is long, and bounded. At the most 3.3 MB
 * each, and 8.7 GB all 2,640 of them, which an object has room for; an ordinary one has 20 KB, all together 60 MB.
 */

import type { TelemetryRow } from "../../config/telemetry.ts";
import { packRows, unpackRows } from "../core/telemetry/packed.ts";
import { boundRows, mergeRows } from "../core/telemetry/rows.ts";
import {
  cover,
  droppableBefore,
  type Folded,
  foldableUntil,
  LEVELS,
  type Level,
  placesOf,
  startOf,
  type WindowId,
} from "../core/telemetry/windows.ts";
import { NumberedTexts } from "./numbered-texts.ts";

/** Enough for a thousand clusters with two continents and two classes each. */
export const WINDOW_BOUNDS = { rowsMax: 5_000, binsMax: 250_000 };

/** Windows that are dropped in one go; the alarm comes back for more. */
export const DROPPED_MAX = 500;

/** Rows of one window of ten seconds. */
export type Contribution = { readonly startMs: number; readonly rows: readonly TelemetryRow[] };

/** Adds each contribution wherever it belongs. To be called inside a transaction. */
export function addToWindows(
  sql: SqlStorage,
  contributions: readonly Contribution[],
  folded: Folded,
  nowMs: number,
): void {
  const lists = new Map<string, { readonly id: WindowId; readonly lists: (readonly TelemetryRow[])[] }>();
  for (const { startMs, rows } of contributions) {
    for (const id of placesOf(startMs, folded, nowMs)) {
      const name = `${id.level} ${id.startMs}`;
      const place = lists.get(name) ?? { id, lists: [] };
      place.lists.push(rows);
      lists.set(name, place);
    }
  }
  for (const place of lists.values()) saveWindow(sql, place.id, mergeRows(loadWindow(sql, place.id), ...place.lists));
}

export function loadWindow(sql: SqlStorage, { level, startMs }: WindowId): readonly TelemetryRow[] {
  const text = windowsOf(sql, level).load(startMs);
  return text === undefined ? [] : unpackRows(JSON.parse(text));
}

function saveWindow(sql: SqlStorage, { level, startMs }: WindowId, rows: readonly TelemetryRow[]): void {
  windowsOf(sql, level).save(startMs, JSON.stringify(packRows(boundRows(rows, WINDOW_BOUNDS))));
}

/** Numbered by the milliseconds at which they begin. */
function windowsOf(sql: SqlStorage, level: Level): NumberedTexts {
  return new NumberedTexts(sql, `windows${level}`);
}

/** Folds what is due, and says how far it has got. Inside a transaction, with `folded` kept in the same. */
export function foldWindows(sql: SqlStorage, folded: Folded, nowMs: number, untilMs?: number): Folded {
  const due = foldableUntil(nowMs, untilMs);
  const minutesMs = Math.max(due.minutesMs, folded.minutesMs);
  const hoursMs = Math.max(due.hoursMs, folded.hoursMs);
  fold(sql, 1, folded.minutesMs, minutesMs);
  fold(sql, 2, folded.hoursMs, hoursMs);
  return { minutesMs, hoursMs };
}

/** Makes windows of `level` of those of the level below that begin in [fromMs, toMs). */
function fold(sql: SqlStorage, level: 1 | 2, fromMs: number, toMs: number): void {
  const below: Level = level === 1 ? 0 : 1;
  const byStart = Map.groupBy(startsBetween(sql, below, fromMs, toMs), (startMs) => startOf(level, startMs));
  for (const [startMs, parts] of byStart) {
    const rows = parts.map((part) => loadWindow(sql, { level: below, startMs: part }));
    saveWindow(sql, { level, startMs }, mergeRows(...rows));
  }
}

export function startsBetween(sql: SqlStorage, level: Level, fromMs: number, toMs: number): readonly number[] {
  return windowsOf(sql, level).numbers(fromMs, toMs);
}

/** Of the oldest window of any level; undefined when there is none. */
export function oldestStart(sql: SqlStorage): number | undefined {
  const starts = ([0, 1, 2] as const).flatMap((level) => windowsOf(sql, level).lowest() ?? []);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/** Whether there is more to drop. */
export function dropWindows(sql: SqlStorage, folded: Folded, nowMs: number): boolean {
  let room = DROPPED_MAX;
  for (const level of [0, 1, 2] as const) {
    const windows = windowsOf(sql, level);
    const old = windows.numbers(0, droppableBefore(level, folded, nowMs), room);
    const newest = old.at(-1);
    if (newest !== undefined) windows.dropUpTo(newest);
    room -= old.length;
    if (room <= 0) return true;
  }
  return false;
}

/** When something is to be folded or dropped next, if ever. */
export function upkeepDueMs(sql: SqlStorage, folded: Folded): number | undefined {
  const drops = ([0, 1, 2] as const).flatMap((level) => {
    const oldest = windowsOf(sql, level).lowest();
    return oldest === undefined ? [] : [oldest + 2 * HOUR_MS + LEVELS[level].keptMs];
  });
  const [fine] = windowsOf(sql, 0).numbers(folded.minutesMs, Number.MAX_SAFE_INTEGER, 1);
  const folds = fine === undefined ? [] : [fine + 4 * MINUTE_MS];
  const due = [...drops, ...folds];
  return due.length === 0 ? undefined : Math.min(...due);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** All rows of [fromMs, toMs), as they lie in their windows. `Folded` must be up to date. */
export function readWindows(
  sql: SqlStorage,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  folded: Folded,
  nowMs: number,
): readonly TelemetryRow[] {
  return cover(fromMs, toMs, folded, nowMs).flatMap((id) => loadWindow(sql, id));
}

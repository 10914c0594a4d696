/** A page of what happened, for the timeline: by time, and of the same moment by number; newest first. */
import type { Window } from "../core/timeline/timeline.ts";

/** SQL, written in this folder and never made of what somebody sends. */
export type Happenings = {
  /** A table, or a query in brackets. */
  readonly from: string;
  /** Its columns. */
  readonly atMs: string;
  readonly number: string;
};

export function rowsWithin(
  sql: SqlStorage,
  { from, atMs, number }: Happenings,
  { fromMs, beforeMs, beforeNumber, limit }: Window,
): readonly Record<string, SqlStorageValue>[] {
  return sql
    .exec(
      `SELECT * FROM ${from}
        WHERE ${atMs} >= ? AND (${atMs} < ? OR (${atMs} = ? AND ${number} < ?))
        ORDER BY ${atMs} DESC, ${number} DESC LIMIT ?`,
      ...[fromMs, beforeMs, beforeMs, beforeNumber, limit],
    )
    .toArray();
}

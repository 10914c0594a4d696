/** What the fleet object has for the timeline: revisions and incidents by time, a page of each, newest first. */
import type { IncidentEvent } from "../core/timeline/entries.ts";
import { numberOf } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { type CommittedChange, outcomeOf } from "./committed.ts";
import { incidentRecordOf } from "./incidents.ts";
import { revisionRecordOf } from "./revisions.ts";

export function changesWithin(sql: SqlStorage, window: Window): readonly CommittedChange[] {
  const { fromMs, beforeMs, beforeNumber, limit } = window;
  return sql
    .exec(
      `SELECT * FROM revisions
        WHERE created_at_ms >= ? AND (created_at_ms < ? OR (created_at_ms = ? AND revision < ?))
        ORDER BY created_at_ms DESC, revision DESC LIMIT ?`,
      ...[fromMs, beforeMs, beforeMs, beforeNumber, limit],
    )
    .toArray()
    .map((row) => {
      const record = revisionRecordOf(row);
      return { record, outcome: outcomeOf(sql, record) };
    });
}

/** Each is opened once, and closed at most once. */
export function incidentEventsWithin(sql: SqlStorage, window: Window): readonly IncidentEvent[] {
  const { fromMs, beforeMs, beforeNumber, limit } = window;
  return sql
    .exec(
      `SELECT *, happened_ms, happened_number FROM (
        SELECT *, opened_at_ms AS happened_ms, number * 2 AS happened_number FROM incidents
        UNION ALL
        SELECT *, closed_at_ms AS happened_ms, number * 2 + 1 AS happened_number FROM incidents WHERE closed_at_ms IS NOT NULL
      )
      WHERE happened_ms >= ? AND (happened_ms < ? OR (happened_ms = ? AND happened_number < ?))
      ORDER BY happened_ms DESC, happened_number DESC LIMIT ?`,
      ...[fromMs, beforeMs, beforeMs, beforeNumber, limit],
    )
    .toArray()
    .map(({ happened_ms, happened_number, ...row }): IncidentEvent => {
      const { number, severity, title, cause, ...incident } = incidentRecordOf(row);
      const closed = Number(happened_number) === numberOf(number, true);
      return {
        ...{ number: Number(happened_number), atMs: Number(happened_ms), closed, severity, title, cause },
        by: closed ? (incident.closedBy ?? "") : incident.openedBy,
        reason: closed ? (incident.closing ?? "") : incident.reason,
      };
    });
}

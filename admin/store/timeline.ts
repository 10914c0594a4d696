/** What the fleet object has for the timeline: revisions and incidents by time, a page of each, newest first. */
import type { IncidentEvent } from "../core/timeline/entries.ts";
import { numberOf } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { type CommittedChange, outcomeOf } from "./committed.ts";
import { incidentRecordOf } from "./incidents.ts";
import { revisionRecordOf } from "./revisions.ts";
import { rowsWithin } from "./window-rows.ts";

export function changesWithin(sql: SqlStorage, window: Window): readonly CommittedChange[] {
  return rowsWithin(sql, { from: "revisions", atMs: "created_at_ms", number: "revision" }, window).map((row) => {
    const record = revisionRecordOf(row);
    return { record, outcome: outcomeOf(sql, record) };
  });
}

/** Each is opened once, and closed at most once. */
const INCIDENT_EVENTS = {
  from: `(
    SELECT *, opened_at_ms AS happened_ms, number * 2 AS happened_number FROM incidents
    UNION ALL
    SELECT *, closed_at_ms AS happened_ms, number * 2 + 1 AS happened_number FROM incidents WHERE closed_at_ms IS NOT NULL
  )`,
  ...{ atMs: "happened_ms", number: "happened_number" },
};

export function incidentEventsWithin(sql: SqlStorage, window: Window): readonly IncidentEvent[] {
  return rowsWithin(sql, INCIDENT_EVENTS, window).map(({ happened_ms, happened_number, ...row }): IncidentEvent => {
    const { number, severity, title, cause, ...incident } = incidentRecordOf(row);
    const closed = Number(happened_number) === numberOf(number, true);
    return {
      ...{ number: Number(happened_number), atMs: Number(happened_ms), closed, severity, title, cause },
      by: closed ? (incident.closedBy ?? "") : incident.openedBy,
      reason: closed ? (incident.closing ?? "") : incident.reason,
    };
  });
}

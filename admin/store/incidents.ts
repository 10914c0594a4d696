/**
 * What is or was wrong, opened by people, by broken glass, or by the control plane itself. While a serious one is open
 * little may be changed; the rules say what. Incidents are closed by people and stay on record.
 */
import { z } from "@hono/zod-openapi";
import { invariant } from "../../config/invariant.ts";
import type { IncidentCause, NewIncident } from "../core/commit/incidents.ts";

export type IncidentRecord = NewIncident & {
  readonly id: string;
  /** Counts from 1 in the order of opening. */
  readonly number: number;
  /** The target when it was opened, or the revision that it came with; absent while there is none. */
  readonly revision?: number;
  /** All three once it is closed. */
  readonly closedBy?: string;
  readonly closedAtMs?: number;
  readonly closing?: string;
};

export type OpenedIncident = NewIncident & { readonly revision?: number | null };

export type IncidentClosing = {
  readonly closedBy: string;
  readonly closedAtMs: number;
  /** Why it is over. */
  readonly closing: string;
};

const Cause: z.ZodType<IncidentCause> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("opened") }),
  z.object({ kind: z.literal("override"), override: z.string(), rules: z.array(z.string()) }),
  z.object({ kind: z.literal("withdrawn"), withdrawnRevision: z.int(), because: z.string() }),
  z.object({ kind: z.literal("held"), overlay: z.string(), because: z.string() }),
  z.object({ kind: z.literal("compromised"), secret: z.string(), service: z.string().exactOptional() }),
  z.object({ kind: z.literal("alert"), alert: z.string(), service: z.string() }),
  z.object({ kind: z.literal("drift"), drift: z.array(z.string()) }),
]);

const Row = z.object({
  number: z.int().min(1),
  incident_id: z.string(),
  severity: z.literal([1, 2, 3]),
  title: z.string(),
  cause: z.string(),
  reason: z.string(),
  opened_by: z.string(),
  opened_at_ms: z.int(),
  revision: z.int().nullable(),
  closed_by: z.string().nullable(),
  closed_at_ms: z.int().nullable(),
  closing: z.string().nullable(),
});

export function openIncident(
  sql: SqlStorage,
  { severity, title, cause, reason, openedBy, openedAtMs, revision = null }: OpenedIncident,
): IncidentRecord {
  const inserted = sql.exec(
    `INSERT INTO incidents (incident_id, severity, title, cause, reason, opened_by, opened_at_ms, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
    ...[crypto.randomUUID(), severity, title, JSON.stringify(cause), reason, openedBy, openedAtMs, revision],
  );
  return incidentRecordOf(inserted.one());
}

export function findIncident(sql: SqlStorage, id: string): IncidentRecord | undefined {
  const [row] = sql.exec("SELECT * FROM incidents WHERE incident_id = ?", id).toArray();
  return row === undefined ? undefined : incidentRecordOf(row);
}

/** Newest first, those with a number below `before`. */
export function incidentsBefore(sql: SqlStorage, before: number, limit: number): readonly IncidentRecord[] {
  return sql
    .exec("SELECT * FROM incidents WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)
    .toArray()
    .map(incidentRecordOf);
}

/** The worst first, and of equal ones the oldest. */
export function openIncidents(sql: SqlStorage): readonly IncidentRecord[] {
  return sql
    .exec("SELECT * FROM incidents WHERE closed_at_ms IS NULL ORDER BY severity, number")
    .toArray()
    .map(incidentRecordOf);
}

/** Answers the closed incident. It has to be open. */
export function closeIncident(
  sql: SqlStorage,
  id: string,
  { closedBy, closedAtMs, closing }: IncidentClosing,
): IncidentRecord {
  const [row] = sql
    .exec(
      `UPDATE incidents SET closed_by = ?, closed_at_ms = ?, closing = ?
        WHERE incident_id = ? AND closed_at_ms IS NULL RETURNING *`,
      ...[closedBy, closedAtMs, closing, id],
    )
    .toArray();
  invariant(row !== undefined, "only an open incident is closed");
  return incidentRecordOf(row);
}

/** The oldest first, of which nobody outside has been told. */
export function untoldIncidents(sql: SqlStorage, limit: number): readonly IncidentRecord[] {
  return sql
    .exec("SELECT * FROM incidents WHERE told_at_ms IS NULL ORDER BY number LIMIT ?", limit)
    .toArray()
    .map(incidentRecordOf);
}

export function hasUntoldIncidents(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM incidents WHERE told_at_ms IS NULL LIMIT 1").toArray().length > 0;
}

export function markIncidentTold(sql: SqlStorage, number: number, nowMs: number): void {
  sql.exec("UPDATE incidents SET told_at_ms = ? WHERE number = ?", nowMs, number);
}

export function incidentRecordOf(row: Record<string, SqlStorageValue>): IncidentRecord {
  const { number, severity, title, reason, revision, closing, ...parsed } = Row.parse(row);
  return {
    ...{ id: parsed.incident_id, number, severity, title, reason },
    cause: Cause.parse(JSON.parse(parsed.cause)),
    ...{ openedBy: parsed.opened_by, openedAtMs: parsed.opened_at_ms },
    ...(revision === null ? {} : { revision }),
    ...(parsed.closed_by === null ? {} : { closedBy: parsed.closed_by }),
    ...(parsed.closed_at_ms === null ? {} : { closedAtMs: parsed.closed_at_ms }),
    ...(closing === null ? {} : { closing }),
  };
}

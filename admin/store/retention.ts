/**
 * How long the past can be gone back to. What a revision looked like (documents, overlays, outcome) is dropped once it is
 * both old and far back; that there was one, who made it and its digests stay for ever, as do the leaves of the audit log.
 *
 * Texts are shared between revisions, so a text goes with the last kept revision that names it.
 */
import { z } from "@hono/zod-openapi";

/** A quarter: what people ask about after an incident, and longer than a seasonal freeze. */
export const REVISION_STATES_KEPT_MS = 90 * 86_400_000;

/** However old: a fleet that is changed once a month can still go back. Also the history that `bench -- control` runs on. */
export const REVISION_STATES_KEPT = 10_000;

/** Some 20 ms of an object that does nothing else meanwhile; the rest can wait for the next alarm. */
export const PRUNE_LIMIT = 200;

export type PruneOptions = {
  readonly nowMs: number;
  readonly targetRevision: number;
  /** Revisions that must stay whatever their age: served somewhere, or named by what is still to be decided. */
  readonly pinned: readonly number[];
};

export type Pruned = {
  /** Revisions whose state was dropped. */
  readonly pruned: number;
  /** There may be more to drop at once. */
  readonly more: boolean;
};

const Row = z.object({ revision: z.int().min(1), documents_digest: z.string(), overlays_digest: z.string() });
type Row = z.infer<typeof Row>;

/** Drops the states of `limit` revisions at most, oldest first. To be called inside a transaction. */
export function pruneStates(sql: SqlStorage, options: PruneOptions, limit = PRUNE_LIMIT): Pruned {
  const rows = prunable(sql, options, limit);
  for (const row of rows) dropState(sql, row);
  if (rows.length > 0) dropUselessDeletions(sql);
  return { pruned: rows.length, more: rows.length === limit };
}

/** Whether the revision can still be looked into, compared and restored. False also when there is none. */
export function hasState(sql: SqlStorage, revision: number): boolean {
  return sql.exec("SELECT 1 FROM revisions WHERE revision = ? AND state_kept = 1", revision).toArray().length > 0;
}

function prunable(sql: SqlStorage, { nowMs, targetRevision, pinned }: PruneOptions, limit: number): readonly Row[] {
  const beforeMs = nowMs - REVISION_STATES_KEPT_MS;
  return sql
    .exec(
      `SELECT revision, documents_digest, overlays_digest FROM revisions
        WHERE state_kept = 1 AND created_at_ms <= ? AND revision <= ?
          AND revision NOT IN (SELECT value FROM json_each(?))
          AND revision NOT IN (SELECT last_revision FROM deleted_documents WHERE deleted_at_ms > ?)
        ORDER BY created_at_ms LIMIT ?`,
      ...[beforeMs, targetRevision - REVISION_STATES_KEPT, JSON.stringify(pinned), beforeMs, limit],
    )
    .toArray()
    .map((row) => Row.parse(row));
}

function dropState(sql: SqlStorage, { revision, documents_digest, overlays_digest }: Row): void {
  sql.exec("UPDATE revisions SET state_kept = 0 WHERE revision = ?", revision);
  dropText(sql, `outcome/${revision}`);
  // The same list may be the documents of one revision and the overlays of another: two empty ones are.
  for (const digest of new Set([documents_digest, overlays_digest])) if (!isNamed(sql, digest)) dropText(sql, digest);
}

function isNamed(sql: SqlStorage, digest: string): boolean {
  const rows = sql.exec(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM revisions WHERE state_kept = 1 AND documents_digest = ?1)
      OR EXISTS (SELECT 1 FROM revisions WHERE state_kept = 1 AND overlays_digest = ?1)`,
    digest,
  );
  return rows.toArray().length > 0;
}

function dropText(sql: SqlStorage, name: string): void {
  sql.exec("DELETE FROM texts WHERE name = ?", name);
}

/** From a revision without a state nothing can be restored. */
function dropUselessDeletions(sql: SqlStorage): void {
  sql.exec(
    `DELETE FROM deleted_documents
      WHERE NOT EXISTS (SELECT 1 FROM revisions WHERE revision = last_revision AND state_kept = 1)`,
  );
}

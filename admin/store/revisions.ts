/** Revisions as they are kept: rows in, domain values out. Written once, never changed. */
import { z } from "@hono/zod-openapi";
import type { MutationKind } from "../core/changes/mutation.ts";

const KINDS = {
  apply: true,
  shiftWeights: true,
  drain: true,
  undrain: true,
  switchFlag: true,
  releaseFlag: true,
  freeze: true,
  liftFreeze: true,
  override: true,
  liftOverride: true,
  rotateSecret: true,
  revokeSecret: true,
  compromiseSecret: true,
  restore: true,
  batch: true,
  expire: true,
  withdraw: true,
} as const satisfies Readonly<Record<MutationKind, true>>;

export function isKnownKind(kind: string): kind is MutationKind {
  return Object.hasOwn(KINDS, kind);
}

/** Also what earlier releases called it. */
export type RevisionKind = MutationKind | "expireDrains";

const RevisionRow = z.object({
  revision: z.int().min(1),
  parent: z.int().min(0),
  digest: z.string(),
  documents_digest: z.string(),
  overlays_digest: z.string(),
  kind: z.custom<RevisionKind>((kind) => kind === "expireDrains" || (typeof kind === "string" && isKnownKind(kind))),
  author: z.string(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  created_at_ms: z.int(),
});

export type RevisionRecord = {
  readonly revision: number;
  readonly parent: number;
  readonly digest: string;
  readonly documentsDigest: string;
  readonly overlaysDigest: string;
  readonly kind: RevisionKind;
  readonly author: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly createdAtMs: number;
};

export function insertRevision(sql: SqlStorage, record: RevisionRecord): void {
  sql.exec(
    `INSERT INTO revisions (revision, parent, digest, documents_digest, overlays_digest, kind, author, reason, ticket,
      created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    record.revision,
    record.parent,
    record.digest,
    record.documentsDigest,
    record.overlaysDigest,
    record.kind,
    record.author,
    record.reason ?? null,
    record.ticket ?? null,
    record.createdAtMs,
  );
}

/** The newest revision: what the control plane wants the edges to serve. */
export function targetRevision(sql: SqlStorage): RevisionRecord | undefined {
  const [row] = sql.exec("SELECT * FROM revisions ORDER BY revision DESC LIMIT 1").toArray();
  return row === undefined ? undefined : revisionRecordOf(row);
}

export function findRevision(sql: SqlStorage, revision: number): RevisionRecord | undefined {
  const [row] = sql.exec("SELECT * FROM revisions WHERE revision = ?", revision).toArray();
  return row === undefined ? undefined : revisionRecordOf(row);
}

/** The newest one with that digest: an ETag somebody has seen. */
export function findRevisionByDigest(sql: SqlStorage, digest: string): RevisionRecord | undefined {
  const [row] = sql.exec("SELECT * FROM revisions WHERE digest = ? ORDER BY revision DESC LIMIT 1", digest).toArray();
  return row === undefined ? undefined : revisionRecordOf(row);
}

/** The one that was the target at that time; undefined when there was none yet. */
export function revisionAsOf(sql: SqlStorage, atMs: number): RevisionRecord | undefined {
  const [row] = sql
    .exec("SELECT * FROM revisions WHERE created_at_ms <= ? ORDER BY revision DESC LIMIT 1", atMs)
    .toArray();
  return row === undefined ? undefined : revisionRecordOf(row);
}

/** Newest first, those below `before`. */
export function revisionsBefore(sql: SqlStorage, before: number, limit: number): readonly RevisionRecord[] {
  return sql
    .exec("SELECT * FROM revisions WHERE revision < ? ORDER BY revision DESC LIMIT ?", before, limit)
    .toArray()
    .map(revisionRecordOf);
}

export type RevisionRange = { readonly fromMs: number; readonly toMs: number; readonly limit: number };

/**
 * Created in [fromMs, toMs], what is of this very moment included, oldest first; the newest `limit` of them. Times rise with the numbers, so the first and the
 * last are found by halving, in some thirty steps of one row each, however long the history is.
 */
export function revisionsBetween(sql: SqlStorage, { fromMs, toMs, limit }: RevisionRange): readonly RevisionRecord[] {
  const newest = targetRevision(sql)?.revision ?? 0;
  const firstSince = (atMs: number): number => {
    let [low, high] = [1, newest + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((findRevision(sql, middle)?.createdAtMs ?? 0) >= atMs) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const before = firstSince(toMs + 1);
  const first = Math.max(firstSince(fromMs), before - limit);
  return before <= first ? [] : revisionsBefore(sql, before, before - first).toReversed();
}

export function revisionRecordOf(row: Record<string, SqlStorageValue>): RevisionRecord {
  const parsed = RevisionRow.parse(row);
  return {
    revision: parsed.revision,
    parent: parsed.parent,
    digest: parsed.digest,
    documentsDigest: parsed.documents_digest,
    overlaysDigest: parsed.overlays_digest,
    kind: parsed.kind,
    author: parsed.author,
    ...(parsed.reason === null ? {} : { reason: parsed.reason }),
    ...(parsed.ticket === null ? {} : { ticket: parsed.ticket }),
    createdAtMs: parsed.created_at_ms,
  };
}

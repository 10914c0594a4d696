/**
 * Deletes are soft: what left the fleet is listed with the last revision that has it, from where it can be restored. An
 * entry goes when the document is there again, or when retention has dropped that revision's state.
 */
import { z } from "@hono/zod-openapi";
import { type Diffable, documentId } from "../../config/diff.ts";

export type DeletedDocument = {
  /** Counts up in the order of deletion. */
  readonly number: number;
  /** `Kind/name`. */
  readonly document: string;
  /** The last revision with it. */
  readonly lastRevision: number;
  readonly deletedBy: string;
  readonly deletedAtMs: number;
};

export type Deletion = Omit<DeletedDocument, "number" | "document">;

const Row = z.object({
  number: z.int().min(1),
  document: z.string(),
  last_revision: z.int().min(1),
  deleted_by: z.string(),
  deleted_at_ms: z.int(),
});

/** Lists what `after` has no longer, and drops what it has again. To be called inside the transaction of the change. */
export function keepDeleted(
  sql: SqlStorage,
  before: readonly Diffable[],
  after: readonly Diffable[],
  { lastRevision, deletedBy, deletedAtMs }: Deletion,
): void {
  // Most changes are of overlays and hand on the very same list.
  if (before === after) return;
  const old = new Set(before.map(documentId));
  const next = new Set(after.map(documentId));
  for (const document of next)
    if (!old.has(document)) sql.exec("DELETE FROM deleted_documents WHERE document = ?", document);
  for (const document of old)
    if (!next.has(document))
      sql.exec(
        "INSERT INTO deleted_documents (document, last_revision, deleted_by, deleted_at_ms) VALUES (?, ?, ?, ?)",
        ...[document, lastRevision, deletedBy, deletedAtMs],
      );
}

/** Newest first, those with a number below `before`. */
export function deletedBefore(sql: SqlStorage, before: number, limit: number): readonly DeletedDocument[] {
  return sql
    .exec("SELECT * FROM deleted_documents WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)
    .toArray()
    .map((row) => {
      const { number, document, last_revision, deleted_by, deleted_at_ms } = Row.parse(row);
      return {
        ...{ number, document, lastRevision: last_revision },
        ...{ deletedBy: deleted_by, deletedAtMs: deleted_at_ms },
      };
    });
}

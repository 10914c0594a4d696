/** How far annotations have got: one row. What is behind the target is still to be told; nothing else says so. */
import { z } from "@hono/zod-openapi";
import type { RevisionKind } from "./revisions.ts";

export type AnnotationProgress = {
  /** The newest that needs no telling any more. */
  readonly revision: number;
  /** In a row. */
  readonly failures: number;
  readonly retryAtMs: number;
};

const Row = z.object({ revision: z.int().min(0), failures: z.int().min(0), retry_at_ms: z.int() });

/** Undefined before the first. */
export function loadAnnotationProgress(sql: SqlStorage): AnnotationProgress | undefined {
  const [row] = sql.exec("SELECT * FROM annotation_progress").toArray();
  if (row === undefined) return undefined;
  const { revision, failures, retry_at_ms: retryAtMs } = Row.parse(row);
  return { revision, failures, retryAtMs };
}

export function saveAnnotationProgress(sql: SqlStorage, { revision, failures, retryAtMs }: AnnotationProgress): void {
  sql.exec(
    "INSERT OR REPLACE INTO annotation_progress (id, revision, failures, retry_at_ms) VALUES (1, ?, ?, ?)",
    ...[revision, failures, retryAtMs],
  );
}

/** Of those above `after`, the first ones that are of these kinds, oldest first. */
export function revisionsOfKinds(
  sql: SqlStorage,
  kinds: readonly RevisionKind[],
  after: number,
  limit: number,
): readonly number[] {
  const marks = kinds.map(() => "?").join(", ");
  return sql
    .exec(
      `SELECT revision FROM revisions WHERE revision > ? AND kind IN (${marks}) ORDER BY revision LIMIT ?`,
      ...[after, ...kinds, limit],
    )
    .toArray()
    .map(({ revision }) => z.int().parse(revision));
}

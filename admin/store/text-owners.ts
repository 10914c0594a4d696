/**
 * Which row each text belongs to, by its name: a digest to the revisions that name it, the others to the row of their
 * number or id. A text of any other name is nobody's business here and counts as owned.
 */

/** Only rows up to these numbers count. */
export type OwnersUpTo = { readonly revision: number; readonly approval: number; readonly answer: number };

const ANY: OwnersUpTo = {
  revision: Number.MAX_SAFE_INTEGER,
  approval: Number.MAX_SAFE_INTEGER,
  answer: Number.MAX_SAFE_INTEGER,
};

/** A condition on rows of `texts`. */
export function hasOwner({ revision, approval, answer }: OwnersUpTo): string {
  const named = (column: string) =>
    `EXISTS (SELECT 1 FROM revisions WHERE state_kept = 1 AND ${column} = name AND revision <= ${revision})`;
  return `CASE
    WHEN name GLOB 'outcome/*' THEN EXISTS (SELECT 1 FROM revisions
      WHERE revision = CAST(substr(name, 9) AS INTEGER) AND state_kept = 1 AND revision <= ${revision})
    WHEN name GLOB 'approval/*' THEN EXISTS (SELECT 1 FROM approvals
      WHERE approval_id = substr(name, 10) AND number <= ${approval})
    WHEN name GLOB 'answer/*' THEN EXISTS (SELECT 1 FROM idempotency
      WHERE number = CAST(substr(name, 8) AS INTEGER) AND number <= ${answer})
    WHEN length(name) = 64 AND name NOT GLOB '*[^0-9a-f]*' THEN
      ${named("documents_digest")} OR ${named("overlays_digest")}
    ELSE TRUE
  END`;
}

/** A look at every text: for when storage was filled from outside, not for every day. */
export function dropOrphans(sql: SqlStorage): void {
  sql.exec(`DELETE FROM texts WHERE NOT ${hasOwner(ANY)}`);
}

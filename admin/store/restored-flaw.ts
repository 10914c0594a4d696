/**
 * Whether what a backup has brought is a state that the control plane can go on from: every row can be read by the store
 * it belongs to, what rows name is there, and the target is what its digests say. The digest of the file has shown that
 * nothing happened to it on the way; this shows that it was whole when it was written. Whether the audit log is the one
 * that was signed, its verifier says.
 */
import { z } from "@hono/zod-openapi";
import { readDocuments } from "../core/changes/apply-documents.ts";
import { stateDigest } from "../core/commit/next-state.ts";
import { sha256Hex } from "../core/digest.ts";
import { approvalsBefore } from "./approvals.ts";
import type { BackupHeader } from "./backup-format.ts";
import { recentChanges } from "./control-history.ts";
import { debugTokensBefore } from "./debug-tokens.ts";
import { deletedBefore } from "./deleted-documents.ts";
import { loadRevisionState, loadTarget, type ReadOptions } from "./fleet-store.ts";
import { incidentsBefore } from "./incidents.ts";
import { loadPublishing } from "./publishing.ts";
import { revisionsBefore, targetRevision } from "./revisions.ts";
import { loadText } from "./texts.ts";

const PAGE = 500;

export type FlawOptions = { readonly header: BackupHeader; readonly read: ReadOptions; readonly nowMs: number };

/** A sentence, or undefined when all is well. */
export function findFlaw(sql: SqlStorage, options: FlawOptions): string | undefined {
  try {
    readEverything(sql);
    return findRevisionFlaw(sql, options) ?? findTextFlaw(sql, options) ?? findLogFlaw(sql);
  } catch (error) {
    // What is an invariant for rows that the object wrote itself is not one for rows from outside.
    return `A row cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

type Lister = (sql: SqlStorage, before: number, limit: number) => readonly { readonly number: number }[];

const LISTERS: readonly Lister[] = [
  (sql, before, limit) => revisionsBefore(sql, before, limit).map(({ revision: number }) => ({ number })),
  approvalsBefore,
  incidentsBefore,
  debugTokensBefore,
  deletedBefore,
];

function readEverything(sql: SqlStorage): void {
  for (const list of LISTERS)
    for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined; )
      before = list(sql, before, PAGE).at(-1)?.number;
  recentChanges(sql, 0);
}

function findRevisionFlaw(sql: SqlStorage, { header, read }: FlawOptions): string | undefined {
  const record = targetRevision(sql);
  const revision = record?.revision ?? 0;
  if (revision !== header.revision) return `It has revisions up to ${revision}, and says ${header.revision}.`;
  if (count(sql, "revisions") !== revision) return "Revisions are missing.";
  const { releasedRevision } = loadPublishing(sql);
  if (releasedRevision > revision) return `It serves revision ${releasedRevision}, which it does not have.`;
  if (releasedRevision > 0 && loadRevisionState(sql, releasedRevision, read) === undefined)
    return `What revision ${releasedRevision} was, which is served, is missing.`;
  if (record === undefined) return undefined;

  const { state } = loadTarget(sql, read);
  const { documentsDigest, overlaysDigest, digest } = record;
  const isWhole =
    sha256Hex(loadText(sql, documentsDigest) ?? "") === documentsDigest &&
    sha256Hex(loadText(sql, overlaysDigest) ?? "") === overlaysDigest &&
    stateDigest(state, documentsDigest, overlaysDigest) === digest;
  if (!isWhole) return `Revision ${revision} is not what its digest says.`;
  // What is in force already may stay although it would be refused today; what comes from elsewhere may not come in.
  const sound = readDocuments(state.documents, read);
  return sound.ok ? undefined : `The documents of revision ${revision} are refused here. ${sound.error.detail}`;
}

function findTextFlaw(sql: SqlStorage, { nowMs }: FlawOptions): string | undefined {
  const hasText = (name: string) => `EXISTS (SELECT 1 FROM texts WHERE name = ${name})`;
  const revisions = sql.exec(
    `SELECT revision FROM revisions WHERE state_kept = 1 AND NOT (${hasText("documents_digest")}
      AND ${hasText("overlays_digest")} AND ${hasText("'outcome/' || revision")}) LIMIT 1`,
  );
  if (revisions.toArray().length > 0) return "A text that a revision names is missing.";
  const approvals = sql.exec(
    `SELECT 1 FROM approvals WHERE state = 'pending' AND expires_at_ms > ?
      AND NOT ${hasText("'approval/' || approval_id")} LIMIT 1`,
    nowMs,
  );
  if (approvals.toArray().length > 0) return "What a pending approval asks for is missing.";
  const answers = sql.exec(`SELECT 1 FROM idempotency WHERE NOT ${hasText("'answer/' || number")} LIMIT 1`);
  return answers.toArray().length > 0 ? "An answer to an idempotency key is missing." : undefined;
}

/** The log goes on from its last leaf, and from the hash of every complete subtree. */
function findLogFlaw(sql: SqlStorage): string | undefined {
  const leaves = count(sql, "audit_leaves");
  const { first, last: latest } = sql
    .exec("SELECT MIN(leaf_index) AS first, MAX(leaf_index) AS last FROM audit_leaves")
    .one();
  if (leaves > 0 && (first !== 0 || latest !== leaves - 1)) return "Leaves of the audit log are missing.";
  const levels = new Map(
    sql
      .exec("SELECT level, COUNT(*) AS nodes, MAX(position) AS last FROM audit_nodes GROUP BY level")
      .toArray()
      .map((row) => Levels.parse(row))
      .map(({ level, nodes, last }) => [level, { nodes, last }]),
  );
  const height = Math.max(Math.floor(Math.log2(Math.max(leaves, 1))), ...levels.keys());
  for (let level = 1; level <= height; level += 1) {
    const complete = Math.floor(leaves / 2 ** level);
    const { nodes, last } = levels.get(level) ?? { nodes: 0, last: -1 };
    if (nodes !== complete || last !== complete - 1) return "The tree above the audit log is not complete.";
  }
  return undefined;
}

const Levels = z.object({ level: z.int(), nodes: z.int(), last: z.int() });

function count(sql: SqlStorage, table: string): number {
  return z.int().parse(sql.exec(`SELECT COUNT(*) AS rows FROM ${table}`).one().rows);
}

/**
 * The audit log as it is kept: leaves and perfect subtrees, checkpoints, the keys that signed them, and who the subjects
 * in the leaves are. Rows in, domain values out. Everything is synchronous, for the transaction of whoever calls.
 *
 * Leaves, nodes and checkpoints are written once and never changed or removed; only subjects are, to forget somebody.
 */
import { z } from "@hono/zod-openapi";
import { invariant } from "../../config/invariant.ts";
import { HASH_BYTES, type Hash, type NodePlace, type TreeNode } from "../core/audit/merkle.ts";
import type { SealedLeaf } from "../core/audit/seal.ts";

export type StoredCheckpoint = {
  readonly size: number;
  readonly atMs: number;
  /** A signed note. */
  readonly note: string;
};

/** A person or machine by name, and the hash that stands for it in leaves. */
export type AuditSubject = {
  readonly subject: string;
  /** Unique among those that are not forgotten. */
  readonly nameKey: string;
  readonly name: string;
  readonly salt: Uint8Array;
};

const LeafRow = z.object({ leaf_index: z.int().min(0), text: z.string(), hash: z.instanceof(ArrayBuffer) });
const PlaceRow = LeafRow.omit({ text: true });
const CheckpointRow = z.object({ size: z.int().min(1), at_ms: z.int(), note: z.string() });

export function insertLeaf(sql: SqlStorage, { index, text, hash }: SealedLeaf): void {
  sql.exec("INSERT INTO audit_leaves (leaf_index, text, hash) VALUES (?, ?, ?)", index, text, bufferOf(hash));
}

/** Where the log ends; undefined when it is empty. */
export function lastLeaf(sql: SqlStorage): Pick<SealedLeaf, "index" | "hash"> | undefined {
  const [row] = sql.exec("SELECT leaf_index, hash FROM audit_leaves ORDER BY leaf_index DESC LIMIT 1").toArray();
  if (row === undefined) return undefined;
  const { leaf_index, hash } = PlaceRow.parse(row);
  return { index: leaf_index, hash: new Uint8Array(hash) };
}

export function findLeaf(sql: SqlStorage, index: number): SealedLeaf | undefined {
  const [row] = sql.exec("SELECT * FROM audit_leaves WHERE leaf_index = ?", index).toArray();
  return row === undefined ? undefined : leafOf(row);
}

/** Newest first, those below `before`. */
export function leavesBefore(sql: SqlStorage, before: number, limit: number): readonly SealedLeaf[] {
  return sql
    .exec("SELECT * FROM audit_leaves WHERE leaf_index < ? ORDER BY leaf_index DESC LIMIT ?", before, limit)
    .toArray()
    .map(leafOf);
}

/** Oldest first, `from` and what follows. A row is read when it is asked for. */
export function* leavesFrom(sql: SqlStorage, from: number, limit: number): Generator<SealedLeaf> {
  const rows = sql.exec("SELECT * FROM audit_leaves WHERE leaf_index >= ? ORDER BY leaf_index LIMIT ?", from, limit);
  for (const row of rows) yield leafOf(row);
}

export function insertNode(sql: SqlStorage, { level, position, hash }: TreeNode): void {
  sql.exec("INSERT INTO audit_nodes (level, position, hash) VALUES (?, ?, ?)", level, position, bufferOf(hash));
}

/** Level 0 is the leaves, which have their hashes with them. */
export function loadNode(sql: SqlStorage, { level, position }: NodePlace): Hash {
  const [row] = (
    level === 0
      ? sql.exec("SELECT hash FROM audit_leaves WHERE leaf_index = ?", position)
      : sql.exec("SELECT hash FROM audit_nodes WHERE level = ? AND position = ?", level, position)
  ).toArray();
  const hash = row?.hash;
  invariant(hash instanceof ArrayBuffer && hash.byteLength === HASH_BYTES, "every complete subtree has its hash");
  return new Uint8Array(hash);
}

/** Has no effect when there is one of that size: what is signed once stays as it was published. */
export function insertCheckpoint(sql: SqlStorage, { size, atMs, note }: StoredCheckpoint): void {
  sql.exec(
    "INSERT INTO audit_checkpoints (size, at_ms, note) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    ...[size, atMs, note],
  );
}

export function latestCheckpoint(sql: SqlStorage): StoredCheckpoint | undefined {
  const [row] = sql.exec("SELECT * FROM audit_checkpoints ORDER BY size DESC LIMIT 1").toArray();
  return row === undefined ? undefined : checkpointOf(row);
}

/** In order, those of a size above `after` and up to `to`. */
export function checkpointsBetween(sql: SqlStorage, after: number, to: number): readonly StoredCheckpoint[] {
  return sql
    .exec("SELECT * FROM audit_checkpoints WHERE size > ? AND size <= ? ORDER BY size", after, to)
    .toArray()
    .map(checkpointOf);
}

/** `size` is that of the first checkpoint which the key signed. */
export function addVerifierKey(sql: SqlStorage, key: string, size: number): void {
  sql.exec("INSERT INTO audit_keys (verifier_key, first_size) VALUES (?, ?) ON CONFLICT DO NOTHING", key, size);
}

/** Every key that ever signed, oldest first. */
export function verifierKeys(sql: SqlStorage): readonly string[] {
  return sql
    .exec("SELECT verifier_key FROM audit_keys ORDER BY first_size")
    .toArray()
    .map(({ verifier_key }) => z.string().parse(verifier_key));
}

export function insertSubject(sql: SqlStorage, { subject, nameKey, name, salt }: AuditSubject): void {
  sql.exec(
    "INSERT INTO audit_subjects (subject, name_key, name, salt) VALUES (?, ?, ?, ?)",
    ...[subject, nameKey, name, bufferOf(salt)],
  );
}

export function findSubject(sql: SqlStorage, nameKey: string): string | undefined {
  const [row] = sql.exec("SELECT subject FROM audit_subjects WHERE name_key = ?", nameKey).toArray();
  return row === undefined ? undefined : z.string().parse(row.subject);
}

/** Undefined for a subject that was never seen or is forgotten. */
export function nameOf(sql: SqlStorage, subject: string): string | undefined {
  const [row] = sql.exec("SELECT name FROM audit_subjects WHERE subject = ?", subject).toArray();
  return z.string().nullish().parse(row?.name) ?? undefined;
}

export function hasSubject(sql: SqlStorage, subject: string): boolean {
  return sql.exec("SELECT 1 FROM audit_subjects WHERE subject = ?", subject).toArray().length > 0;
}

/** The salt goes with the name: with it, a guessed name could still be checked against the hash. */
export function forgetSubject(sql: SqlStorage, subject: string): void {
  sql.exec("UPDATE audit_subjects SET name_key = NULL, name = NULL, salt = NULL WHERE subject = ?", subject);
}

function leafOf(row: Record<string, SqlStorageValue>): SealedLeaf {
  const { leaf_index, text, hash } = LeafRow.parse(row);
  return { index: leaf_index, text, hash: new Uint8Array(hash) };
}

function checkpointOf(row: Record<string, SqlStorageValue>): StoredCheckpoint {
  const { size, at_ms, note } = CheckpointRow.parse(row);
  return { size, atMs: at_ms, note };
}

/** SQL takes whole buffers; a view may show only a part of its own. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/**
 * The audit log of an environment: appends inside the fleet object's transaction, signs checkpoints outside of it, and
 * answers with proofs. What leaves, trees and notes are is `core/audit`; how they are kept is `store/audit`.
 *
 * Nothing is held in memory, so a transaction that is rolled back leaves nothing behind: where the log ends is read for
 * each append, which is one row.
 */
import { invariant } from "../../config/invariant.ts";
import {
  auditOrigin,
  type Checkpoint,
  checkpointDueMs,
  formatCheckpoint,
  parseCheckpoint,
} from "../core/audit/checkpoint.ts";
import type { AuditEntry, AuditLeaf } from "../core/audit/leaf.ts";
import {
  completedNodes,
  consistencyProof,
  hashHex,
  inclusionProof,
  type NodePlace,
  rootAt,
} from "../core/audit/merkle.ts";
import { type SealedLeaf, sealLeaf } from "../core/audit/seal.ts";
import { formatNote, formatVerifierKey, parseNote } from "../core/audit/signed-note.ts";
import { NOBODY, SUBJECT_SALT_BYTES, subjectOf } from "../core/audit/subject.ts";
import type { AdminEnv } from "../env.ts";
import {
  addVerifierKey,
  findLeaf,
  findSubject,
  forgetSubject,
  hasSubject,
  insertCheckpoint,
  insertLeaf,
  insertNode,
  insertSubject,
  lastLeaf,
  latestCheckpoint,
  leavesBefore,
  loadNode,
  nameOf,
  type StoredCheckpoint,
  verifierKeys,
} from "../store/audit.ts";
import { type AuditExportPage, exportPage } from "./audit-export.ts";
import { auditVerifierKey } from "./audit-key.ts";
import { type KeyEnv, signText } from "./signing-key.ts";

export type AuditLogOptions = {
  readonly storage: DurableObjectStorage;
  readonly env: KeyEnv & Pick<AdminEnv, "ENVIRONMENT">;
  /** Throws when the log that was signed is not the one in storage any more: a backup takes its place. */
  readonly check?: () => void;
};

/** Who acts, by name; the leaf only gets the salted hash. `name` means nothing when `kind` is `unauthenticated`. */
export type AuditActor = Omit<AuditLeaf["actor"], "subject"> & { readonly name: string };
/** An entry as callers write it; which environment this is, the log knows itself. */
export type NamedEntry = Omit<AuditEntry, "actor" | "environment"> & { readonly actor: AuditActor };

export type AuditRecord = {
  readonly index: number;
  /** Hex, as in `previous` of the next leaf. */
  readonly hash: string;
  /** What was hashed: canonical JSON of `leaf`. */
  readonly text: string;
  readonly leaf: AuditLeaf;
  /** Who the subject is; absent when nobody was recognized, or the name has been erased. */
  readonly name?: string;
};

/** Hashes in hex, in the order in which RFC 9162 has them. */
export type AuditInclusion = {
  readonly index: number;
  readonly size: number;
  readonly leafHash: string;
  readonly root: string;
  readonly proof: readonly string[];
};

export type AuditConsistency = {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: string;
  readonly toRoot: string;
  readonly proof: readonly string[];
};

/** The newest signed state of the log, and by which key it is to be verified. */
export type AuditCheckpoint = StoredCheckpoint & { readonly root: string; readonly keys: readonly string[] };

export type CheckpointOutcome =
  | { readonly kind: "signed"; readonly checkpoint: StoredCheckpoint }
  /** Everything is signed already, or it is not yet time. */
  | { readonly kind: "unchanged" }
  /** No signing key is configured that could be read. */
  | { readonly kind: "unsigned" };

export type EraseOutcome = "erased" | "alreadyErased" | "unknown";

/** Whose name is to be forgotten, and why. */
export type Erasure = { readonly subject: string; readonly reason: string; readonly ticket?: string };
export type ErasedSubject = {
  readonly subject: string;
  /** False when the name was forgotten before. */
  readonly changed: boolean;
  /** The leaf that tells of the erasure. */
  readonly auditIndex: number;
};

export class AuditLog {
  readonly #storage: DurableObjectStorage;
  readonly #env: AuditLogOptions["env"];
  readonly #check: () => void;

  constructor({ storage, env, check = () => undefined }: AuditLogOptions) {
    this.#storage = storage;
    this.#env = env;
    this.#check = check;
  }

  /** To be called inside a transaction: that in which what the entry tells of is committed. */
  append({ actor: { name, kind, roles }, ...entry }: NamedEntry): { readonly index: number } {
    const subject = kind === "unauthenticated" ? NOBODY : this.#subject(`${kind}/${name}`, name);
    const { ENVIRONMENT: environment } = this.#env;
    const leaf = sealLeaf({ ...entry, environment, actor: { subject, kind, roles } }, lastLeaf(this.#sql));
    const nodes = completedNodes(leaf.index, leaf.hash, this.#node);
    insertLeaf(this.#sql, leaf);
    for (const node of nodes) insertNode(this.#sql, node);
    return { index: leaf.index };
  }

  size(): number {
    const last = lastLeaf(this.#sql);
    return last === undefined ? 0 : last.index + 1;
  }

  /** Newest first, those below `before`. */
  leaves(before: number, limit: number): readonly AuditRecord[] {
    return leavesBefore(this.#sql, before, limit).map((leaf) => this.#record(leaf));
  }

  leaf(index: number): AuditRecord | undefined {
    const leaf = findLeaf(this.#sql, index);
    return leaf === undefined ? undefined : this.#record(leaf);
  }

  /** Undefined when no such tree has that leaf. */
  inclusion(index: number, size: number = this.size()): AuditInclusion | undefined {
    if (index >= size || size > this.size()) return undefined;
    const leafHash = hashHex(this.#node({ level: 0, position: index }));
    const proof = inclusionProof(index, size, this.#node).map(hashHex);
    return { index, size, leafHash, root: this.#root(size), proof };
  }

  /** Undefined when there are no such trees. */
  consistency(from: number, to: number): AuditConsistency | undefined {
    if (from < 1 || from > to || to > this.size()) return undefined;
    const proof = consistencyProof(from, to, this.#node).map(hashHex);
    return { from, to, fromRoot: this.#root(from), toRoot: this.#root(to), proof };
  }

  latestCheckpoint(): AuditCheckpoint | undefined {
    const stored = latestCheckpoint(this.#sql);
    if (stored === undefined) return undefined;
    return { ...stored, root: hashHex(readCheckpoint(stored).root), keys: verifierKeys(this.#sql) };
  }

  /** When the next checkpoint is to be signed; 0 for at once, undefined for not before the next append. */
  checkpointDueMs(): number | undefined {
    if (this.publicKey() === undefined) return undefined;
    return checkpointDueMs(this.size(), latestCheckpoint(this.#sql));
  }

  /** What the alarm does: signs when it is time, and does nothing otherwise. */
  async checkpointIfDue(nowMs: number): Promise<CheckpointOutcome> {
    const dueMs = this.checkpointDueMs();
    return dueMs !== undefined && dueMs > nowMs ? { kind: "unchanged" } : this.checkpoint(nowMs);
  }

  /** Signs the log as it is now and keeps the note. Not to be called inside a transaction. */
  async checkpoint(nowMs: number): Promise<CheckpointOutcome> {
    const key = auditVerifierKey(this.#env);
    if (key === undefined) return { kind: "unsigned" };
    const size = this.size();
    const latest = latestCheckpoint(this.#sql);
    if (size === (latest?.size ?? 0)) return { kind: "unchanged" };
    if (latest !== undefined) this.#checkSigned(latest);

    const text = formatCheckpoint({ origin: this.#origin, size, root: rootAt(size, this.#node) });
    const { bytes: signature } = await signText(text, this.#env);
    this.#check();
    const { name, keyHash } = key;
    const checkpoint = { size, atMs: nowMs, note: formatNote({ text, signatures: [{ name, keyHash, signature }] }) };
    this.#storage.transactionSync(() => {
      insertCheckpoint(this.#sql, checkpoint);
      addVerifierKey(this.#sql, formatVerifierKey(key), size);
    });
    return { kind: "signed", checkpoint };
  }

  /** A part of the export, from the leaf `from` on: at most `limit` leaves. */
  exportLines(from: number, limit: number): AuditExportPage {
    return exportPage(this.#sql, { origin: this.#origin, key: this.publicKey(), size: this.size(), from, limit });
  }

  /** Whether some leaf has that subject, forgotten or not. */
  knows(subject: string): boolean {
    return hasSubject(this.#sql, subject);
  }

  /** Forgets the name behind a subject. The leaves stay, and with them every proof; who it was can no longer be told. */
  erase(subject: string): EraseOutcome {
    if (!hasSubject(this.#sql, subject)) return "unknown";
    if (nameOf(this.#sql, subject) === undefined) return "alreadyErased";
    forgetSubject(this.#sql, subject);
    return "erased";
  }

  /** As verifiers take it: `<origin>+<hash>+<base64>`; undefined without a signing key. */
  publicKey(): string | undefined {
    const key = auditVerifierKey(this.#env);
    return key === undefined ? undefined : formatVerifierKey(key);
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  get #origin(): string {
    return auditOrigin(this.#env.ENVIRONMENT);
  }

  readonly #node = (place: NodePlace) => loadNode(this.#sql, place);

  #root(size: number): string {
    return hashHex(rootAt(size, this.#node));
  }

  /** Whoever was forgotten and comes back is somebody new, whom nothing links to who they were. */
  #subject(nameKey: string, name: string): string {
    const known = findSubject(this.#sql, nameKey);
    if (known !== undefined) return known;
    const salt = crypto.getRandomValues(new Uint8Array(SUBJECT_SALT_BYTES));
    const subject = subjectOf(salt, name);
    insertSubject(this.#sql, { subject, nameKey, name, salt });
    return subject;
  }

  #record({ index, text, hash }: SealedLeaf): AuditRecord {
    const leaf = JSON.parse(text) as AuditLeaf; // Only `sealLeaf` makes the texts that are stored, from an AuditLeaf.
    const name = nameOf(this.#sql, leaf.actor.subject);
    return { index, hash: hashHex(hash), text, leaf, ...(name === undefined ? {} : { name }) };
  }

  /** A log never signs two states of which one does not go on from the other. Storage that was changed ends here. */
  #checkSigned(latest: StoredCheckpoint): void {
    const { origin, size, root } = readCheckpoint(latest);
    invariant(origin === this.#origin, "a checkpoint is of this log");
    invariant(hashHex(root) === this.#root(size), "what was signed is still there as it was");
  }
}

/** What we have signed and stored ourselves is a checkpoint. */
function readCheckpoint({ note }: StoredCheckpoint): Checkpoint {
  const parsed = parseNote(note);
  invariant(parsed.ok, "a stored checkpoint is a signed note");
  const checkpoint = parseCheckpoint(parsed.value.text);
  invariant(checkpoint.ok, "a stored note is a checkpoint");
  return checkpoint.value;
}

/** An environment with a row in every table, made by the stores that own them, and what there is in a storage. */

import { runInDurableObject } from "cloudflare:test";
import { expect } from "vitest";
import { emptyState } from "../../../admin/core/changes/state.ts";
import { stateDigest } from "../../../admin/core/commit/next-state.ts";
import { sha256Hex } from "../../../admin/core/digest.ts";
import { AuditLog } from "../../../admin/objects/audit-log.ts";
import { BackupTransfer } from "../../../admin/objects/backup-transfer.ts";
import { base64 } from "../../../admin/objects/base64.ts";
import { closeApproval, insertApproval, voteOnApproval } from "../../../admin/store/approvals.ts";
import { addVerifierKey, insertCheckpoint } from "../../../admin/store/audit.ts";
import { isInBackup, storedTables } from "../../../admin/store/backup.ts";
import { endLine } from "../../../admin/store/backup-format.ts";
import { keepChanges } from "../../../admin/store/control-history.ts";
import { insertDebugToken } from "../../../admin/store/debug-tokens.ts";
import { keepDeleted } from "../../../admin/store/deleted-documents.ts";
import { keepAnswer } from "../../../admin/store/idempotency.ts";
import { closeIncident, openIncident } from "../../../admin/store/incidents.ts";
import { savePublishing } from "../../../admin/store/publishing.ts";
import { insertRevision } from "../../../admin/store/revisions.ts";
import { saveText } from "../../../admin/store/texts.ts";
import { canonicalJson } from "../../../config/canonical.ts";
import { env, smallFleet } from "./support.ts";

export const READ = { environment: "demo", development: true };

/** When it was exported. */
export const NOW_MS = 1_772_355_600_000;

const DOCUMENTS = canonicalJson(smallFleet());

/** Whole, as `commit` writes it, with a leaf in the log; what changes from one to the next is the overlays' spelling. */
export function commitRevision(storage: DurableObjectStorage, revision: number): void {
  const { sql } = storage;
  const documentsDigest = sha256Hex(DOCUMENTS);
  // Two overlays texts take turns, so revisions share them.
  const overlays = revision % 2 === 0 ? "[]" : "[ ]";
  const overlaysDigest = sha256Hex(overlays);
  saveText(sql, documentsDigest, DOCUMENTS);
  saveText(sql, overlaysDigest, overlays);
  saveText(sql, `outcome/${revision}`, '{"kind":"apply","changes":[],"warnings":["é\\n"]}');
  const state = { ...emptyState(READ.environment), revision };
  insertRevision(sql, {
    ...{ revision, parent: revision - 1, kind: "apply", author: "ada", createdAtMs: NOW_MS - 1_000 + revision },
    ...{ documentsDigest, overlaysDigest, digest: stateDigest(state, documentsDigest, overlaysDigest) },
  });
  enter(storage, "fleet.apply");
}

export function enter(storage: DurableObjectStorage, action: string): void {
  const actor = { name: "ada", kind: "person", roles: ["admin"] } as const;
  const log = new AuditLog({ storage, env });
  log.append({ request: "r", actor, action, outcome: "committed", atMs: NOW_MS });
}

const asked = (id: string) => ({
  ...{ id, author: "ada", action: "fleet.apply", resource: "fleet", because: ["removes much"], planDigest: "d" },
  ...{ baseRevision: 3, required: 2, createdAtMs: NOW_MS - 10, expiresAtMs: NOW_MS + 10_000 },
});

export function fill(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    for (let revision = 1; revision <= 5; revision += 1) commitRevision(storage, revision);
    insertCheckpoint(sql, { size: 5, atMs: NOW_MS, note: "note\n\n— name signature\n" });
    addVerifierKey(sql, "name+key", 5);
    insertDebugToken(sql, { tokenId: "t", actor: "ada", reason: "why", issuedAtMs: 1, expiresAtMs: 2 });
    for (const key of ["one", "two"])
      keepAnswer(sql, { principal: "ci", key, fingerprint: "f", answer: { key }, createdAtMs: NOW_MS - 100 });
    for (const id of ["open", "closed"]) insertApproval(sql, asked(id), '{"kind":"apply"}');
    voteOnApproval(sql, "open", { voter: "grace", verdict: "approve", reason: "fine", atMs: NOW_MS });
    closeApproval(sql, "closed", { state: "rejected" });
    const opening = { title: "t", cause: { kind: "opened" }, reason: "r", openedBy: "ada", openedAtMs: 1 } as const;
    const first = openIncident(sql, { ...opening, severity: 3 });
    openIncident(sql, { ...opening, severity: 2 });
    closeIncident(sql, first.id, { closedBy: "ada", closedAtMs: 2, closing: "over" });
    keepChanges(sql, [{ control: "weights/web/europe", direction: "shift", deltasBps: { a: 1, b: -1 }, atMs: NOW_MS }]);
    const gone = [{ kind: "Cluster", metadata: { name: "old" } }];
    keepDeleted(sql, gone, [], { lastRevision: 2, deletedBy: "ada", deletedAtMs: NOW_MS });
    savePublishing(sql, { releasedRevision: 4, hold: { vantage: "weur", sinceRevision: 1, sinceMs: 1, untilMs: 2 } });
  });
}

export type Dump = Readonly<Record<string, readonly string[]>>;

/** Every row of every table that a backup has, in the order of its text. */
export function dump(sql: SqlStorage): Dump {
  const tables = storedTables(sql).filter(isInBackup);
  return Object.fromEntries(tables.map((table) => [table, rowsOf(sql, table)]));
}

function rowsOf(sql: SqlStorage, table: string): readonly string[] {
  return sql
    .exec(`SELECT * FROM ${table}`)
    .toArray()
    .map((row) =>
      JSON.stringify(row, (_, value) => (value instanceof ArrayBuffer ? base64(new Uint8Array(value)) : value)),
    )
    .sort();
}

/** The same lines with a last one that is right for them: as somebody would write it who means harm, or a bug. */
export function sealed(lines: readonly string[]): string {
  const body = lines.map((line) => `${line}\n`).join("");
  return body + endLine({ rows: lines.length - 1, digest: sha256Hex(body) });
}

/** Without the last line. */
export function linesIn(backup: string): readonly string[] {
  return backup.split("\n").slice(0, -2);
}

let tests = 0;

/** Other objects for every test: one that is still busy with the last test must not be met again. */
export function nextObjects(): void {
  tests += 1;
}

export const source = () => env.FLEET.getByName(`source-${tests}`);
export const target = () => env.FLEET.getByName(`target-${tests}`);

export function inObject<T>(
  stub: ReturnType<typeof source>,
  work: (storage: DurableObjectStorage) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject(stub, (_, { storage }) => work(storage));
}

export function transferOf(storage: DurableObjectStorage, restored: () => void = () => undefined): BackupTransfer {
  return new BackupTransfer({ storage, read: READ, restored });
}

export const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

export function exported(): Promise<string> {
  return inObject(source(), (storage) => {
    fill(storage);
    return read(transferOf(storage).export(NOW_MS));
  });
}

export const streamOf = (text: string | Uint8Array): ReadableStream<Uint8Array> => {
  const { body } = new Response(text);
  if (body === null) throw new Error("a text has a body");
  return body;
};

export const restoreInto = (storage: DurableObjectStorage, text: string | Uint8Array) =>
  transferOf(storage).restore(streamOf(text), NOW_MS);

/** Nothing is stored and nothing set aside, and the object answers again. */
export async function expectRefused(
  storage: DurableObjectStorage,
  text: string | Uint8Array,
  before: Dump,
): Promise<string> {
  const transfer = transferOf(storage);
  const result = await transfer.restore(streamOf(text), NOW_MS);
  expect(result.ok).toBe(false);
  expect(dump(storage.sql)).toEqual(before);
  expect(() => transfer.check()).not.toThrow();
  return result.ok ? "" : `${result.error.code}: ${result.error.detail}`;
}

/** What a request that was refused leaves behind in an empty environment. */
export function refuseOnce(storage: DurableObjectStorage): Dump {
  storage.transactionSync(() => enter(storage, "token.refused"));
  return dump(storage.sql);
}

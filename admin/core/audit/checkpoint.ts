/**
 * A checkpoint says how long the log is and what its root is (c2sp.org/tlog-checkpoint); the note around it carries the
 * signature. Also when the next one is due. The origin names the log and so keeps these signatures apart from everything
 * else that the same key signs: a snapshot begins with a brace, a debug token with a line of its own.
 */
import { err, ok, type Result } from "../../../config/result.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { HASH_BYTES, type Hash } from "./merkle.ts";

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
};

/** What is appended is signed at the latest after this time, which bounds what can be rewritten unseen. */
export const AUDIT_CHECKPOINT_MS = 60_000;
/** And after as many leaves, so that a burst is not one large piece that stands or falls together. */
export const AUDIT_CHECKPOINT_LEAVES = 256;

export function auditOrigin(environment: string): string {
  return `fairlead.dev/audit/${environment}`;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/** Lines after the third belong to others and are not read, as the specification has it. */
export function parseCheckpoint(text: string): Result<Checkpoint, string> {
  const [origin = "", sizeText = "", rootText = "", ...rest] = text.split("\n");
  if (origin === "" || rest.length === 0 || rest.at(-1) !== "") return err("a checkpoint is three lines or more");
  if (rest.slice(0, -1).includes("")) return err("a checkpoint has no empty lines");
  const size = /^(0|[1-9][0-9]*)$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (!Number.isSafeInteger(size)) return err("the second line of a checkpoint is its size");
  const root = decodeBase64(rootText);
  if (root?.length !== HASH_BYTES) return err("the third line of a checkpoint is its root");
  return ok({ origin, size, root });
}

/** Undefined when everything is signed; otherwise the time, 0 for at once. */
export function checkpointDueMs(
  size: number,
  latest: { readonly size: number; readonly atMs: number } | undefined,
): number | undefined {
  const signed = latest?.size ?? 0;
  if (size <= signed) return undefined;
  if (latest === undefined || size - signed >= AUDIT_CHECKPOINT_LEAVES) return 0;
  return latest.atMs + AUDIT_CHECKPOINT_MS;
}

/**
 * What a backup looks like: lines of JSON, so that it can be written and read a row at a time and looked at with any tool.
 *
 *     {"format":"fairlead-backup/1","version":"0.1.0","environment":"demo","migrations":5,"exportedAtMs":...,"revision":17}
 *     {"table":"revisions","row":{"revision":1,"parent":0,...}}
 *     {"rows":4711,"digest":"<SHA-256 in hex of all lines before, with their newlines>"}
 *
 * Values are those of SQLite: numbers, texts, null, and bytes as {"$base64":"..."}. The digest finds what was damaged on
 * the way. Whoever can write a backup can make a new one, so it says nothing about who wrote it; the checkpoints of the
 * audit log in it do.
 */
import { z } from "@hono/zod-openapi";
import { base64 } from "../objects/base64.ts";

export const BACKUP_FORMAT = "fairlead-backup/1";

export const BACKUP_MEDIA_TYPE = "application/x-ndjson";

/** The most that Cloudflare takes as one request on any plan. Rows are stored as they come, so none of it is memory. */
export const BACKUP_BYTES_MAX = 500_000_000;

/** A row holds 2 MB, and of what is kept in one no more than every second byte is escaped in JSON. */
export const BACKUP_LINE_BYTES_MAX = 4_200_000;

export const BackupHeader = z.strictObject({
  format: z.literal(BACKUP_FORMAT),
  /** The release that wrote it. */
  version: z.string(),
  environment: z.string(),
  /** The newest migration of its storage: what rows look like. */
  migrations: z.int().min(1),
  exportedAtMs: z.int(),
  /** The target; 0 when nothing was ever committed. */
  revision: z.int().min(0),
});
export type BackupHeader = z.infer<typeof BackupHeader>;

export type StoredRow = Readonly<Record<string, SqlStorageValue>>;

export type BackupRow = { readonly table: string; readonly row: StoredRow };

export type BackupEnd = { readonly rows: number; readonly digest: string };

export function headerLine(header: BackupHeader): string {
  return `${JSON.stringify(header)}\n`;
}

export function rowLine({ table, row }: BackupRow): string {
  const values = Object.entries(row).map(([column, value]) => [
    column,
    value instanceof ArrayBuffer ? { $base64: base64(new Uint8Array(value)) } : value,
  ]);
  return `${JSON.stringify({ table, row: Object.fromEntries(values) })}\n`;
}

/** The one spelling of the last line: what says the same in other bytes is damage. */
export function endLine({ rows, digest }: BackupEnd): string {
  return `${JSON.stringify({ rows, digest })}\n`;
}

/** Whether a line can only be the last one. */
export function isEndLine(line: string): boolean {
  return line.startsWith('{"rows":');
}

export function parseHeader(line: string): BackupHeader | undefined {
  const parsed = BackupHeader.safeParse(parseJson(line));
  return parsed.success ? parsed.data : undefined;
}

const Bytes = z
  .strictObject({ $base64: z.base64() })
  .transform(({ $base64 }) => Uint8Array.from(atob($base64), (character) => character.charCodeAt(0)).buffer);

const Row = z.strictObject({
  table: z.string(),
  row: z.record(z.string(), z.union([z.string(), z.int(), z.null(), Bytes])),
});

export function parseRow(line: string): BackupRow | undefined {
  const parsed = Row.safeParse(parseJson(line));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The lines of a backup as it comes in, however it is cut on the way: bounded as a whole, by line, and by how long it may
 * keep silent. What does not keep to that is thrown, as the refusal to answer with.
 */
import type { AdminProblemCode, AdminRefusal } from "../../config/admin-problems.ts";
import { errorText } from "../log.ts";
import { BACKUP_BYTES_MAX, BACKUP_LINE_BYTES_MAX } from "../store/backup-format.ts";
import { withinMs } from "./deadline.ts";

export type BackupLimits = {
  readonly bytesMax: number;
  readonly lineBytesMax: number;
  /** Without a byte. Meanwhile the environment answers nobody, so a client that is gone must not be waited for. */
  readonly silenceMsMax: number;
};

const LIMITS: BackupLimits = {
  bytesMax: BACKUP_BYTES_MAX,
  lineBytesMax: BACKUP_LINE_BYTES_MAX,
  silenceMsMax: 30_000,
};

const NEWLINE = 0x0a;

/** Storage writes what was stored in one turn as one transaction; one for each part of the body would take most of the time. */
const BATCH_BYTES = 256 * 1_024;

/** Thrown while a backup is read, and answered in the one place that reads it. */
export class BackupRefusedError extends Error {
  override readonly name = "BackupRefusedError";
  readonly refusal: AdminRefusal;

  constructor(refusal: AdminRefusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

export type BackupLine = {
  /** From 1. */
  readonly number: number;
  /** With its newline. */
  readonly bytes: Uint8Array;
  /** Without. */
  readonly text: string;
};

/**
 * Lines in order, many at once. Those that come with the first part of the body are not kept waiting, so that what is no
 * backup is refused before the rest is sent.
 */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  limits = LIMITS,
): AsyncGenerator<readonly BackupLine[]> {
  let pending: readonly Uint8Array[] = [];
  let lines: BackupLine[] = [];
  let number = 1;
  for await (const chunk of chunksOf(body, limits)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(lineOf([...pending, chunk.subarray(start, end + 1)], number, limits));
      number += 1;
      pending = [];
      start = end + 1;
    }
    if (start < chunk.length) pending = [...pending, chunk.subarray(start)];
    checkLength(pending, number, limits);
    const isFirst = lines[0]?.number === 1;
    if (lines.length === 0 || (!isFirst && lengthOf(lines.map(({ bytes }) => bytes)) < BATCH_BYTES)) continue;
    yield lines;
    lines = [];
  }
  if (pending.length > 0) throw refusedBackup(`Line ${number} does not end: the backup was cut off.`);
  if (lines.length > 0) yield lines;
}

async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  { bytesMax, silenceMsMax }: BackupLimits,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (let length = 0; ; ) {
      const { done, value } = await readWithin(silenceMsMax, reader);
      if (done) return;
      length += value.byteLength;
      if (length > bytesMax) throw refused("bodyTooLarge", `A backup may have ${bytesMax} bytes at most.`);
      yield value;
    }
  } finally {
    // Whoever stops early does not want the rest. After the end, or when the client is gone, this does nothing.
    await reader.cancel().catch(() => undefined);
  }
}

async function readWithin(ms: number, reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await withinMs(ms, "the next part of the backup", reader.read());
  } catch (error) {
    // The client is gone, or says nothing any more: for it there is no difference.
    throw refused("bodyTimeout", `The backup did not come to its end: ${errorText(error)}.`);
  }
}

function lineOf(pieces: readonly Uint8Array[], number: number, limits: BackupLimits): BackupLine {
  checkLength(pieces, number, limits);
  const bytes = concatenate(pieces);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, -1));
    return { number, bytes, text };
  } catch {
    throw refusedBackup(`Line ${number} is not UTF-8.`);
  }
}

function checkLength(pieces: readonly Uint8Array[], number: number, { lineBytesMax }: BackupLimits): void {
  if (lengthOf(pieces) > lineBytesMax) throw refusedBackup(`Line ${number} is longer than ${lineBytesMax} bytes.`);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const bytes = new Uint8Array(lengthOf(pieces));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}

export function refusedBackup(detail: string): BackupRefusedError {
  return refused("backupInvalid", detail);
}

function refused(code: AdminProblemCode, detail: string): BackupRefusedError {
  return new BackupRefusedError({ code, detail });
}

/** What the tests of the audit log have in common: hashes from hex, and the offline verifier on lines of an export. */
import { readLines } from "../../../scripts/lib/audit/lines.ts";
import { readKey } from "../../../scripts/lib/audit/note.ts";
import { type Verdict, verifyLog } from "../../../scripts/lib/audit/verify-log.ts";

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** As `npm run audit` would, with that key, or with those that the lines name. */
export async function verified(lines: readonly string[], key: string | undefined): Promise<Verdict> {
  const trusted = key === undefined ? undefined : readKey(key);
  const chunks = new Response(lines.map((line) => `${line}\n`).join("")).body ?? new ReadableStream<Uint8Array>();
  return verifyLog(readLines(chunks), { keys: trusted === undefined ? [] : [trusted] });
}

/**
 * Reads the body of a mutation: JSON only, bounded by the bytes that arrive (a content length may lie), by depth and by
 * time, strictly decoded. What passes takes the place of the stream, for the route's validator to parse.
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { BODY_BYTES_MAX, BODY_DEPTH_MAX } from "../../config/limits.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";
import type { AppEnv } from "./context.ts";
import { isOfrep } from "./is-ofrep.ts";
import { refused } from "./problem.ts";
import { isStatusPush } from "./status-push.ts";

/** A body that trickles in must not hold an isolate's memory for long. */
const BODY_MS_MAX = 10_000;

const BACKUP_RESTORE_PATH = "/v1/backup/restore";

const JSON_PATTERN = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

export const jsonBody = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.method === "GET" || c.req.method === "HEAD") return next();
  // A backup is larger than any document, and is read as a stream of lines by whoever takes it.
  if (new URL(c.req.url).pathname === BACKUP_RESTORE_PATH) return next();
  if (isStatusPush(c.req) || isOfrep(c.req)) return next();
  const bytes = await readJsonBytes(c, BODY_BYTES_MAX);
  const parsed = parseStrictJson(decode(bytes), BODY_DEPTH_MAX);
  if (!parsed.ok) {
    const { code, pointer, detail } = parsed.error;
    throw refused("bodyMalformed", detail, [{ pointer, detail, code: `json.${code}` }]);
  }
  c.req.raw = new Request(c.req.raw, { body: bytes });
  return next();
});

/** The bytes of a body that says that it is JSON; whether it is, is not looked at. */
export async function readJsonBytes(c: Context<AppEnv>, bytesMax: number): Promise<Uint8Array> {
  checkContentType(c.req.header("content-type"), c.req.header("content-encoding"));
  return readBytes(c.req.raw.body, bytesMax);
}

function checkContentType(type: string | undefined, coding: string | undefined): void {
  if (type === undefined || !JSON_PATTERN.test(type))
    throw refused("contentTypeUnsupported", "Send the body with `content-type: application/json`.");
  if (coding !== undefined && coding.toLowerCase() !== "identity")
    throw refused("contentTypeUnsupported", "Send the body without content coding.");
}

async function readBytes(body: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const untilMs = Date.now() + BODY_MS_MAX;
  const pieces: Uint8Array[] = [];
  for (let length = 0; ; ) {
    const { done, value } = await readBefore(untilMs, reader);
    if (done) return concatenate(pieces, length);
    length += value.byteLength;
    if (length > bytesMax) {
      await reader.cancel();
      throw refused("bodyTooLarge", `A body may have ${bytesMax} bytes at most.`);
    }
    pieces.push(value);
  }
}

async function readBefore(
  untilMs: number,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  const timer = new AbortController();
  const late = scheduler.wait(Math.max(untilMs - Date.now(), 0), { signal: timer.signal }).then(
    () => "late" as const,
    () => "early" as const, // Cancelled below: the read has won.
  );
  const result = await Promise.race([reader.read(), late]);
  timer.abort();
  if (typeof result !== "string") return result;
  await reader.cancel();
  throw refused("bodyTimeout", `A body must arrive within ${BODY_MS_MAX / 1_000} seconds.`);
}

function concatenate(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused("bodyMalformed", "The body is not valid UTF-8.", [
      { pointer: "", detail: "The body is not valid UTF-8.", code: "json.encoding" },
    ]);
  }
}

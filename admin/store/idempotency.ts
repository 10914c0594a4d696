/**
 * Answers that may be asked for once more: whoever repeats a request with the same key gets the answer that it had, and
 * nothing is done a second time. An answer is written in the transaction of the change that it tells of, so there is
 * neither one without the other. Whether the repetition is the same request, the caller says by the fingerprint.
 */
import { z } from "@hono/zod-openapi";
import { invariant } from "../../config/invariant.ts";
import { loadText, replaceText } from "./texts.ts";

/** Clients retry for minutes; a pipeline that stopped overnight is started again within the day. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;

/** Keys are the client's to choose, so each principal has its own: nobody meets another's by chance. */
export type AnswerName = { readonly principal: string; readonly key: string };

export type StoredAnswer = {
  /** Of the request that it answers. */
  readonly fingerprint: string;
  /** Anything that JSON can say. */
  readonly answer: unknown;
  readonly createdAtMs: number;
};

const Row = z.object({ number: z.int(), fingerprint: z.string(), created_at_ms: z.int() });

/** Undefined also when there is one whose time is over. */
export function findAnswer(
  sql: SqlStorage,
  { nowMs, ...name }: AnswerName & { readonly nowMs: number },
): StoredAnswer | undefined {
  const row = findRow(sql, name);
  if (row === undefined || row.created_at_ms + IDEMPOTENCY_KEPT_MS <= nowMs) return undefined;
  const text = loadText(sql, answerText(row.number));
  invariant(text !== undefined, "every kept answer has its text");
  return { fingerprint: row.fingerprint, answer: JSON.parse(text), createdAtMs: row.created_at_ms };
}

/** Takes the place of one under the same key whose time is over. To be called inside a transaction. */
export function keepAnswer(sql: SqlStorage, { principal, key, ...kept }: AnswerName & StoredAnswer): void {
  const { fingerprint, answer, createdAtMs } = kept;
  const before = findRow(sql, { principal, key });
  if (before !== undefined) {
    invariant(before.created_at_ms + IDEMPOTENCY_KEPT_MS <= createdAtMs, "a key is free before it is used again");
    forget(sql, before.number);
  }
  const inserted = sql.exec(
    `INSERT INTO idempotency (principal, idempotency_key, fingerprint, created_at_ms) VALUES (?, ?, ?, ?)
      RETURNING *`,
    ...[principal, key, fingerprint, createdAtMs],
  );
  // A number is used again when the newest answer was forgotten; whatever may lie under it is nobody's any more.
  replaceText(sql, answerText(Row.parse(inserted.one()).number), JSON.stringify(answer));
}

/** Some 20 ms of an object that does nothing else meanwhile. */
export const FORGET_LIMIT = 1_000;

/** Forgets answers from before that time, the oldest first and `limit` at most, and says how many it were. */
export function forgetAnswers(sql: SqlStorage, beforeMs: number, limit = FORGET_LIMIT): number {
  const rows = sql
    .exec("SELECT * FROM idempotency WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?", beforeMs, limit)
    .toArray();
  for (const row of rows) forget(sql, Row.parse(row).number);
  return rows.length;
}

function findRow(sql: SqlStorage, { principal, key }: AnswerName): z.infer<typeof Row> | undefined {
  const [row] = sql
    .exec("SELECT * FROM idempotency WHERE principal = ? AND idempotency_key = ?", principal, key)
    .toArray();
  return row === undefined ? undefined : Row.parse(row);
}

function forget(sql: SqlStorage, number: number): void {
  sql.exec("DELETE FROM idempotency WHERE number = ?", number);
  sql.exec("DELETE FROM texts WHERE name = ?", answerText(number));
}

function answerText(number: number): string {
  return `answer/${number}`;
}

/** Who asked for a debug token, when and why; the token itself is not kept. Written once, never changed. */
import { z } from "@hono/zod-openapi";

export type DebugTokenRecord = {
  readonly tokenId: string;
  readonly actor: string;
  readonly reason: string;
  readonly ticket?: string;
  /** All hosts when absent. */
  readonly host?: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
};

/** `number` counts from 1 in the order of issue. */
export type NumberedDebugToken = DebugTokenRecord & { readonly number: number };

const Row = z.object({
  number: z.int(),
  token_id: z.string(),
  actor: z.string(),
  reason: z.string(),
  ticket: z.string().nullable(),
  host: z.string().nullable(),
  issued_at_ms: z.int(),
  expires_at_ms: z.int(),
});

export function insertDebugToken(sql: SqlStorage, record: DebugTokenRecord): void {
  sql.exec(
    `INSERT INTO debug_tokens (token_id, actor, reason, ticket, host, issued_at_ms, expires_at_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?)`,
    record.tokenId,
    record.actor,
    record.reason,
    record.ticket ?? null,
    record.host ?? null,
    record.issuedAtMs,
    record.expiresAtMs,
  );
}

/** Newest first, those with a number below `before`. */
export function debugTokensBefore(sql: SqlStorage, before: number, limit: number): readonly NumberedDebugToken[] {
  return sql
    .exec("SELECT * FROM debug_tokens WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)
    .toArray()
    .map((row) => {
      const { number, token_id, actor, reason, ticket, host, issued_at_ms, expires_at_ms } = Row.parse(row);
      return {
        ...{ number, tokenId: token_id, actor, reason, issuedAtMs: issued_at_ms, expiresAtMs: expires_at_ms },
        ...(ticket === null ? {} : { ticket }),
        ...(host === null ? {} : { host }),
      };
    });
}

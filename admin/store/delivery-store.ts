/**
 * The outbox of webhooks: each event once, and one delivery of it to each receiver with how far that is; and the secrets
 * that sign, whose values only leave this file for whoever sends.
 */
import { z } from "@hono/zod-openapi";
import type { Event } from "../core/webhooks/event.ts";

/** Some hundred bytes each, with an event of some thousand behind it. */
const DELIVERIES_KEPT_MAX = 10_000;
const DELIVERIES_KEPT_MS = 30 * 86_400_000;

export const DELIVERY_STATES = ["pending", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export type Delivery = {
  /** In the order in which they were asked for. */
  readonly number: number;
  readonly id: string;
  readonly messageId: string;
  readonly webhook: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAtMs: number;
  /** Of the next attempt, while it is pending. */
  readonly dueAtMs?: number;
  readonly endedAtMs?: number;
  /** Of the last attempt that failed. */
  readonly error?: string;
};

const Row = z.object({
  number: z.int(),
  delivery_id: z.string(),
  message_id: z.string(),
  webhook: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.int(),
  created_at_ms: z.int(),
  due_at_ms: z.int().nullable(),
  ended_at_ms: z.int().nullable(),
  error: z.string().nullable(),
});

function deliveryOf(row: Record<string, SqlStorageValue>): Delivery {
  const { number, webhook, state, attempts, error, ...parsed } = Row.parse(row);
  return {
    ...{ number, id: parsed.delivery_id, messageId: parsed.message_id, webhook, state, attempts },
    createdAtMs: parsed.created_at_ms,
    ...(parsed.due_at_ms === null ? {} : { dueAtMs: parsed.due_at_ms }),
    ...(parsed.ended_at_ms === null ? {} : { endedAtMs: parsed.ended_at_ms }),
    ...(error === null ? {} : { error }),
  };
}

/** Answers whether it is new: an event that is told of twice is sent once. */
export function addEvent(sql: SqlStorage, event: Event): boolean {
  const { rowsWritten } = sql.exec(
    "INSERT OR IGNORE INTO events (message_id, at_ms, event) VALUES (?, ?, ?)",
    ...[event.id, event.atMs, JSON.stringify(event)],
  );
  return rowsWritten > 0;
}

export function findEvent(sql: SqlStorage, messageId: string): Event | undefined {
  const [row] = sql.exec("SELECT event FROM events WHERE message_id = ?", messageId).toArray();
  return row === undefined ? undefined : (JSON.parse(String(row.event)) as Event); // as `addEvent` has written it
}

export function addDelivery(
  sql: SqlStorage,
  { messageId, webhook, nowMs }: { readonly messageId: string; readonly webhook: string; readonly nowMs: number },
): Delivery {
  const inserted = sql.exec(
    `INSERT INTO deliveries (delivery_id, message_id, webhook, state, attempts, created_at_ms, due_at_ms)
      VALUES (?, ?, ?, 'pending', 0, ?, ?) RETURNING *`,
    ...[crypto.randomUUID(), messageId, webhook, nowMs, nowMs],
  );
  return deliveryOf(inserted.one());
}

export function findDelivery(sql: SqlStorage, id: string): Delivery | undefined {
  const [row] = sql.exec("SELECT * FROM deliveries WHERE delivery_id = ?", id).toArray();
  return row === undefined ? undefined : deliveryOf(row);
}

/** Oldest first. */
export function dueDeliveries(sql: SqlStorage, nowMs: number, limit: number): readonly Delivery[] {
  return sql
    .exec("SELECT * FROM deliveries WHERE due_at_ms <= ? ORDER BY number LIMIT ?", nowMs, limit)
    .toArray()
    .map(deliveryOf);
}

export function nextDueMs(sql: SqlStorage): number | undefined {
  const [row] = sql.exec("SELECT min(due_at_ms) AS due FROM deliveries WHERE due_at_ms IS NOT NULL").toArray();
  return typeof row?.due === "number" ? row.due : undefined;
}

export function markDelivered(sql: SqlStorage, id: string, nowMs: number): void {
  sql.exec(
    `UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, due_at_ms = NULL, ended_at_ms = ?
      WHERE delivery_id = ?`,
    ...[nowMs, id],
  );
}

export function markRetry(sql: SqlStorage, id: string, next: { readonly atMs: number; readonly error: string }): void {
  sql.exec(
    "UPDATE deliveries SET attempts = attempts + 1, due_at_ms = ?, error = ? WHERE delivery_id = ?",
    ...[next.atMs, next.error, id],
  );
}

export function markDead(
  sql: SqlStorage,
  id: string,
  { error, nowMs }: { readonly error: string; readonly nowMs: number },
): void {
  sql.exec(
    `UPDATE deliveries SET state = 'dead', attempts = attempts + 1, due_at_ms = NULL, ended_at_ms = ?, error = ?
      WHERE delivery_id = ?`,
    ...[nowMs, error, id],
  );
}

/** From the beginning, whatever came of it before. */
export function markReplayed(sql: SqlStorage, id: string, nowMs: number): void {
  sql.exec(
    `UPDATE deliveries SET state = 'pending', attempts = 0, due_at_ms = ?, ended_at_ms = NULL, error = NULL
      WHERE delivery_id = ?`,
    ...[nowMs, id],
  );
}

/** Those that wait need not wait any longer: what they lacked is there. */
export function hurryDeliveries(sql: SqlStorage, webhooks: readonly string[], nowMs: number): void {
  sql.exec(
    "UPDATE deliveries SET due_at_ms = ? WHERE state = 'pending' AND webhook IN (SELECT value FROM json_each(?))",
    ...[nowMs, JSON.stringify(webhooks)],
  );
}

export type DeliveryFilter = {
  readonly state?: DeliveryState;
  readonly webhook?: string;
  /** Numbers below this. */
  readonly before: number;
  readonly limit: number;
};

/** Newest first. */
export function listDeliveries(
  sql: SqlStorage,
  { state, webhook, before, limit }: DeliveryFilter,
): readonly Delivery[] {
  return sql
    .exec(
      `SELECT * FROM deliveries WHERE number < ? AND (? IS NULL OR state = ?) AND (? IS NULL OR webhook = ?)
        ORDER BY number DESC LIMIT ?`,
      ...[before, state ?? null, state ?? null, webhook ?? null, webhook ?? null, limit],
    )
    .toArray()
    .map(deliveryOf);
}

const CountRow = z.object({ webhook: z.string(), state: z.enum(DELIVERY_STATES), deliveries: z.int() });

export function countDeliveries(sql: SqlStorage): readonly z.infer<typeof CountRow>[] {
  return sql
    .exec("SELECT webhook, state, count(*) AS deliveries FROM deliveries GROUP BY webhook, state")
    .toArray()
    .map((row) => CountRow.parse(row));
}

/** What is old or too much goes, the oldest first; events go with their last delivery. */
export function forgetDeliveries(sql: SqlStorage, nowMs: number): void {
  sql.exec(
    `DELETE FROM deliveries WHERE number <= (SELECT max(number) FROM deliveries) - ?
      OR (ended_at_ms IS NOT NULL AND ended_at_ms < ?)`,
    ...[DELIVERIES_KEPT_MAX, nowMs - DELIVERIES_KEPT_MS],
  );
  sql.exec(
    "DELETE FROM events WHERE at_ms < ? AND message_id NOT IN (SELECT message_id FROM deliveries)",
    nowMs - DELIVERIES_KEPT_MS,
  );
}

// --- Secrets

/** One that is good; without its value. */
export type SecretTerm = { readonly createdAtMs: number; readonly endsAtMs?: number };

const TermRow = z.object({ secret: z.string(), created_at_ms: z.int(), ends_at_ms: z.int().nullable() });

/** The older one is good for `overlapMs` more; what was older than that is gone. */
export function setSecret(
  storage: DurableObjectStorage,
  {
    secret,
    value,
    overlapMs,
    nowMs,
  }: { readonly secret: string; readonly value: string; readonly overlapMs: number; readonly nowMs: number },
): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec("DELETE FROM webhook_secrets WHERE secret = ? AND ends_at_ms IS NOT NULL", secret);
    if (overlapMs === 0) sql.exec("DELETE FROM webhook_secrets WHERE secret = ?", secret);
    sql.exec("UPDATE webhook_secrets SET ends_at_ms = ? WHERE secret = ?", nowMs + overlapMs, secret);
    sql.exec("INSERT INTO webhook_secrets (secret, value, created_at_ms) VALUES (?, ?, ?)", ...[secret, value, nowMs]);
  });
}

/** Values that are good, the newest first. */
export function secretValues(sql: SqlStorage, secret: string, nowMs: number): readonly string[] {
  return sql
    .exec(
      `SELECT value FROM webhook_secrets WHERE secret = ? AND (ends_at_ms IS NULL OR ends_at_ms > ?)
        ORDER BY number DESC`,
      ...[secret, nowMs],
    )
    .toArray()
    .map((row) => String(row.value));
}

/** By the name of the secret, the newest first. */
export function secretTerms(sql: SqlStorage, nowMs: number): ReadonlyMap<string, readonly SecretTerm[]> {
  const terms = sql
    .exec(
      `SELECT secret, created_at_ms, ends_at_ms FROM webhook_secrets
        WHERE ends_at_ms IS NULL OR ends_at_ms > ? ORDER BY number DESC`,
      nowMs,
    )
    .toArray()
    .map((row) => TermRow.parse(row));
  const bySecret = Map.groupBy(terms, ({ secret }) => secret);
  return new Map(
    [...bySecret].map(([secret, own]) => [
      secret,
      own.map(({ created_at_ms, ends_at_ms }) => ({
        createdAtMs: created_at_ms,
        ...(ends_at_ms === null ? {} : { endsAtMs: ends_at_ms }),
      })),
    ]),
  );
}

export function forgetSecrets(sql: SqlStorage, nowMs: number): void {
  sql.exec("DELETE FROM webhook_secrets WHERE ends_at_ms IS NOT NULL AND ends_at_ms <= ?", nowMs);
}

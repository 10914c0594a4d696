/**
 * The outbox: for each carrier of the target (KV, the beacons, the probers, the health, the status and the alert object) what it
 * holds and, after a failure, when to try again. What is behind the target is still to be done; nothing else says so.
 */
import { z } from "@hono/zod-openapi";
import type { Vantage } from "../../config/vantage.ts";

export type CarrierName = "kv" | "health" | "status" | "alert" | `beacon:${Vantage}` | `prober:${Vantage}`;

export type CarrierRecord = {
  readonly name: string;
  /** 0 before the first. */
  readonly revision: number;
  /** Of what it was sent at that revision: another release of this Worker may make something else of it. */
  readonly digest?: string;
  readonly writtenAtMs: number;
  /** In a row. */
  readonly failures: number;
  readonly retryAtMs: number;
  readonly error?: string;
};

const CarrierRow = z.object({
  name: z.string(),
  revision: z.int(),
  written_at_ms: z.int(),
  failures: z.int(),
  retry_at_ms: z.int(),
  error: z.string().nullable(),
  digest: z.string().nullable(),
});

export function loadCarriers(sql: SqlStorage): readonly CarrierRecord[] {
  return sql
    .exec("SELECT * FROM carriers ORDER BY name")
    .toArray()
    .map((row) => {
      const { name, revision, written_at_ms, failures, retry_at_ms, error, digest } = CarrierRow.parse(row);
      return {
        ...{ name, revision, writtenAtMs: written_at_ms, failures, retryAtMs: retry_at_ms },
        ...(error === null ? {} : { error }),
        ...(digest === null ? {} : { digest }),
      };
    });
}

/** A carrier is never forgotten: a beacon of a region that is gone must still tell its edges of what came after. */
export function addCarriers(sql: SqlStorage, names: readonly CarrierName[]): void {
  for (const name of names)
    sql.exec(
      "INSERT OR IGNORE INTO carriers (name, revision, written_at_ms, failures, retry_at_ms) VALUES (?, 0, 0, 0, 0)",
      name,
    );
}

export type Written = { readonly revision: number; readonly digest: string; readonly atMs: number };

/** A late answer about an older revision does not take back what is known of a newer one. */
export function markWritten(sql: SqlStorage, name: string, { revision, digest, atMs }: Written): void {
  sql.exec(
    "UPDATE carriers SET written_at_ms = ?, failures = 0, retry_at_ms = 0, error = NULL WHERE name = ?",
    atMs,
    name,
  );
  sql.exec(
    "UPDATE carriers SET revision = ?, digest = ? WHERE name = ? AND revision <= ?",
    revision,
    digest,
    name,
    revision,
  );
}

export function markFailed(sql: SqlStorage, name: string, error: string, retryAtMs: number): void {
  sql.exec(
    "UPDATE carriers SET failures = failures + 1, retry_at_ms = ?, error = ? WHERE name = ?",
    retryAtMs,
    error,
    name,
  );
}

/** How far the target may be published, in the one row that says so. What a carrier really holds is the outbox's to know. */
import { z } from "@hono/zod-openapi";
import { invariant } from "../../config/invariant.ts";
import { VANTAGES } from "../../config/vantage.ts";
import type { Publishing } from "../core/publish/hold.ts";

const Row = z.object({
  released_revision: z.int().min(0),
  vantage: z.enum(VANTAGES).nullable(),
  held_revision: z.int().min(1).nullable(),
  held_since_ms: z.int().nullable(),
  held_until_ms: z.int().nullable(),
});

/** Nothing is released until something was committed. */
export function loadPublishing(sql: SqlStorage): Publishing {
  const [row] = sql.exec("SELECT * FROM publishing").toArray();
  if (row === undefined) return { releasedRevision: 0 };
  const { released_revision: releasedRevision, vantage, ...held } = Row.parse(row);
  if (vantage === null) return { releasedRevision };
  const { held_revision: sinceRevision, held_since_ms: sinceMs, held_until_ms: untilMs } = held;
  invariant(
    sinceRevision !== null && sinceMs !== null && untilMs !== null,
    "a hold says of what, since when, until when",
  );
  return { releasedRevision, hold: { vantage, sinceRevision, sinceMs, untilMs } };
}

export function savePublishing(sql: SqlStorage, { releasedRevision, hold }: Publishing): void {
  sql.exec(
    `INSERT OR REPLACE INTO publishing (id, released_revision, vantage, held_revision, held_since_ms, held_until_ms)
      VALUES (1, ?, ?, ?, ?, ?)`,
    ...[releasedRevision, hold?.vantage ?? null, hold?.sinceRevision ?? null],
    ...[hold?.sinceMs ?? null, hold?.untilMs ?? null],
  );
}

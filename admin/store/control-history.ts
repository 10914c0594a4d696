/**
 * What was turned within the last hour, for the waits and sums of the safety rules. Changes of one control within a
 * minute that go the same way are one row: its deltas are added, and its time is that of the last. Nothing that the rules
 * ask for is lost by that. Parts of equal sign add up to exactly what was moved, the last time in each direction is kept,
 * and what is merged counts up to a minute longer, never shorter. So a control that a hundred changes a second turn to and
 * fro is some 120 rows an hour and not 360,000.
 */
import { z } from "@hono/zod-openapi";
import type { ControlChange } from "../core/safety/control-change.ts";

/** The longest that a rule looks back: `shiftPerHourMaxBps`. */
export const CONTROL_CHANGES_KEPT_MS = 3_600_000;

const MERGED_MS = 60_000;

const Deltas = z.record(z.string(), z.int());

const Row = z.object({
  control: z.string(),
  direction: z.enum(["on", "off", "shift"]),
  deltas: z.string(),
  at_ms: z.int(),
});

/** To be called inside the transaction of the change. */
export function keepChanges(sql: SqlStorage, changes: readonly ControlChange[]): void {
  for (const change of changes) keepChange(sql, change);
}

function keepChange(sql: SqlStorage, { control, direction, deltasBps, atMs }: ControlChange): void {
  const key = [control, minuteOf(atMs), direction, signsOf(deltasBps)];
  const [found] = sql
    .exec("SELECT * FROM control_changes WHERE control = ? AND minute = ? AND direction = ? AND signs = ?", ...key)
    .toArray();
  const before = found === undefined ? undefined : changeOf(found);
  const deltas = before === undefined ? deltasBps : sum(before.deltasBps, deltasBps);
  // Clocks of machines differ, and the object may have moved to another: the later time is the one that counts.
  const lastMs = Math.max(atMs, before?.atMs ?? atMs);
  sql.exec(
    "INSERT OR REPLACE INTO control_changes (control, minute, direction, signs, deltas, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
    ...[...key, JSON.stringify(deltas), lastMs],
  );
}

/** Everything turned at that time or later, oldest first. */
export function recentChanges(sql: SqlStorage, sinceMs: number): readonly ControlChange[] {
  return sql
    .exec("SELECT * FROM control_changes WHERE minute >= ? AND at_ms >= ? ORDER BY at_ms", minuteOf(sinceMs), sinceMs)
    .toArray()
    .map(changeOf);
}

/** The same for some controls only: the cost does not grow with what else was turned. */
export function recentChangesOf(
  sql: SqlStorage,
  controls: readonly string[],
  sinceMs: number,
): readonly ControlChange[] {
  return [...new Set(controls)]
    .flatMap((control) =>
      sql
        .exec(
          "SELECT * FROM control_changes WHERE control = ? AND minute >= ? AND at_ms >= ?",
          ...[control, minuteOf(sinceMs), sinceMs],
        )
        .toArray()
        .map(changeOf),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

/** Forgets whole minutes that are over at that time. */
export function forgetChanges(sql: SqlStorage, beforeMs: number): void {
  sql.exec("DELETE FROM control_changes WHERE minute < ?", minuteOf(beforeMs));
}

function minuteOf(ms: number): number {
  return Math.floor(ms / MERGED_MS);
}

/** Who gains and who loses: `+eu-west -us-east`. Only what agrees in it may be added without cancelling out. */
function signsOf(deltasBps: Readonly<Record<string, number>>): string {
  return Object.entries(deltasBps)
    .filter(([, bps]) => bps !== 0)
    .map(([region, bps]) => `${bps > 0 ? "+" : "-"}${region}`)
    .sort()
    .join(" ");
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const regions = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(regions.map((region) => [region, (a[region] ?? 0) + (b[region] ?? 0)]));
}

function changeOf(row: Record<string, SqlStorageValue>): ControlChange {
  const { control, direction, deltas, at_ms } = Row.parse(row);
  return { control, direction, deltasBps: Deltas.parse(JSON.parse(deltas)), atMs: at_ms };
}

/**
 * What happened, numbered in order: each event as JSON text, with what it is looked for by beside it. In the health
 * object, where most of it comes from.
 */
import type { Vantage } from "../../config/vantage.ts";
import type { Event, LogBounds, NumberedEvent } from "../core/events/event.ts";
import type { Transition } from "../core/health/transitions.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { rowsWithin } from "./window-rows.ts";

/** A month of an eventful environment; older entries tell nobody anything. */
export const EVENTS_KEPT_MAX = 1_000;
export const EVENTS_KEPT_MS = 30 * 86_400_000;

/** To be called inside a transaction when something else goes with it. */
export function saveEvents(sql: SqlStorage, events: readonly Event[]): void {
  // What would be dropped at once is not written.
  for (const { topic, told } of events.slice(-EVENTS_KEPT_MAX))
    sql.exec(
      "INSERT INTO transitions (topic, at_ms, cluster, vantage, transition) VALUES (?, ?, ?, ?, ?)",
      topic,
      told.atMs,
      "cluster" in told ? told.cluster : null,
      "vantage" in told ? told.vantage : null,
      JSON.stringify(told),
    );
  const newest = events.at(-1);
  if (newest === undefined) return;
  sql.exec(
    "DELETE FROM transitions WHERE number <= (SELECT max(number) FROM transitions) - ? OR at_ms < ?",
    ...[EVENTS_KEPT_MAX, newest.told.atMs - EVENTS_KEPT_MS],
  );
}

export function transitionsWithin(sql: SqlStorage, window: Window): readonly NumberedTransition[] {
  const from = "(SELECT number, at_ms, transition FROM transitions WHERE topic = 'health')";
  return rowsWithin(sql, { from, atMs: "at_ms", number: "number" }, window).map(numberedOf);
}

export type NumberedTransition = { readonly number: number; readonly transition: Transition };

export type TransitionFilter = {
  readonly cluster?: string;
  readonly vantage?: Vantage;
  /** Numbers below this. */
  readonly before: number;
  readonly limit: number;
  readonly nowMs: number;
};

/** Newest first. */
export function listTransitions(sql: SqlStorage, filter: TransitionFilter): readonly NumberedTransition[] {
  const { cluster = null, vantage = null, before, limit, nowMs } = filter;
  return sql
    .exec(
      `SELECT number, transition FROM transitions
        WHERE topic = 'health' AND number < ? AND at_ms >= ?
          AND (? IS NULL OR cluster = ?) AND (? IS NULL OR vantage = ?)
        ORDER BY number DESC LIMIT ?`,
      ...[before, nowMs - EVENTS_KEPT_MS, cluster, cluster, vantage, vantage, limit],
    )
    .toArray()
    .map(numberedOf);
}

function numberedOf({ number, transition }: Record<string, SqlStorageValue>): NumberedTransition {
  return {
    number: Number(number),
    transition: JSON.parse(String(transition)) as Transition, // written above, under the topic of health
  };
}

/** Oldest first. */
export function eventsAfter(sql: SqlStorage, after: number, limit: number): readonly NumberedEvent[] {
  return sql
    .exec("SELECT number, topic, transition FROM transitions WHERE number > ? ORDER BY number LIMIT ?", after, limit)
    .toArray()
    .map(({ number, topic, transition }) => ({
      number: Number(number),
      event: { topic, told: JSON.parse(String(transition)) } as Event, // written above
    }));
}

export function logBounds(sql: SqlStorage): LogBounds {
  const [row] = sql.exec("SELECT min(number) AS oldest, max(number) AS newest FROM transitions").toArray();
  return { oldest: Number(row?.oldest ?? 0), newest: Number(row?.newest ?? 0) };
}

/** What the alert object keeps of alerts: what it goes by, those that are open, and a history of those that are over. */
import { z } from "@hono/zod-openapi";
import type { Alert } from "../core/objectives/alert.ts";
import type { AlertConfig } from "../core/objectives/alert-config.ts";
import type { AlertTold } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { loadText, replaceText } from "./texts.ts";
import { rowsWithin } from "./window-rows.ts";

const CONFIG_TEXT = "config";

/** A year of one a day. */
const HISTORY_KEPT_MAX = 1_000;
const HISTORY_KEPT_MS = 400 * 86_400_000;
/** Of most alerts there are two: their beginning and their end. */
const TOLD_KEPT_MAX = 2 * HISTORY_KEPT_MAX;

/** JSON that this file has written, of this schema version: a change of its form is a migration. */
function parseOwn<T>(text: string): T {
  return JSON.parse(text) as T;
}

export function loadAlertConfig(sql: SqlStorage): AlertConfig | undefined {
  const text = loadText(sql, CONFIG_TEXT);
  return text === undefined ? undefined : parseOwn<AlertConfig>(text);
}

export function saveAlertConfig(sql: SqlStorage, config: AlertConfig): void {
  replaceText(sql, CONFIG_TEXT, JSON.stringify(config));
}

const AlertRow = z.object({ alert: z.string() });

export function loadAlerts(sql: SqlStorage): readonly Alert[] {
  return sql
    .exec("SELECT alert FROM alerts ORDER BY alert_id")
    .toArray()
    .map((row) => parseOwn<Alert>(AlertRow.parse(row).alert));
}

/** `incident`: one is to be opened for it. */
export function saveAlert(sql: SqlStorage, alert: Alert, incident: boolean): void {
  sql.exec(
    `INSERT INTO alerts (alert_id, alert, incident) VALUES (?, ?, ?)
      ON CONFLICT (alert_id) DO UPDATE SET alert = excluded.alert, incident = coalesce(incident, excluded.incident)`,
    ...[alert.id, JSON.stringify(alert), incident ? "due" : null],
  );
}

export function dropAlert(sql: SqlStorage, id: string): void {
  sql.exec("DELETE FROM alerts WHERE alert_id = ?", id);
}

/** Ids of alerts that have no incident yet and should. */
export function incidentsDue(sql: SqlStorage): readonly string[] {
  return sql
    .exec("SELECT alert_id FROM alerts WHERE incident = 'due' ORDER BY alert_id")
    .toArray()
    .map((row) => String(row.alert_id));
}

export function markIncident(sql: SqlStorage, id: string): void {
  sql.exec("UPDATE alerts SET incident = 'opened' WHERE alert_id = ?", id);
}

export function addToHistory(sql: SqlStorage, alert: Alert, nowMs: number): void {
  sql.exec(
    "INSERT OR REPLACE INTO alert_history (alert_id, ended_at_ms, alert) VALUES (?, ?, ?)",
    ...[alert.id, nowMs, JSON.stringify(alert)],
  );
  sql.exec(
    "DELETE FROM alert_history WHERE number <= (SELECT max(number) FROM alert_history) - ? OR ended_at_ms < ?",
    ...[HISTORY_KEPT_MAX, nowMs - HISTORY_KEPT_MS],
  );
}

const HistoryRow = z.object({ number: z.int(), alert: z.string() });

/** Newest first, those with a number below `before`. */
export function historyBefore(
  sql: SqlStorage,
  before: number,
  limit: number,
): readonly (Alert & { readonly number: number })[] {
  return sql
    .exec("SELECT number, alert FROM alert_history WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)
    .toArray()
    .map((row) => {
      const { number, alert } = HistoryRow.parse(row);
      return { number, ...parseOwn<Alert>(alert) };
    });
}

/** To be called in the transaction in which people are told. */
export function addAlertTold(sql: SqlStorage, told: Omit<AlertTold, "number">): void {
  const { atMs, ...event } = told;
  sql.exec("INSERT INTO alert_events (at_ms, event) VALUES (?, ?)", atMs, JSON.stringify(event));
  sql.exec(
    "DELETE FROM alert_events WHERE number <= (SELECT max(number) FROM alert_events) - ? OR at_ms < ?",
    ...[TOLD_KEPT_MAX, atMs - HISTORY_KEPT_MS],
  );
}

const ToldRow = z.object({ number: z.int(), at_ms: z.int(), event: z.string() });

export function alertsToldWithin(sql: SqlStorage, window: Window): readonly AlertTold[] {
  return rowsWithin(sql, { from: "alert_events", atMs: "at_ms", number: "number" }, window).map((row) => {
    const { number, at_ms: atMs, event } = ToldRow.parse(row);
    return { number, atMs, ...parseOwn<Omit<AlertTold, "number" | "atMs">>(event) };
  });
}

/** What the status object keeps: the newest status of each cluster and some before it, and since when differences are there. */
import { z } from "@hono/zod-openapi";
import { ClusterStatus } from "../../config/cluster-status.ts";
import { VANTAGES } from "../../config/vantage.ts";
import type { FirstSeen, TrackedDrift } from "../core/drift/track.ts";
import type { SecretUse } from "../core/secrets/overview.ts";
import type { StatusConfig } from "../core/status/status-config.ts";
import type { KnownStatus } from "../core/status/statuses.ts";
import { type DriftEvent, numberOf } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { errorText, logEvent } from "../log.ts";
import { loadText, replaceText } from "./texts.ts";
import { rowsWithin } from "./window-rows.ts";

const CONFIG_TEXT = "config";

/** What a cluster reported over some weeks of deploys; older is in the history of documents. */
export const HISTORY_KEPT = 20;

export type PastStatus = { readonly status: ClusterStatus; readonly fromMs: number; readonly untilMs: number };

/** Written by this object from what the fleet object sent; only its outline is looked at again. */
const ConfigOutline = z.object({
  revision: z.int(),
  declared: z.object({ clusters: z.array(z.object({ cluster: z.string() })), rotations: z.array(z.object({})) }),
  keys: z.record(z.string(), z.string()),
});

/** Undefined when there is none, or when an earlier release wrote it in another form: then it is sent again. */
export function loadConfig(sql: SqlStorage): StatusConfig | undefined {
  const text = loadText(sql, CONFIG_TEXT);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  const parsed = ConfigOutline.safeParse(value);
  // It is what `saveConfig` wrote.
  if (parsed.success) return value as StatusConfig;
  logEvent("status.configUnreadable", { error: errorText(parsed.error) });
  return undefined;
}

export function saveConfig(storage: DurableObjectStorage, config: StatusConfig): void {
  const kept = new Set(config.declared.clusters.map(({ cluster }) => cluster));
  storage.transactionSync(() => {
    const { sql } = storage;
    replaceText(sql, CONFIG_TEXT, JSON.stringify(config));
    for (const { cluster } of sql.exec("SELECT cluster FROM statuses").toArray()) {
      if (kept.has(String(cluster))) continue;
      sql.exec("DELETE FROM statuses WHERE cluster = ?", cluster);
      sql.exec("DELETE FROM status_history WHERE cluster = ?", cluster);
    }
  });
}

const StatusRow = z.object({
  text: z.string(),
  vantage: z.enum(VANTAGES).nullable(),
  received_at_ms: z.int(),
  first_seen_ms: z.int(),
  changed_at_ms: z.int(),
});

/** What an earlier release accepted and this one does not is left out; the next status takes its place. */
export function loadStatuses(sql: SqlStorage): readonly KnownStatus[] {
  return sql
    .exec("SELECT text, vantage, received_at_ms, first_seen_ms, changed_at_ms FROM statuses")
    .toArray()
    .flatMap((row): KnownStatus[] => {
      const { text, vantage, received_at_ms, first_seen_ms, changed_at_ms } = StatusRow.parse(row);
      const parsed = ClusterStatus.safeParse(JSON.parse(text));
      if (!parsed.success) return [];
      return [
        {
          status: parsed.data,
          source: vantage === null ? { kind: "pushed" } : { kind: "pulled", vantage },
          ...{ receivedAtMs: received_at_ms, firstSeenMs: first_seen_ms, changedAtMs: changed_at_ms },
        },
      ];
    });
}

export function saveStatus(
  sql: SqlStorage,
  { status, source, receivedAtMs, firstSeenMs, changedAtMs }: KnownStatus,
): void {
  sql.exec(
    `INSERT OR REPLACE INTO statuses (cluster, text, vantage, received_at_ms, first_seen_ms, changed_at_ms)
      VALUES (?, ?, ?, ?, ?, ?)`,
    ...[status.cluster, JSON.stringify(status), source.kind === "pulled" ? source.vantage : null],
    ...[receivedAtMs, firstSeenMs, changedAtMs],
  );
}

/** What was reported until now, before something else takes its place. */
export function keepPast(sql: SqlStorage, { status, changedAtMs }: KnownStatus, untilMs: number): void {
  const { cluster } = status;
  sql.exec(
    "INSERT INTO status_history (cluster, text, from_ms, until_ms) VALUES (?, ?, ?, ?)",
    ...[cluster, JSON.stringify(status), changedAtMs, untilMs],
  );
  sql.exec(
    `DELETE FROM status_history WHERE cluster = ? AND number <=
      (SELECT number FROM status_history WHERE cluster = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
    ...[cluster, cluster, HISTORY_KEPT],
  );
}

/** Newest first. */
export function loadPast(sql: SqlStorage, cluster: string): readonly PastStatus[] {
  return sql
    .exec("SELECT text, from_ms, until_ms FROM status_history WHERE cluster = ? ORDER BY number DESC", cluster)
    .toArray()
    .flatMap(({ text, from_ms, until_ms }): PastStatus[] => {
      const parsed = ClusterStatus.safeParse(JSON.parse(String(text)));
      return parsed.success ? [{ status: parsed.data, fromMs: Number(from_ms), untilMs: Number(until_ms) }] : [];
    });
}

export type KnownDrift = { readonly firstSeen: FirstSeen; readonly inIncidents: ReadonlySet<string> };

export function loadDrift(sql: SqlStorage): KnownDrift {
  const rows = sql.exec("SELECT drift_key, first_seen_ms, incident_at_ms FROM drift").toArray();
  return {
    firstSeen: new Map(rows.map(({ drift_key, first_seen_ms }) => [String(drift_key), Number(first_seen_ms)])),
    inIncidents: new Set(
      rows.flatMap(({ drift_key, incident_at_ms }) => (incident_at_ms === null ? [] : [String(drift_key)])),
    ),
  };
}

/** What is known of drift after a look, `tracked` being what was there at that moment. */
export type LookedDrift = {
  readonly before: FirstSeen;
  readonly after: FirstSeen;
  readonly tracked: readonly TrackedDrift[];
};

/** Only what came and what went is written. */
export function saveDrift(storage: DurableObjectStorage, { before, after, tracked }: LookedDrift, nowMs: number): void {
  storage.transactionSync(() => {
    const { sql } = storage;
    for (const key of before.keys()) {
      if (after.has(key)) continue;
      sql.exec("DELETE FROM drift WHERE drift_key = ?", key);
      sql.exec("UPDATE drift_history SET cleared_ms = ? WHERE drift_key = ? AND cleared_ms IS NULL", nowMs, key);
    }
    for (const { key, firstSeenMs, sentence, service, clusters } of tracked) {
      if (before.has(key)) continue;
      sql.exec("INSERT INTO drift (drift_key, first_seen_ms) VALUES (?, ?)", key, firstSeenMs);
      sql.exec(
        "INSERT INTO drift_history (drift_key, sentence, service, clusters, first_seen_ms) VALUES (?, ?, ?, ?, ?)",
        ...[key, sentence, service, JSON.stringify(clusters), firstSeenMs],
      );
    }
    sql.exec(
      "DELETE FROM drift_history WHERE number <= (SELECT max(number) FROM drift_history) - ? OR cleared_ms < ?",
      ...[DRIFT_HISTORY_MAX, nowMs - DRIFT_HISTORY_MS],
    );
  });
}

/** As many, and for as long, as changes of health are kept. */
const DRIFT_HISTORY_MAX = 1_000;
const DRIFT_HISTORY_MS = 30 * 86_400_000;

const DriftEventRow = z.object({
  happened_ms: z.int(),
  happened_number: z.int(),
  number: z.int(),
  sentence: z.string(),
  service: z.string(),
  clusters: z.string(),
});

/** Each is seen once, and cleared at most once; newest first. */
const DRIFT_EVENTS = {
  from: `(
    SELECT *, first_seen_ms AS happened_ms, number * 2 AS happened_number FROM drift_history
    UNION ALL
    SELECT *, cleared_ms AS happened_ms, number * 2 + 1 AS happened_number FROM drift_history WHERE cleared_ms IS NOT NULL
  )`,
  ...{ atMs: "happened_ms", number: "happened_number" },
};

export function driftEventsWithin(sql: SqlStorage, window: Window): readonly DriftEvent[] {
  return rowsWithin(sql, DRIFT_EVENTS, window).map((row) => {
    const parsed = DriftEventRow.parse(row);
    return {
      ...{ number: parsed.happened_number, atMs: parsed.happened_ms },
      cleared: parsed.happened_number === numberOf(parsed.number, true),
      ...{ sentence: parsed.sentence, service: parsed.service },
      clusters: z.array(z.string()).parse(JSON.parse(parsed.clusters)),
    };
  });
}

export function markInIncident(storage: DurableObjectStorage, keys: readonly string[], atMs: number): void {
  storage.transactionSync(() => {
    for (const key of keys) storage.sql.exec("UPDATE drift SET incident_at_ms = ? WHERE drift_key = ?", atMs, key);
  });
}

/** The key under which `loadUses` answers. A name has no slash, so no two uses share one. */
export function useKey({ service, secret, version }: SecretUse): string {
  return `${service}/${secret}/${version}`;
}

export function loadUses(sql: SqlStorage): ReadonlyMap<string, SecretUse & { readonly firstSeenMs: number }> {
  const rows = sql.exec("SELECT service, secret, version, first_seen_ms FROM secret_uses").toArray();
  return new Map(
    rows.map(({ service, secret, version, first_seen_ms }) => {
      const use = { service: String(service), secret: String(secret), version: String(version) };
      return [useKey(use), { ...use, firstSeenMs: Number(first_seen_ms) }];
    }),
  );
}

export function addUses(storage: DurableObjectStorage, uses: readonly SecretUse[], firstSeenMs: number): void {
  storage.transactionSync(() => {
    for (const { service, secret, version } of uses)
      storage.sql.exec(
        "INSERT OR IGNORE INTO secret_uses (service, secret, version, first_seen_ms) VALUES (?, ?, ?, ?)",
        ...[service, secret, version, firstSeenMs],
      );
  });
}

export function removeUses(storage: DurableObjectStorage, uses: readonly SecretUse[]): void {
  storage.transactionSync(() => {
    for (const { service, secret, version } of uses)
      storage.sql.exec(
        "DELETE FROM secret_uses WHERE service = ? AND secret = ? AND version = ?",
        ...[service, secret, version],
      );
  });
}

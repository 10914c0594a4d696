/**
 * What the health object keeps: whom it hears, what each vantage said last, what was made of it, and the history of that.
 * Only what changes is written, so that heartbeats cost nothing.
 */
import { z } from "@hono/zod-openapi";
import { HealthState } from "../../config/health.ts";
import { Vantage } from "../../config/vantage.ts";
import type { JudgedCluster, JudgedVantage, Judgement } from "../core/health/judge.ts";
import type { Transition } from "../core/health/transitions.ts";
import type { RanIn, SeenCluster } from "../core/health/view.ts";
import type { KeptWatch, KnownVantage, WatchConfig } from "../core/health/watch.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { loadText, replaceText } from "./texts.ts";

const CONFIG_TEXT = "config";

/** A month of an eventful environment; older entries tell nobody anything. */
export const TRANSITIONS_KEPT_MAX = 1_000;
export const TRANSITIONS_KEPT_MS = 30 * 86_400_000;

const Config = z.object({
  revision: z.int(),
  digest: z.string(),
  vantages: z.array(Vantage),
  clusters: z.array(z.object({ cluster: z.string(), probesPerMinute: z.int() })),
});

const VantageRow = z.object({
  vantage: Vantage,
  sequence: z.int(),
  ran_in: z.string(),
  judged: z.string().nullable(),
});

const SeenRow = z.object({ vantage: Vantage, cluster: z.string(), seen: z.string() });

const JudgedRow = z.object({
  cluster: z.string(),
  state: HealthState,
  since_ms: z.int(),
  recovered_at_ms: z.int().nullable(),
  downs: z.string(),
});

/** JSON that this file has written, of this schema version: a change of its form is a migration. */
function parseOwn<T>(text: string): T {
  return JSON.parse(text) as T;
}

export function loadWatch(sql: SqlStorage): KeptWatch | undefined {
  const text = loadText(sql, CONFIG_TEXT);
  if (text === undefined) return undefined;
  const rows = sql
    .exec("SELECT * FROM vantages")
    .toArray()
    .map((row) => VantageRow.parse(row));
  const seen = loadSeen(sql);
  return {
    config: Config.parse(JSON.parse(text)),
    known: new Map(
      rows.map(({ vantage, sequence, ran_in }) => [
        vantage,
        { sequence, ranIn: parseOwn<RanIn>(ran_in), behindMs: 0, clusters: seen.get(vantage) ?? new Map() },
      ]),
    ),
    judgement: {
      votes: new Map(),
      clusters: loadJudged(sql),
      vantages: new Map(
        rows.flatMap(({ vantage, judged }): [Vantage, JudgedVantage][] =>
          judged === null ? [] : [[vantage, parseOwn<JudgedVantage>(judged)]],
        ),
      ),
    },
  };
}

function loadSeen(sql: SqlStorage): ReadonlyMap<Vantage, ReadonlyMap<string, SeenCluster>> {
  const seen = new Map<Vantage, Map<string, SeenCluster>>();
  for (const row of sql.exec("SELECT * FROM seen").toArray()) {
    const { vantage, cluster, seen: text } = SeenRow.parse(row);
    const clusters = seen.get(vantage) ?? new Map<string, SeenCluster>();
    seen.set(vantage, clusters.set(cluster, parseOwn<SeenCluster>(text)));
  }
  return seen;
}

/** Who said what is known again with the next review, which comes first. */
function loadJudged(sql: SqlStorage): ReadonlyMap<string, JudgedCluster> {
  const rows = sql.exec("SELECT * FROM judged").toArray();
  return new Map(
    rows.map((raw) => {
      const row = JudgedRow.parse(raw);
      const judged: JudgedCluster = {
        ...{ state: row.state, sinceMs: row.since_ms, rule: "nobody", local: new Map() },
        ballot: { healthy: [], degraded: [], unhealthy: [], unknown: [] },
        downsAtMs: parseOwn<readonly number[]>(row.downs),
        ...(row.recovered_at_ms === null ? {} : { recoveredAtMs: row.recovered_at_ms }),
      };
      return [row.cluster, judged];
    }),
  );
}

/** What is not watched any more is forgotten, but not what happened. */
export function saveWatchConfig(storage: DurableObjectStorage, config: WatchConfig): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    replaceText(sql, CONFIG_TEXT, JSON.stringify(config));
    const vantages = JSON.stringify(config.vantages);
    const clusters = JSON.stringify(config.clusters.map(({ cluster }) => cluster));
    sql.exec("DELETE FROM vantages WHERE vantage NOT IN (SELECT value FROM json_each(?))", vantages);
    sql.exec(
      `DELETE FROM seen WHERE vantage NOT IN (SELECT value FROM json_each(?))
        OR cluster NOT IN (SELECT value FROM json_each(?))`,
      ...[vantages, clusters],
    );
    sql.exec("DELETE FROM judged WHERE cluster NOT IN (SELECT value FROM json_each(?))", clusters);
  });
}

/** A view that is new: only the clusters that changed are written. */
export function saveView(
  storage: DurableObjectStorage,
  vantage: Vantage,
  { before, after }: { readonly before: KnownVantage | undefined; readonly after: KnownVantage },
): void {
  const { sql } = storage;
  const { sequence, ranIn, clusters } = after;
  storage.transactionSync(() => {
    sql.exec(
      `INSERT INTO vantages (vantage, sequence, ran_in) VALUES (?, ?, ?)
        ON CONFLICT (vantage) DO UPDATE SET sequence = excluded.sequence, ran_in = excluded.ran_in`,
      ...[vantage, sequence, JSON.stringify(ranIn)],
    );
    for (const [cluster, seen] of clusters) {
      const text = JSON.stringify(seen);
      const known = before?.clusters.get(cluster);
      if (known !== undefined && JSON.stringify(known) === text) continue;
      sql.exec("INSERT OR REPLACE INTO seen (vantage, cluster, seen) VALUES (?, ?, ?)", vantage, cluster, text);
    }
    for (const cluster of before?.clusters.keys() ?? [])
      if (!clusters.has(cluster)) sql.exec("DELETE FROM seen WHERE vantage = ? AND cluster = ?", vantage, cluster);
  });
}

export type Judged = {
  readonly before: Judgement;
  readonly after: Judgement;
  readonly transitions: readonly Transition[];
};

/** What changed in the judgement, and the history with it. */
export function saveJudgement(storage: DurableObjectStorage, { before, after, transitions }: Judged): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    for (const [cluster, judged] of after.clusters) {
      if (isKept(before.clusters.get(cluster), judged)) continue;
      const { state, sinceMs, recoveredAtMs = null, downsAtMs } = judged;
      sql.exec(
        "INSERT OR REPLACE INTO judged (cluster, state, since_ms, recovered_at_ms, downs) VALUES (?, ?, ?, ?, ?)",
        ...[cluster, state, sinceMs, recoveredAtMs, JSON.stringify(downsAtMs)],
      );
    }
    for (const [vantage, judged] of after.vantages)
      if (judged.standing !== before.vantages.get(vantage)?.standing)
        sql.exec("UPDATE vantages SET judged = ? WHERE vantage = ?", JSON.stringify(judged), vantage);
    saveTransitions(sql, transitions);
  });
}

function isKept(before: JudgedCluster | undefined, after: JudgedCluster): boolean {
  return before?.state === after.state && before.sinceMs === after.sinceMs;
}

function saveTransitions(sql: SqlStorage, transitions: readonly Transition[]): void {
  // What would be dropped at once is not written.
  for (const transition of transitions.slice(-TRANSITIONS_KEPT_MAX))
    sql.exec(
      "INSERT INTO transitions (at_ms, cluster, vantage, transition) VALUES (?, ?, ?, ?)",
      transition.atMs,
      "cluster" in transition ? transition.cluster : null,
      "vantage" in transition ? transition.vantage : null,
      JSON.stringify(transition),
    );
  const newest = transitions.at(-1);
  if (newest === undefined) return;
  sql.exec(
    "DELETE FROM transitions WHERE number <= (SELECT max(number) FROM transitions) - ? OR at_ms < ?",
    ...[TRANSITIONS_KEPT_MAX, newest.atMs - TRANSITIONS_KEPT_MS],
  );
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

/** By time, and of the same moment by number; newest first. */
export function transitionsWithin(sql: SqlStorage, window: Window): readonly NumberedTransition[] {
  const { fromMs, beforeMs, beforeNumber, limit } = window;
  return sql
    .exec(
      `SELECT number, transition FROM transitions
        WHERE at_ms >= ? AND (at_ms < ? OR (at_ms = ? AND number < ?)) ORDER BY at_ms DESC, number DESC LIMIT ?`,
      ...[fromMs, beforeMs, beforeMs, beforeNumber, limit],
    )
    .toArray()
    .map(numberedOf);
}

function numberedOf({ number, transition }: Record<string, SqlStorageValue>): NumberedTransition {
  return { number: Number(number), transition: parseOwn<Transition>(String(transition)) };
}

/** Newest first. */
export function listTransitions(sql: SqlStorage, filter: TransitionFilter): readonly NumberedTransition[] {
  const { cluster = null, vantage = null, before, limit, nowMs } = filter;
  return sql
    .exec(
      `SELECT number, transition FROM transitions
        WHERE number < ? AND at_ms >= ? AND (? IS NULL OR cluster = ?) AND (? IS NULL OR vantage = ?)
        ORDER BY number DESC LIMIT ?`,
      ...[before, nowMs - TRANSITIONS_KEPT_MS, cluster, cluster, vantage, vantage, limit],
    )
    .toArray()
    .map(numberedOf);
}

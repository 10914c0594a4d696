/** What the prober keeps: whom to probe, what is believed of each, and the number of the last report. */
import { z } from "@hono/zod-openapi";
import { HealthState } from "../../config/health.ts";
import { RECOVERY_HOLD_DOWN_MS_DEFAULT } from "../../config/limits.ts";
import { Vantage } from "../../config/vantage.ts";
import { type ClusterHealth, unknownHealth } from "../core/health/observe.ts";
import type { ProbeTarget } from "../core/health/targets.ts";
import { loadText, replaceText } from "./texts.ts";

const CONFIG_TEXT = "config";

const ProberConfigSchema = z.object({
  revision: z.int().min(0),
  targets: z.array(
    z.object({
      cluster: z.string(),
      url: z.string(),
      method: z.enum(["GET", "HEAD"]),
      intervalMs: z.int(),
      timeoutMs: z.int(),
      rise: z.int(),
      fall: z.int(),
      // Rows from before there was a hold-down have none.
      holdDownMs: z.int().default(RECOVERY_HOLD_DOWN_MS_DEFAULT),
      statuses: z.array(z.int()).exactOptional(),
    }),
  ),
  vantages: z.array(z.string()),
});

export type ProberConfig = {
  readonly revision: number;
  readonly targets: readonly ProbeTarget[];
  /** Where the beacons are that hear of the clusters' health. */
  readonly vantages: readonly Vantage[];
};

export type ProberMemory = {
  readonly config: ProberConfig;
  readonly sequence: number;
  readonly health: ReadonlyMap<string, ClusterHealth>;
};

export function loadProber(sql: SqlStorage): ProberMemory {
  const text = loadText(sql, CONFIG_TEXT);
  const [row] = sql.exec("SELECT sequence FROM prober").toArray();
  return {
    config: text === undefined ? { revision: 0, targets: [], vantages: [] } : parseConfig(text),
    sequence: row === undefined ? 0 : Number(row.sequence),
    health: loadHealth(sql),
  };
}

function parseConfig(text: string): ProberConfig {
  const { vantages, ...config } = ProberConfigSchema.parse(JSON.parse(text));
  return { ...config, vantages: vantages.map((vantage) => Vantage.parse(vantage)) };
}

/** Counts of successes and failures in a row are not kept: after a restart a verdict needs its full number again. */
function loadHealth(sql: SqlStorage): ReadonlyMap<string, ClusterHealth> {
  const rows = sql.exec("SELECT cluster, state, since_ms, recovered_at_ms FROM health").toArray();
  return new Map(
    rows.map(({ cluster, state, since_ms, recovered_at_ms }) => [
      String(cluster),
      {
        ...unknownHealth(Number(since_ms)),
        state: HealthState.parse(state),
        ...(typeof recovered_at_ms === "number" ? { recoveredAtMs: recovered_at_ms } : {}),
      },
    ]),
  );
}

export function saveConfig(storage: DurableObjectStorage, config: ProberConfig): void {
  storage.transactionSync(() => {
    replaceText(storage.sql, CONFIG_TEXT, JSON.stringify(config));
    const kept = new Set(config.targets.map(({ cluster }) => cluster));
    for (const { cluster } of storage.sql.exec("SELECT cluster FROM health").toArray())
      if (!kept.has(String(cluster))) storage.sql.exec("DELETE FROM health WHERE cluster = ?", cluster);
  });
}

export function saveHealth(sql: SqlStorage, cluster: string, health: ClusterHealth): void {
  const { state, sinceMs, recoveredAtMs = null } = health;
  sql.exec(
    "INSERT OR REPLACE INTO health (cluster, state, since_ms, recovered_at_ms) VALUES (?, ?, ?, ?)",
    cluster,
    state,
    sinceMs,
    recoveredAtMs,
  );
}

export function saveSequence(sql: SqlStorage, sequence: number): void {
  sql.exec("INSERT OR REPLACE INTO prober (id, sequence) VALUES (1, ?)", sequence);
}

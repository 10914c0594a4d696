/** What the prober of one vantage keeps: whom to probe, and what is believed of each. */
import { z } from "@hono/zod-openapi";
import { HealthState } from "../../config/health.ts";
import { Vantage } from "../../config/vantage.ts";
import { type ClusterHealth, unknownHealth } from "../core/health/cluster-health.ts";
import type { ProberConfig } from "../core/health/configs.ts";
import { logEvent } from "../log.ts";
import { loadText, replaceText } from "./texts.ts";

const CONFIG_TEXT = "config";

const ProberConfigSchema = z.object({
  revision: z.int().min(0),
  digest: z.string(),
  vantage: Vantage,
  targets: z.array(
    z.object({
      cluster: z.string(),
      holdDownMs: z.int(),
      checks: z.array(
        z.object({
          name: z.string(),
          role: z.enum(["mustPass", "voting", "observe"]),
          url: z.string(),
          method: z.enum(["GET", "HEAD"]),
          headers: z.record(z.string(), z.string()).exactOptional(),
          intervalMs: z.int(),
          timeoutMs: z.int(),
          rise: z.int(),
          fall: z.int(),
          statuses: z.array(z.int()).exactOptional(),
          contains: z.string().exactOptional(),
          degradedAfterMs: z.int().exactOptional(),
        }),
      ),
    }),
  ),
  statuses: z.array(z.object({ cluster: z.string(), region: z.string(), url: z.string() })),
  statusIntervalMs: z.int(),
});

export type ProberMemory = {
  /** Undefined: nobody has ever said what to do. */
  readonly config: ProberConfig | undefined;
  readonly health: ReadonlyMap<string, ClusterHealth>;
};

export function loadProber(sql: SqlStorage): ProberMemory {
  const text = loadText(sql, CONFIG_TEXT);
  return { config: text === undefined ? undefined : parseConfig(text), health: loadHealth(sql) };
}

/**
 * The text may be of a release with another form: of the time, for instance, when one prober did it all, which then has
 * nothing to do any more. Whoever still has something to do is told again by the control plane.
 */
function parseConfig(text: string): ProberConfig | undefined {
  const config = ProberConfigSchema.safeParse(JSON.parse(text));
  if (config.success) return config.data;
  logEvent("prober.configUnknown", { detail: config.error.message });
  return undefined;
}

const HealthRow = z.object({
  cluster: z.string(),
  state: HealthState,
  since_ms: z.int(),
  recovered_at_ms: z.int().nullable(),
  downs: z.string(),
});

const Downs = z.array(z.int());

/** Counts of successes and failures in a row are not kept: after a restart a verdict needs its full number again. */
function loadHealth(sql: SqlStorage): ReadonlyMap<string, ClusterHealth> {
  return new Map(
    sql
      .exec("SELECT cluster, state, since_ms, recovered_at_ms, downs FROM health")
      .toArray()
      .map((raw) => {
        const row = HealthRow.parse(raw);
        const health = {
          ...unknownHealth(row.since_ms),
          state: row.state,
          downsAtMs: Downs.parse(JSON.parse(row.downs)),
          ...(row.recovered_at_ms === null ? {} : { recoveredAtMs: row.recovered_at_ms }),
        };
        return [row.cluster, health];
      }),
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
  const { state, sinceMs, recoveredAtMs = null, downsAtMs } = health;
  sql.exec(
    "INSERT OR REPLACE INTO health (cluster, state, since_ms, recovered_at_ms, downs) VALUES (?, ?, ?, ?, ?)",
    ...[cluster, state, sinceMs, recoveredAtMs, JSON.stringify(downsAtMs)],
  );
}

/**
 * Probes every cluster that has a health check, on an alarm, and tells the beacons what it believes. Pure parts decide
 * what a probe means and when the next one is due; this object keeps the clock, the sockets and the storage.
 */
import { DurableObject } from "cloudflare:workers";
import { canonicalJson } from "../../config/canonical.ts";
import { HealthReport, type HealthState } from "../../config/health.ts";
import { type ClusterHealth, observe, unknownHealth } from "../core/health/observe.ts";
import { nextProbeMs, type ProbeTarget } from "../core/health/targets.ts";
import { type AdminEnv, beaconStub, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { migrate, PROBER_MIGRATIONS } from "../store/migrations.ts";
import { loadProber, type ProberConfig, saveConfig, saveHealth, saveSequence } from "../store/prober-store.ts";
import { withinMs } from "./deadline.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { type Fetch, probe } from "./probe.ts";

/** Connections that may wait for headers at the same time in one invocation; a seventh would queue (Workers limits). */
const PROBES_AT_ONCE_MAX = 6;
/** Beacons hear from us at least this often, so that an edge can tell silence from health. */
const HEARTBEAT_MS = 10_000;
/** One run of the alarm handler; the platform ends a run after 15 minutes, and a restart should not lose much. */
const RUN_MS_MAX = 30_000;
const BEACON_MS_MAX = 2_000;
/** How soon a beacon that did not answer is told again, and a failing object looks whether it still has to fail. */
const RETRY_MS = 1_000;
/** The alarm that is set before the work, should the object die in it. While the handler runs no second one begins. */
const RESCUE_MS = 1_000;

export type ClusterHealthView = ClusterHealth & { readonly cluster: string };

export type ProberView = { readonly report: HealthReport; readonly clusters: readonly ClusterHealthView[] };

export class ProberObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #fetch: Fetch;
  #config: ProberConfig;
  #sequence: number;
  #health: Map<string, ClusterHealth>;
  /** When each cluster is probed next. In memory only: after a restart everything is due, spread by jitter. */
  readonly #dueMs = new Map<string, number>();
  #reportedAtMs = 0;
  /** When the beacons hear from us next; 0 for as soon as possible. */
  #reportDueMs = 0;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, PROBER_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    const egress = env.EGRESS;
    this.#fetch = egress === undefined ? (url, init) => fetch(url, init) : (url, init) => egress.fetch(url, init);
    const { config, sequence, health } = loadProber(ctx.storage.sql);
    this.#config = config;
    this.#sequence = sequence;
    this.#health = new Map(health);
  }

  /** A config of an older revision than the one at work is a late message and has no effect. */
  async configure(config: ProberConfig): Promise<void> {
    this.#failing.check();
    if (config.revision < this.#config.revision) return;
    const before = this.#config;
    this.#config = config;
    // Most revisions change nothing here: a shift or a drain must not cost a write of all targets and a round of probes.
    if (canonicalJson({ ...before, revision: 0 }) === canonicalJson({ ...config, revision: 0 })) return;
    saveConfig(this.ctx.storage, config);
    const kept = new Set(config.targets.map(({ cluster }) => cluster));
    for (const cluster of this.#health.keys()) if (!kept.has(cluster)) this.#health.delete(cluster);
    for (const cluster of this.#dueMs.keys()) if (!kept.has(cluster)) this.#dueMs.delete(cluster);
    this.#reportDueMs = 0;
    await this.ctx.storage.setAlarm(Date.now());
  }

  async read(): Promise<ProberView> {
    this.#failing.check();
    const nowMs = Date.now();
    const clusters = this.#config.targets.map(({ cluster }) => ({
      cluster,
      ...(this.#health.get(cluster) ?? unknownHealth(nowMs)),
    }));
    return { report: this.#report(this.#reportedAtMs), clusters };
  }

  async setFailing(failing: boolean): Promise<void> {
    this.#failing.set(failing);
    await this.ctx.storage.setAlarm(Date.now());
  }

  override async alarm(): Promise<void> {
    // Armed before the work: whatever goes wrong below, the object wakes up again.
    await this.ctx.storage.setAlarm(Date.now() + RESCUE_MS);
    try {
      if (!this.#failing.failing) await this.#run(Date.now() + RUN_MS_MAX);
    } catch (error) {
      logEvent("prober.runFailed", { error: errorText(error) });
    }
    await this.#arm();
  }

  async #arm(): Promise<void> {
    const nowMs = Date.now();
    if (this.#failing.failing) await this.ctx.storage.setAlarm(nowMs + RETRY_MS);
    else if (this.#config.targets.length > 0) await this.ctx.storage.setAlarm(this.#nextMs(new Set()));
    else await this.ctx.storage.deleteAlarm();
  }

  /**
   * Probes what is due until nothing is, a few at a time. A cluster that hangs holds up one place, not the round: the
   * others go on being probed beside it.
   */
  async #run(untilMs: number): Promise<void> {
    const running = new Map<string, Promise<void>>();
    for (;;) {
      const nowMs = Date.now();
      if (nowMs < untilMs && !this.#failing.failing) this.#start(nowMs, running);
      await this.#tellBeacons(nowMs);
      if (running.size === 0) return;
      const waitMs = running.size < PROBES_AT_ONCE_MAX ? this.#nextMs(new Set(running.keys())) - nowMs : HEARTBEAT_MS;
      await Promise.race([...running.values(), scheduler.wait(Math.max(waitMs, 1))]);
    }
  }

  #start(nowMs: number, running: Map<string, Promise<void>>): void {
    const due = this.#config.targets
      .filter(({ cluster }) => !running.has(cluster) && (this.#dueMs.get(cluster) ?? 0) <= nowMs)
      .sort((a, b) => (this.#dueMs.get(a.cluster) ?? 0) - (this.#dueMs.get(b.cluster) ?? 0))
      .slice(0, PROBES_AT_ONCE_MAX - running.size);
    for (const target of due) {
      this.#dueMs.set(target.cluster, nextProbeMs(target, nowMs, Math.random()));
      running.set(
        target.cluster,
        this.#probe(target).finally(() => running.delete(target.cluster)),
      );
    }
  }

  async #probe(target: ProbeTarget): Promise<void> {
    const outcome = await probe(target, this.#fetch);
    // The config may have changed meanwhile; what is not probed any more has no health.
    if (!this.#config.targets.some(({ cluster }) => cluster === target.cluster)) return;
    const nowMs = Date.now();
    const before = this.#health.get(target.cluster) ?? unknownHealth(nowMs);
    const after = observe(before, outcome, { thresholds: target, nowMs });
    this.#health.set(target.cluster, after);
    if (after.state === before.state) return;
    this.#reportDueMs = 0;
    saveHealth(this.ctx.storage.sql, target.cluster, after);
    logEvent("cluster.healthChanged", { cluster: target.cluster, from: before.state, to: after.state });
  }

  /** When a state has changed, and every so often in any case. A beacon that cannot be reached hears the next report. */
  async #tellBeacons(nowMs: number): Promise<void> {
    if (nowMs < this.#reportDueMs) return;
    this.#reportDueMs = nowMs + HEARTBEAT_MS;
    this.#reportedAtMs = nowMs;
    // By the clock, so that it also rises when the storage of this object is ever lost.
    this.#sequence = Math.max(this.#sequence + 1, nowMs);
    saveSequence(this.ctx.storage.sql, this.#sequence);
    const report = this.#report(nowMs);
    const told = this.#config.vantages.map((vantage) =>
      withinMs(BEACON_MS_MAX, vantage, beaconStub(this.env, vantage).acceptHealth(report)),
    );
    for (const result of await Promise.allSettled(told)) {
      if (result.status === "fulfilled") continue;
      this.#reportDueMs = Math.min(this.#reportDueMs, nowMs + RETRY_MS);
      logEvent("health.notTold", { error: errorText(result.reason) });
    }
  }

  #report(atMs: number): HealthReport {
    const states = this.#config.targets.map(({ cluster }): [string, HealthState] => [
      cluster,
      this.#health.get(cluster)?.state ?? "unknown",
    ]);
    const recovered = this.#config.targets.flatMap(({ cluster }): [string, number][] => {
      const health = this.#health.get(cluster);
      return health?.state === "healthy" && health.recoveredAtMs !== undefined ? [[cluster, health.recoveredAtMs]] : [];
    });
    return HealthReport.parse({
      sequence: this.#sequence,
      atMs,
      clusters: Object.fromEntries(states),
      recoveredAtMs: Object.fromEntries(recovered),
    });
  }

  /** When the next report, or the next cluster that is not being probed right now, is due. */
  #nextMs(running: ReadonlySet<string>): number {
    const nowMs = Date.now();
    const times = this.#config.targets
      .filter(({ cluster }) => !running.has(cluster))
      .map(({ cluster }) => this.#dueMs.get(cluster) ?? nowMs);
    return Math.min(...times, Math.max(this.#reportDueMs, nowMs));
  }
}

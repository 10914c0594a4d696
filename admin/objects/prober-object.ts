/**
 * Probes, from one vantage, every cluster that has a health check or a Monitor, on an alarm, and tells the health object
 * what it sees; fetches what the clusters near it report of themselves, for the status object. Pure parts decide whom to
 * ask when and what an answer means (`core/health/probing.ts`); this object keeps the clock, the sockets and the storage.
 */
import { DurableObject } from "cloudflare:workers";
import type { ClusterHealth } from "../core/health/cluster-health.ts";
import type { ConfigTag, ProberConfig } from "../core/health/configs.ts";
import { HEARTBEAT_MS } from "../core/health/judge.ts";
import type { CheckHealth } from "../core/health/observe.ts";
import { type ProbeTask, Probing } from "../core/health/probing.ts";
import type { RanIn, VantageMessage } from "../core/health/view.ts";
import type { ProbeFigures } from "../core/metrics/figures.ts";
import { type AdminEnv, healthStub, isDevelopment, statusStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { migrate, PROBER_MIGRATIONS } from "../store/migrations.ts";
import { loadProber, saveConfig, saveHealth } from "../store/prober-store.ts";
import { withinMs } from "./deadline.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { type Fetch, type ProbeOptions, probe, pullStatus } from "./probe.ts";

/** One run of the alarm handler; the platform ends a run after 15 minutes, and a restart should not lose much. */
const RUN_MS_MAX = 30_000;
/** The health and the status object answer from memory. */
const TELL_MS_MAX = 2_000;
/** How soon the health object is told again when it did not answer, and a failing object looks whether it still has to fail. */
const RETRY_MS = 1_000;
/** The alarm that is set before the work, should the object die in it. While the handler runs no second one begins. */
const RESCUE_MS = 1_000;

/** What is believed of one cluster here, with each of its checks. */
export type ProbedCluster = Omit<ClusterHealth, "checks"> & {
  readonly checks: readonly (CheckHealth & { readonly name: string })[];
};

export class ProberObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #fetch: Fetch;
  readonly #probing: Probing;
  readonly #startedAtMs = Date.now();
  #config: ProberConfig | undefined;
  #ranIn: RanIn = { kind: "unknown" };
  /** By the clock, so that it also rises over a restart, and when the storage of this object is ever lost. */
  #sequence = Date.now();
  /** Of the view that the health object holds. */
  #heldSequence = -1;
  /** When it hears from us next; 0 for as soon as possible. */
  #tellDueMs = 0;
  #telling: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, PROBER_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    const egress = env.EGRESS;
    this.#fetch = egress === undefined ? (url, init) => fetch(url, init) : (url, init) => egress.fetch(url, init);
    const { config, health } = loadProber(ctx.storage.sql);
    this.#probing = new Probing(health);
    if (config === undefined) return;
    this.#config = config;
    this.#probing.configure(config, Date.now(), Math.random);
  }

  /** Whether it goes by this config already. Most revisions change nothing here, and a drain must not send it all again. */
  async hasConfig({ revision, digest }: ConfigTag): Promise<boolean> {
    this.#failing.check();
    if (this.#config?.digest !== digest) return false;
    if (this.#config.revision < revision) this.#config = { ...this.#config, revision };
    return true;
  }

  /** A config of an older revision than the one at work is a late message and has no effect. */
  async configure(config: ProberConfig): Promise<void> {
    this.#failing.check();
    if (this.#config !== undefined && config.revision < this.#config.revision) return;
    this.#config = config;
    saveConfig(this.ctx.storage, config);
    this.#probing.configure(config, Date.now(), Math.random);
    this.#viewChanged();
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** What its probes found of one cluster last; undefined when it does not probe it, or has not yet. */
  async read(cluster: string): Promise<ProbedCluster | undefined> {
    this.#failing.check();
    const health = this.#probing.healthOf(cluster);
    if (health === undefined) return undefined;
    return { ...health, checks: Array.from(health.checks, ([name, check]) => ({ name, ...check })) };
  }

  /** For a scrape. */
  async readFigures(): Promise<ProbeFigures> {
    this.#failing.check();
    return { sinceMs: this.#startedAtMs, clusters: this.#probing.tallies() };
  }

  async setFailing(failing: boolean): Promise<void> {
    await this.#failing.setAndWake(failing);
  }

  override async alarm(): Promise<void> {
    // Armed before the work: whatever goes wrong below, the object wakes up again.
    await this.ctx.storage.setAlarm(Date.now() + RESCUE_MS);
    try {
      const config = this.#config;
      if (config !== undefined && !this.#failing.failing) await this.#run(Date.now() + RUN_MS_MAX, config.vantage);
    } catch (error) {
      logEvent("prober.runFailed", { error: errorText(error) });
    }
    await this.#arm();
  }

  async #arm(): Promise<void> {
    const nowMs = Date.now();
    const isDone = this.#probing.isIdle && this.#heldSequence >= this.#sequence;
    if (this.#failing.failing) await this.ctx.storage.setAlarm(nowMs + RETRY_MS);
    // Nobody told it anything, or it has nothing to probe and has said so.
    else if (this.#config === undefined || isDone) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(this.#nextMs(), nowMs));
  }

  /**
   * Probes what is due until nothing is, a few at a time. A cluster that hangs holds up one place, not the round: the
   * others go on being probed beside it. Nor does a health object that hangs.
   */
  async #run(untilMs: number, vantage: ProberConfig["vantage"]): Promise<void> {
    const running = new Set<Promise<void>>();
    const options = { fetch: this.#fetch, vantage };
    for (;;) {
      const nowMs = Date.now();
      const goesOn = nowMs < untilMs && !this.#failing.failing;
      if (goesOn) {
        for (const task of this.#probing.begin(nowMs, Math.random)) {
          const work: Promise<void> = this.#perform(task, options).finally(() => running.delete(work));
          running.add(work);
        }
        if (nowMs >= this.#tellDueMs) this.#tell(vantage);
      }
      const waiting = this.#telling === undefined ? [...running] : [...running, this.#telling];
      if (waiting.length === 0) return;
      await firstOf(waiting, goesOn ? Math.max(this.#nextMs() - nowMs, 1) : HEARTBEAT_MS);
    }
  }

  async #perform(task: ProbeTask, options: ProbeOptions): Promise<void> {
    const startedAtMs = Date.now();
    try {
      if (task.kind === "status") await this.#pull(task, options);
      else await this.#probe(task, options);
    } finally {
      this.#probing.end(task, Date.now() - startedAtMs);
    }
  }

  async #probe({ cluster, check }: ProbeTask & { kind: "probe" }, options: ProbeOptions): Promise<void> {
    const { outcome, colo } = await probe(check, options);
    const nowMs = Date.now();
    if (colo !== undefined) this.#ranIn = { kind: "colo", colo, cluster, atMs: nowMs };
    const change = this.#probing.observe(cluster, { check: check.name, outcome }, nowMs);
    if (change === undefined) return;
    const { from, to } = change;
    saveHealth(this.ctx.storage.sql, cluster, to);
    const because = to.because === undefined ? {} : { check: to.because.check, because: to.because.code };
    logEvent("cluster.seenChanged", { cluster, vantage: options.vantage, from, to: to.state, ...because });
    this.#viewChanged();
  }

  async #pull({ cluster, url }: ProbeTask & { kind: "status" }, options: ProbeOptions): Promise<void> {
    const bytes = await pullStatus(url, options);
    if (bytes === undefined) return;
    const pulled = { cluster, bytes, vantage: options.vantage, atMs: Date.now() };
    // Not waited for: it must not hold a place that a probe could have.
    this.ctx.waitUntil(
      withinMs(TELL_MS_MAX, "status", statusStub(this.env).acceptPulled(pulled)).catch((error: unknown) =>
        logEvent("status.notTold", { cluster, error: errorText(error) }),
      ),
    );
  }

  #viewChanged(): void {
    this.#sequence = Math.max(this.#sequence + 1, Date.now());
    this.#tellDueMs = 0;
  }

  /** One message at a time. What changes meanwhile goes with the next. */
  #tell(vantage: ProberConfig["vantage"]): void {
    this.#telling ??= this.#sendView(vantage).finally(() => {
      this.#telling = undefined;
    });
  }

  async #sendView(vantage: ProberConfig["vantage"]): Promise<void> {
    const nowMs = Date.now();
    this.#tellDueMs = nowMs + HEARTBEAT_MS;
    const message = this.#message(vantage, nowMs);
    try {
      const held = await withinMs(TELL_MS_MAX, "health", healthStub(this.env).acceptView(message));
      if (held === undefined) return this.#notAwaited(message.sequence, nowMs);
      this.#heldSequence = held;
      // It has lost what it was told before, or our clock went back: either way it has to hear all of it again.
      if (this.#heldSequence > this.#sequence) this.#sequence = this.#heldSequence + 1;
      if (this.#heldSequence < this.#sequence) this.#tellDueMs = 0;
    } catch (error) {
      this.#tellDueMs = Math.min(this.#tellDueMs, nowMs + RETRY_MS);
      logEvent("health.notTold", { vantage, error: errorText(error) });
    }
  }

  /** The health object is about to be told of this vantage, or, when there is nothing to probe, never will be. */
  #notAwaited(sequence: number, nowMs: number): void {
    this.#heldSequence = this.#probing.isIdle ? sequence : -1;
    this.#tellDueMs = nowMs + RETRY_MS;
  }

  #message(vantage: ProberConfig["vantage"], nowMs: number): VantageMessage {
    const sequence = this.#sequence;
    const message = { vantage, sequence, ranIn: this.#ranIn, behindMs: this.#probing.behindMs(nowMs) };
    return this.#heldSequence === sequence ? message : { ...message, clusters: this.#probing.seen(nowMs) };
  }

  /** When the next message, or the next cluster that is not being probed right now, is due. */
  #nextMs(): number {
    const tellMs = this.#telling === undefined ? this.#tellDueMs : Number.POSITIVE_INFINITY;
    return Math.min(this.#probing.nextMs() ?? Number.POSITIVE_INFINITY, tellMs, Date.now() + HEARTBEAT_MS);
  }
}

/** Until one of them is done, or the time is over. */
async function firstOf(work: readonly Promise<void>[], ms: number): Promise<void> {
  const timer = new AbortController();
  const over = scheduler.wait(ms, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([...work, over]);
  timer.abort();
}

/**
 * Judges the health of an environment's clusters: takes what each vantage sees and what edges have ejected, and tells
 * every beacon what holds, when it changes and as a heartbeat. The reasoning is `core/health/watch.ts`; this object keeps
 * the clock, the connections and the storage.
 */
import { DurableObject } from "cloudflare:workers";
import type { HealthReport } from "../../config/health.ts";
import { unreachable } from "../../config/invariant.ts";
import { type DriftAlarm, type NumberedEvent, type Resumption, resume } from "../core/events/event.ts";
import { Listeners } from "../core/events/listeners.ts";
import type { ConfigTag } from "../core/health/configs.ts";
import { healthEvents } from "../core/health/health-events.ts";
import { HEARTBEAT_MS } from "../core/health/judge.ts";
import { type HealthOverview, overviewOf } from "../core/health/overview.ts";
import type { Transition } from "../core/health/transitions.ts";
import type { VantageMessage } from "../core/health/view.ts";
import { HealthWatch, NOTHING_KEPT, type WatchConfig } from "../core/health/watch.ts";
import type { HealthFigures } from "../core/metrics/figures.ts";
import { healthFigures } from "../core/metrics/health-figures.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { type AdminEnv, alertStub, isDevelopment, statusStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import {
  eventsAfter,
  listTransitions,
  logBounds,
  type NumberedTransition,
  saveEvents,
  type TransitionFilter,
  transitionsWithin,
} from "../store/event-log.ts";
import { loadWatch, saveJudgement, saveView, saveWatchConfig } from "../store/health-store.ts";
import { HEALTH_MIGRATIONS, migrate } from "../store/migrations.ts";
import { BeaconFeed } from "./beacon-feed.ts";
import { withinMs } from "./deadline.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { rescuedAlarm } from "./rescued-alarm.ts";

/** The alarm that is set before the work, should the object die in it; and when a failing object looks again. */
const RESCUE_MS = 1_000;
const STATUS_MS_MAX = 1_000;

/** More than changes at once in a fleet that is not all red; who is behind asks again at once. */
const EVENTS_TOLD_MAX = 100;

export type Listening = {
  /** Who asks: a number of its own for each stream. */
  readonly listener: string;
  /** The number of the last event that it has; undefined when it begins with what comes from now on. */
  readonly after: number | undefined;
};

export type Heard = Resumption & { readonly events: readonly NumberedEvent[] };

export class HealthObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #watch: HealthWatch;
  readonly #feed: BeaconFeed;
  readonly #listeners = new Listeners();
  /** By the clock, so that it also rises over a restart, and when the storage of this object is ever lost. */
  #sequence = 0;
  #reportedAtMs = 0;
  #heartbeatDueMs = 0;
  /** When something changed that the beacons have not been told of yet. */
  #changedAtMs: number | undefined;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, HEALTH_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    this.#watch = new HealthWatch(loadWatch(ctx.storage.sql) ?? NOTHING_KEPT, Date.now());
    this.#feed = new BeaconFeed({
      env,
      heard: (vantage, evidence) => this.#watch.noteEvidence(vantage, evidence, Date.now()),
    });
  }

  /** Whether it goes by this config already. Most revisions change nothing here, and a drain must not send it all again. */
  async hasConfig({ revision, digest }: ConfigTag): Promise<boolean> {
    this.#failing.check();
    const { config } = this.#watch;
    if (config.digest !== digest) return false;
    if (config.revision < revision) this.#watch.configure({ ...config, revision });
    return true;
  }

  /** A config of an older revision than the one at work is a late message and has no effect. */
  async configure(config: WatchConfig): Promise<void> {
    this.#failing.check();
    if (config.revision < this.#watch.config.revision) return;
    this.#watch.configure(config);
    saveWatchConfig(this.ctx.storage, config);
    this.#heartbeatDueMs = 0;
    this.#review();
    await this.#arm();
  }

  /**
   * From the prober of a vantage. Answers with the sequence of the view that is held afterwards, or undefined when there
   * is no such vantage.
   */
  async acceptView(message: VantageMessage): Promise<number | undefined> {
    this.#failing.check();
    const { vantage } = message;
    const before = this.#watch.known(vantage);
    const held = this.#watch.accept(message, Date.now());
    const after = this.#watch.known(vantage);
    const isNew = after !== undefined && after.clusters !== before?.clusters;
    if (isNew) saveView(this.ctx.storage, vantage, { before, after });
    // A heartbeat says something only of a vantage that was given up. What silence says is looked at with the alarm.
    if (isNew || this.#watch.judgement.vantages.get(vantage)?.standing === "stale") this.#review();
    if (this.#changedAtMs !== undefined) await this.#arm();
    return held;
  }

  /** What the beacons are told. */
  async readReport(): Promise<HealthReport> {
    this.#failing.check();
    return this.#watch.report(this.#sequence, this.#reportedAtMs);
  }

  /** Everything that is known, for people; of all clusters when none is named. */
  async read(clusters?: readonly string[]): Promise<HealthOverview> {
    this.#failing.check();
    const times = { sequence: this.#sequence, atMs: this.#reportedAtMs, nowMs: Date.now() };
    return overviewOf(this.#watch, times, clusters);
  }

  /** For a scrape. */
  async readFigures(): Promise<HealthFigures> {
    this.#failing.check();
    return healthFigures(this.#watch);
  }

  /** Newest first. */
  async listTransitions(filter: Omit<TransitionFilter, "nowMs">): Promise<readonly NumberedTransition[]> {
    this.#failing.check();
    return listTransitions(this.ctx.storage.sql, { ...filter, nowMs: Date.now() });
  }

  async transitionsWithin(window: Window): Promise<readonly NumberedTransition[]> {
    this.#failing.check();
    return transitionsWithin(this.ctx.storage.sql, window);
  }

  /**
   * What has happened since, oldest first. To be asked again and again: nothing waits here, so that listeners do not keep
   * the object from its sleep. Undefined: too many listen already.
   */
  async listen({ listener, after }: Listening): Promise<Heard | undefined> {
    this.#failing.check();
    if (!this.#listeners.admit(listener, Date.now())) return undefined;
    const { sql } = this.ctx.storage;
    const resumption = resume(after, logBounds(sql));
    return { ...resumption, events: eventsAfter(sql, resumption.after, EVENTS_TOLD_MAX) };
  }

  /** It has ended, so another may come at once. */
  async endListening(listener: string): Promise<void> {
    this.#listeners.leave(listener);
  }

  /** From the status object. */
  async noteDriftAlarm(told: DriftAlarm): Promise<void> {
    this.#failing.check();
    saveEvents(this.ctx.storage.sql, [{ topic: "drift", told }]);
  }

  async setFailing(failing: boolean): Promise<void> {
    await this.#failing.setAndWake(failing);
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    await rescuedAlarm(
      { storage, failing: this.#failing, rescueMs: RESCUE_MS, event: "health.runFailed" },
      async () => {
        await this.#run();
        await this.#arm();
      },
    );
  }

  async #run(): Promise<void> {
    const nowMs = Date.now();
    const isHeartbeat = nowMs >= this.#heartbeatDueMs;
    if (isHeartbeat) {
      this.#heartbeatDueMs = nowMs + HEARTBEAT_MS;
      await this.#askLag();
    }
    this.#review();
    const { vantages } = this.#watch.config;
    const isNew = isHeartbeat || this.#changedAtMs !== undefined;
    const telling = isNew ? this.#feed.tell(vantages, this.#newReport()) : this.#feed.retry();
    // Not waited for: a beacon that hangs must not hold up the next change, which comes with the next alarm.
    this.ctx.waitUntil(telling.then(() => this.#afterTelling()));
  }

  /** What edges have ejected came with the answers, and a beacon that failed is tried again. */
  async #afterTelling(): Promise<void> {
    this.#review();
    await this.#arm();
  }

  /** Judges anew and keeps what changed. */
  #review(): void {
    const before = this.#watch.judgement;
    const { changed, transitions } = this.#watch.review(Date.now());
    if (changed) this.#changedAtMs ??= Date.now();
    if (!changed && transitions.length === 0) return;
    saveJudgement(this.ctx.storage, { before, after: this.#watch.judgement, transitions });
    for (const transition of transitions) logTransition(transition);
    this.#tell(transitions);
  }

  /** Whoever asked for it by webhook. Not kept until it is told: what is so now is told by the API. */
  #tell(transitions: readonly Transition[]): void {
    const events = transitions.flatMap(healthEvents);
    const telling = Promise.all(events.map((event) => alertStub(this.env).notify(event)));
    this.ctx.waitUntil(telling.catch((error) => logEvent("health.notTold", { error: errorText(error) })));
  }

  #newReport(): HealthReport {
    const nowMs = Date.now();
    this.#sequence = Math.max(this.#sequence + 1, nowMs);
    this.#reportedAtMs = nowMs;
    this.#changedAtMs = undefined;
    return this.#watch.report(this.#sequence, nowMs);
  }

  /** Without an answer what was known stays: the status object leaves out what is too old itself. */
  async #askLag(): Promise<void> {
    try {
      this.#watch.noteReplicaLag(await withinMs(STATUS_MS_MAX, "status", statusStub(this.env).readLag()));
    } catch (error) {
      logEvent("health.lagUnknown", { error: errorText(error) });
    }
  }

  async #arm(): Promise<void> {
    const nowMs = Date.now();
    const { vantages } = this.#watch.config;
    if (vantages.length === 0) return this.ctx.storage.deleteAlarm();
    const dueMs =
      this.#changedAtMs ?? Math.min(this.#heartbeatDueMs, this.#feed.retryMs(nowMs) ?? Number.POSITIVE_INFINITY);
    await this.ctx.storage.setAlarm(Math.max(dueMs, nowMs));
  }
}

/** Probers log what they see themselves. */
function logTransition(transition: Transition): void {
  switch (transition.kind) {
    case "cluster": {
      const { cluster, from, to, rule } = transition;
      logEvent("cluster.healthChanged", { cluster, from, to, rule });
      break;
    }
    case "clusterAtVantage":
      break;
    case "vantage": {
      const { vantage, from, to } = transition;
      logEvent("vantage.standingChanged", { vantage, from, to });
      break;
    }
    case "panic":
      logEvent("health.panic", { to: transition.to, vantages: transition.vantages.join(" ") });
      break;
    default:
      unreachable(transition);
  }
}

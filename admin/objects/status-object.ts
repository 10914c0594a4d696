/**
 * What clusters say of themselves, one object an environment: fetched by probers, or sent by the clusters and signed. It
 * keeps the newest of each, and answers what differs from what is declared (drift), how far rotations of secrets are, and
 * how far data is behind. What a status means is `core`; this object keeps the clock, the storage and the alarm.
 */
import { DurableObject } from "cloudflare:workers";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import type { ClusterStatus } from "../../config/cluster-status.ts";
import type { DriftPolicy } from "../../config/policy.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { driftEvent } from "../core/commit/incidents.ts";
import type { TrackedDrift } from "../core/drift/track.ts";
import type { ConfigTag } from "../core/health/configs.ts";
import { driftFigures } from "../core/metrics/drift-figures.ts";
import type { DriftFigures } from "../core/metrics/figures.ts";
import { type SecretView, secretViews } from "../core/secrets/overview.ts";
import { refusalOf } from "../core/status/refusals.ts";
import type { StatusConfig } from "../core/status/status-config.ts";
import { type KnownStatus, lagByCluster, STATUS_FRESH_MS, type Statuses } from "../core/status/statuses.ts";
import type { DriftEvent } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { type AdminEnv, alertStub, fleetStub, healthStub, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { migrate, STATUS_MIGRATIONS } from "../store/migrations.ts";
import { driftEventsWithin, loadConfig, loadPast, type PastStatus, saveConfig } from "../store/status-store.ts";
import { DriftWatch } from "./drift-watch.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { SecretUses } from "./secret-uses.ts";
import { StatusBook } from "./status-book.ts";
import {
  type Intake,
  isDeclared,
  type PulledStatus,
  type PushedStatus,
  StatusIntake,
  type StatusReceipt,
} from "./status-intake.ts";
import { type Refusals, StatusRefusals } from "./status-refusals.ts";

/** A cluster that falls silent, and a difference that gets too old, are noticed this late at most. */
const LOOK_MS = 30_000;
/** A burst of reports, as after a deploy of a region, is looked at once. */
const BURST_MS = 500;
/** The alarm that is set before the work, should the object die in it. */
const RESCUE_MS = 5_000;

const NO_CONFIG: StatusConfig = { revision: 0, digest: "", declared: { clusters: [], rotations: [] }, keys: {} };

export type StatusView = {
  readonly cluster: string;
  /** Absent when the cluster has never reported. */
  readonly known?: KnownStatus & { readonly fresh: boolean };
  readonly past: readonly PastStatus[];
  readonly refused?: Refusals;
};

/** `policy`: what the Policy in force says of drift. */
export type DriftView = { readonly tracked: readonly TrackedDrift[]; readonly policy?: DriftPolicy };

export type StatusesSince = {
  /** To be sent with the next question: when nothing has changed since, there are no statuses in the answer. */
  readonly sequence: number;
  /** The fresh ones. */
  readonly statuses?: readonly ClusterStatus[];
  readonly lagMs: Readonly<Record<string, number>>;
};

export class StatusObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #book: StatusBook;
  readonly #drift: DriftWatch;
  readonly #uses: SecretUses;
  readonly #refusals = new StatusRefusals();
  readonly #intake: StatusIntake;
  #config: StatusConfig;
  /** Rises with everything that readers of statuses must hear of. By the clock, so that it does after a restart, too. */
  #sequence = Date.now();
  #freshBefore: readonly string[] = [];
  /** What `#sequence` was when differences were looked for last. */
  #lookedAt = 0;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    const { storage } = ctx;
    migrate(storage, STATUS_MIGRATIONS);
    this.#failing = new FailingSwitch(storage, isDevelopment(env));
    this.#config = loadConfig(storage.sql) ?? NO_CONFIG;
    this.#book = new StatusBook(storage);
    this.#drift = new DriftWatch(storage);
    this.#uses = new SecretUses(storage);
    this.#intake = new StatusIntake({ config: () => this.#config, book: this.#book, refusals: this.#refusals });
  }

  /** Whether it goes by this config already. Most revisions change nothing here, and a commit must not send it all again. */
  async hasConfig({ revision, digest }: ConfigTag): Promise<boolean> {
    this.#failing.check();
    if (this.#config.digest !== digest) return false;
    if (this.#config.revision < revision) this.#config = { ...this.#config, revision };
    return true;
  }

  /** What is declared. An older revision than the one at work is a late message and has no effect. */
  async configure(config: StatusConfig): Promise<void> {
    this.#failing.check();
    if (config.revision < this.#config.revision) return;
    this.#config = config;
    saveConfig(this.ctx.storage, config);
    const kept = new Set(config.declared.clusters.map(({ cluster }) => cluster));
    this.#book.keepOnly(kept);
    this.#refusals.keepOnly(kept);
    await this.#changed();
  }

  // --- Statuses come in

  async acceptPulled(pulled: PulledStatus): Promise<StatusReceipt> {
    this.#failing.check();
    return this.#noted(this.#intake.pulled(pulled, Date.now()));
  }

  async acceptPushed(pushed: PushedStatus): Promise<Result<{ readonly changed: boolean }, AdminRefusal>> {
    this.#failing.check();
    const receipt = await this.#noted(await this.#intake.pushed(pushed, () => Date.now()));
    return receipt.accepted ? ok({ changed: receipt.changed }) : err(refusalOf(receipt.because));
  }

  async #noted({ receipt, isNews }: Intake): Promise<StatusReceipt> {
    if (isNews) await this.#changed();
    return receipt;
  }

  // --- Answers

  /** Undefined when the fleet has no such cluster. */
  async readStatus(cluster: string): Promise<StatusView | undefined> {
    this.#failing.check();
    if (!isDeclared(this.#config, cluster)) return undefined;
    const known = this.#book.get(cluster);
    const refused = this.#refusals.of(cluster);
    const fresh = known !== undefined && Date.now() - known.receivedAtMs <= STATUS_FRESH_MS;
    return {
      cluster,
      ...(known === undefined ? {} : { known: { ...known, fresh } }),
      past: loadPast(this.ctx.storage.sql, cluster),
      ...(refused === undefined ? {} : { refused }),
    };
  }

  async readStatuses(knownSequence: number | undefined): Promise<StatusesSince> {
    this.#failing.check();
    const nowMs = Date.now();
    const fresh = this.#book.fresh(nowMs);
    this.#noticeSilence(fresh);
    const lagMs = lagByCluster(this.#book.all(), nowMs);
    const sequence = this.#sequence;
    return knownSequence === sequence ? { sequence, lagMs } : { sequence, statuses: [...fresh.values()], lagMs };
  }

  /** By cluster, in milliseconds; only of clusters whose status is fresh enough to go by (`LAG_FRESH_MS`). */
  async readLag(): Promise<Readonly<Record<string, number>>> {
    this.#failing.check();
    return lagByCluster(this.#book.all(), Date.now());
  }

  async readDrift(): Promise<DriftView> {
    this.#failing.check();
    this.#look(Date.now());
    const policy = this.#config.declared.policy?.drift;
    return { tracked: this.#drift.tracked, ...(policy === undefined ? {} : { policy }) };
  }

  /** For a scrape. */
  async readDriftFigures(): Promise<DriftFigures> {
    return driftFigures((await this.readDrift()).tracked);
  }

  async driftEventsWithin(window: Window): Promise<readonly DriftEvent[]> {
    this.#failing.check();
    this.#look(Date.now());
    return driftEventsWithin(this.ctx.storage.sql, window);
  }

  async readSecrets(): Promise<readonly SecretView[]> {
    this.#failing.check();
    const nowMs = Date.now();
    this.#look(nowMs);
    return secretViews(this.#config.declared, this.#book.fresh(nowMs), {
      firstUse: (use) => this.#uses.first(use),
      nowMs,
    });
  }

  async setFailing(failing: boolean): Promise<void> {
    this.#failing.set(failing);
    await this.#alarmBy(Date.now());
  }

  // --- Looking

  override async alarm(): Promise<void> {
    // Armed before the work: whatever goes wrong below, the object wakes up again.
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    await this.#alarmBy(Date.now() + RESCUE_MS);
    if (this.#failing.failing) return;
    const nowMs = Date.now();
    try {
      this.#look(nowMs);
      await this.#drift.tell(this.#config.declared, nowMs, {
        openIncident: (incident) => fleetStub(this.env).openOwnIncident(incident),
        alarm: (alarm) =>
          Promise.all([healthStub(this.env).noteDriftAlarm(alarm), alertStub(this.env).notify(driftEvent(alarm))]),
      });
    } catch (error) {
      logEvent("status.alarmFailed", { error: errorText(error) });
    }
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    if (this.#config.declared.clusters.length > 0) await this.#alarmBy(nowMs + LOOK_MS);
    else await this.ctx.storage.deleteAlarm();
  }

  #look(nowMs: number): void {
    const { declared } = this.#config;
    const statuses = this.#book.fresh(nowMs);
    this.#noticeSilence(statuses);
    if (this.#lookedAt === this.#sequence) return;
    this.#lookedAt = this.#sequence;
    this.#drift.look(declared, statuses, nowMs);
    this.#uses.look(declared, statuses, nowMs);
  }

  /** Time alone makes clusters silent. */
  #noticeSilence(fresh: Statuses): void {
    const before = this.#freshBefore;
    if (before.length === fresh.size && before.every((cluster) => fresh.has(cluster))) return;
    this.#freshBefore = [...fresh.keys()];
    this.#sequence += 1;
  }

  async #changed(): Promise<void> {
    this.#sequence += 1;
    await this.#alarmBy(Date.now() + BURST_MS);
  }

  async #alarmBy(atMs: number): Promise<void> {
    if (atMs >= this.#alarmAtMs) return;
    this.#alarmAtMs = atMs;
    await this.ctx.storage.setAlarm(atMs);
  }
}

/**
 * Watches the objectives of an environment, keeps its alerts, and tells people by webhook; whatever else has something to
 * tell puts it into the same outbox. What it does is in `objective-watch.ts`, `outbox.ts` and `webhook-desk.ts`; this object
 * is where it is asked, keeps the config that they go by, and the alarm.
 */
import { DurableObject } from "cloudflare:workers";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import type { Result } from "../../config/result.ts";
import type { ConfigTag } from "../core/health/configs.ts";
import type { ObjectiveFigures } from "../core/metrics/figures.ts";
import type { Acknowledgement, Alert } from "../core/objectives/alert.ts";
import type { AlertConfig } from "../core/objectives/alert-config.ts";
import { type BudgetState, budgetStateOf, objectiveFiguresOf } from "../core/objectives/budget-state.ts";
import type { ObjectiveReport } from "../core/objectives/judge.ts";
import type { AlertTold } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import type { NewEvent } from "../core/webhooks/event.ts";
import type { Receiver } from "../core/webhooks/receiver.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { alertsToldWithin, historyBefore, loadAlertConfig, saveAlertConfig } from "../store/alert-store.ts";
import type { DeliveryFilter } from "../store/delivery-store.ts";
import { ALERT_MIGRATIONS, migrate } from "../store/migrations.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { EVALUATE_MS, ObjectiveWatch } from "./objective-watch.ts";
import { Outbox } from "./outbox.ts";
import { rescuedAlarm } from "./rescued-alarm.ts";
import {
  type DeliveryView,
  type SecretSet,
  type SecretSetting,
  WebhookDesk,
  type WebhookView,
} from "./webhook-desk.ts";

/** The alarm that is set before the work, should the object die in it. */
const RESCUE_MS = 5_000;

const NO_CONFIG: AlertConfig = {
  ...{ revision: 0, digest: "", objectives: [], receivers: [], incidentSeverity: 3 },
  context: { owners: { clusters: {}, regions: {}, services: {} }, runbooks: {} },
};

export type Objectives = { readonly atMs: number; readonly reports: readonly ObjectiveReport[] };

export class AlertObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #outbox: Outbox;
  readonly #watch: ObjectiveWatch;
  readonly #webhooks: WebhookDesk;
  #config: AlertConfig;
  #lookDueMs = 0;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    const { storage } = ctx;
    migrate(storage, ALERT_MIGRATIONS);
    this.#failing = new FailingSwitch(storage, isDevelopment(env));
    this.#config = loadAlertConfig(storage.sql) ?? NO_CONFIG;
    const egress = env.EGRESS;
    const receivers = () => this.#config.receivers;
    const outbox = new Outbox({
      sql: storage.sql,
      receivers,
      fetch: (url, init) => (egress === undefined ? fetch(url, init) : egress.fetch(url, init)),
    });
    this.#outbox = outbox;
    this.#watch = new ObjectiveWatch({ storage, env, outbox, config: () => this.#config });
    this.#webhooks = new WebhookDesk({ storage, outbox, receivers });
  }

  /** Whether it goes by this config already. */
  async hasConfig({ revision, digest }: ConfigTag): Promise<boolean> {
    this.#failing.check();
    if (this.#config.digest !== digest) return false;
    if (this.#config.revision < revision) this.#config = { ...this.#config, revision };
    return true;
  }

  /** A config of an older revision than the one at work is a late message and has no effect. */
  async configure(config: AlertConfig): Promise<void> {
    this.#failing.check();
    if (config.revision < this.#config.revision) return;
    this.#config = config;
    this.#watch.forget();
    saveAlertConfig(this.ctx.storage.sql, config);
    this.#lookDueMs = 0;
    await this.#arm();
  }

  // --- Objectives and alerts

  /** As they are at this moment, of one service or of all. */
  async readObjectives(service?: string): Promise<Objectives> {
    this.#failing.check();
    const nowMs = Date.now();
    const reports = await this.#watch.judge(nowMs);
    return {
      atMs: nowMs,
      reports: service === undefined ? reports : reports.filter(({ objective }) => objective.service === service),
    };
  }

  /** For safety rules, as of the last look. */
  async readBudgets(): Promise<readonly BudgetState[]> {
    this.#failing.check();
    return (await this.#watch.lastReports()).map(budgetStateOf);
  }

  /** For a scrape, as of the last look. */
  async readFigures(): Promise<ObjectiveFigures> {
    this.#failing.check();
    return (await this.#watch.lastReports()).map(objectiveFiguresOf);
  }

  async readAlerts(): Promise<readonly Alert[]> {
    this.#failing.check();
    return this.#watch.active;
  }

  async listAlertHistory(before: number, limit: number): Promise<readonly (Alert & { readonly number: number })[]> {
    this.#failing.check();
    return historyBefore(this.ctx.storage.sql, before, limit);
  }

  /** For the timeline. */
  async alertsToldWithin(window: Window): Promise<readonly AlertTold[]> {
    this.#failing.check();
    return alertsToldWithin(this.ctx.storage.sql, window);
  }

  async acknowledgeAlert(id: string, acknowledged: Acknowledgement): Promise<Result<Alert, AdminRefusal>> {
    this.#failing.check();
    return this.#watch.acknowledge(id, acknowledged);
  }

  // --- Telling

  /** The one way in for everything that has something to tell. Kept when this resolves; sent by the alarm. */
  async notify(event: NewEvent): Promise<void> {
    this.#failing.check();
    this.ctx.storage.transactionSync(() => this.#outbox.add(event, Date.now()));
    await this.#arm();
  }

  // --- Webhooks

  async readWebhooks(): Promise<readonly WebhookView[]> {
    this.#failing.check();
    return this.#webhooks.read();
  }

  async findWebhook(name: string): Promise<Receiver | undefined> {
    this.#failing.check();
    return this.#webhooks.find(name);
  }

  async testWebhook(name: string, event: NewEvent): Promise<Result<DeliveryView, AdminRefusal>> {
    this.#failing.check();
    return this.#thenArm(await this.#webhooks.test(name, event));
  }

  async setWebhookSecret(setting: SecretSetting): Promise<Result<SecretSet, AdminRefusal>> {
    this.#failing.check();
    return this.#thenArm(this.#webhooks.setSecret(setting));
  }

  async listDeliveries(filter: DeliveryFilter): Promise<readonly DeliveryView[]> {
    this.#failing.check();
    return this.#webhooks.list(filter);
  }

  async findDelivery(id: string): Promise<DeliveryView | undefined> {
    this.#failing.check();
    return this.#webhooks.findDelivery(id);
  }

  async replayDelivery(id: string): Promise<Result<DeliveryView, AdminRefusal>> {
    this.#failing.check();
    return this.#thenArm(await this.#webhooks.replay(id));
  }

  /** Something may have become due. */
  async #thenArm<T>(result: T): Promise<T> {
    await this.#arm();
    return result;
  }

  async setFailing(failing: boolean): Promise<void> {
    await this.#failing.setAndWake(failing);
  }

  // --- The alarm

  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    await rescuedAlarm(
      { storage, failing: this.#failing, rescueMs: RESCUE_MS, event: "alerts.runFailed" },
      async () => {
        const nowMs = Date.now();
        if (nowMs >= this.#lookDueMs) {
          this.#lookDueMs = nowMs + EVALUATE_MS;
          await this.#watch.look(nowMs);
        }
        await this.#outbox.send();
        await this.#watch.openIncidents();
        await this.#arm();
      },
    );
  }

  async #arm(): Promise<void> {
    const sendDueMs = this.#outbox.nextDueMs();
    const times = [...(this.#watch.isDue ? [this.#lookDueMs] : []), ...(sendDueMs === undefined ? [] : [sendDueMs])];
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    await this.ctx.storage.setAlarm(Math.max(Math.min(...times), Date.now()));
  }
}

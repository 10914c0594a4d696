/**
 * Watches the objectives of an environment, keeps its alerts, and tells people by webhook; whatever else has something to
 * tell puts it into the same outbox. The reasoning is `core/objectives/` and `core/webhooks/`; this object keeps the clock,
 * the storage and the alarm.
 */
import { DurableObject } from "cloudflare:workers";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { alertIncident } from "../core/commit/incidents.ts";
import type { ConfigTag } from "../core/health/configs.ts";
import type { ObjectiveFigures } from "../core/metrics/figures.ts";
import type { Acknowledgement, Alert } from "../core/objectives/alert.ts";
import type { AlertConfig } from "../core/objectives/alert-config.ts";
import { type AlertContext, alertEvent } from "../core/objectives/alert-event.ts";
import { type BudgetState, budgetStateOf, objectiveFiguresOf } from "../core/objectives/budget-state.ts";
import { PERIOD_MS, RULE_WINDOWS_MS } from "../core/objectives/burn-rules.ts";
import type { RecentChange } from "../core/objectives/changes-before.ts";
import { judgeAll, type ObjectiveReport } from "../core/objectives/judge.ts";
import { type Reviewed, reviewAlerts } from "../core/objectives/review.ts";
import { type AlertTold, alertTold } from "../core/timeline/entries.ts";
import type { Window } from "../core/timeline/timeline.ts";
import type { NewEvent } from "../core/webhooks/event.ts";
import type { Receiver } from "../core/webhooks/receiver.ts";
import { SECRET_BYTES_MADE, signingSecret } from "../core/webhooks/signature.ts";
import { type AdminEnv, fleetStub, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import {
  addAlertTold,
  addToHistory,
  alertsToldWithin,
  dropAlert,
  historyBefore,
  incidentsDue,
  loadAlertConfig,
  loadAlerts,
  markIncident,
  saveAlert,
  saveAlertConfig,
} from "../store/alert-store.ts";
import {
  countDeliveries,
  type Delivery,
  type DeliveryFilter,
  findDelivery,
  findEvent,
  hurryDeliveries,
  listDeliveries,
  markReplayed,
  type SecretTerm,
  secretTerms,
  setSecret,
} from "../store/delivery-store.ts";
import { ALERT_MIGRATIONS, migrate } from "../store/migrations.ts";
import { CountsReader } from "./counts-reader.ts";
import { withinMs } from "./deadline.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { Outbox } from "./outbox.ts";
import { rescuedAlarm } from "./rescued-alarm.ts";

/** As often as telemetry closes a window. */
export const EVALUATE_MS = 10_000;
/** The alarm that is set before the work, should the object die in it. */
const RESCUE_MS = 5_000;
/** What has not changed but for when it was last looked at is written this often. */
const KNOWN_SAVED_MS = 60_000;

/** Somebody waits to be called. */
const CHANGES_MS_MAX = 2_000;
/** Of all services and regions together. */
const CHANGES_LOOKED_AT_MAX = 50;

const NO_CONFIG: AlertConfig = {
  ...{ revision: 0, digest: "", objectives: [], receivers: [], incidentSeverity: 3 },
  context: { owners: { clusters: {}, regions: {}, services: {} }, runbooks: {} },
};

export type WebhookView = Receiver & {
  /** Of its secret, the newest first; none: it is not set. */
  readonly terms: readonly SecretTerm[];
  readonly deliveries: Readonly<Record<Delivery["state"], number>>;
};

export type DeliveryView = Delivery & { readonly type: string; readonly summary: string };

export type SecretSetting = {
  readonly webhook: string;
  /** Made when absent. */
  readonly value?: string;
  readonly overlapMs: number;
};

export type SecretSet = {
  readonly secret: string;
  /** Only of one that was made here: nobody can read it again. */
  readonly made?: string;
  readonly terms: readonly SecretTerm[];
};

export type Objectives = { readonly atMs: number; readonly reports: readonly ObjectiveReport[] };

export class AlertObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #counts: CountsReader;
  readonly #outbox: Outbox;
  #config: AlertConfig;
  #active: readonly Alert[];
  /** As they are written down, to see what has to be written. */
  #saved: ReadonlyMap<string, Alert>;
  #evaluateDueMs = 0;
  /** Of the last look by this config. */
  #reports: readonly ObjectiveReport[] | undefined;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    const { storage } = ctx;
    migrate(storage, ALERT_MIGRATIONS);
    this.#failing = new FailingSwitch(storage, isDevelopment(env));
    this.#counts = new CountsReader(env);
    this.#config = loadAlertConfig(storage.sql) ?? NO_CONFIG;
    this.#active = loadAlerts(storage.sql);
    this.#saved = byId(this.#active);
    const egress = env.EGRESS;
    this.#outbox = new Outbox({
      sql: storage.sql,
      receivers: () => this.#config.receivers,
      fetch: (url, init) => (egress === undefined ? fetch(url, init) : egress.fetch(url, init)),
    });
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
    this.#reports = undefined;
    saveAlertConfig(this.ctx.storage.sql, config);
    this.#evaluateDueMs = 0;
    await this.#arm();
  }

  // --- Objectives and alerts

  /** As they are at this moment, of one service or of all. */
  async readObjectives(service?: string): Promise<Objectives> {
    this.#failing.check();
    const nowMs = Date.now();
    const reports = await this.#judge(nowMs);
    return {
      atMs: nowMs,
      reports: service === undefined ? reports : reports.filter(({ objective }) => objective.service === service),
    };
  }

  /** For safety rules, as of the last look. */
  async readBudgets(): Promise<readonly BudgetState[]> {
    this.#failing.check();
    return (await this.#lastReports()).map(budgetStateOf);
  }

  /** For a scrape, as of the last look. */
  async readFigures(): Promise<ObjectiveFigures> {
    this.#failing.check();
    return (await this.#lastReports()).map(objectiveFiguresOf);
  }

  async readAlerts(): Promise<readonly Alert[]> {
    this.#failing.check();
    return this.#active;
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
    const alert = this.#active.find((one) => one.id === id);
    if (alert === undefined) return err(ALERT_UNKNOWN);
    const next = { ...alert, acknowledged };
    const active = this.#active.map((one) => (one === alert ? next : one));
    const saved = this.ctx.storage.transactionSync(() => this.#save(active));
    [this.#active, this.#saved] = [active, saved];
    return ok(next);
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
    const { sql } = this.ctx.storage;
    const terms = secretTerms(sql, Date.now());
    const counts = countDeliveries(sql);
    return this.#config.receivers.map((receiver) => ({
      ...receiver,
      terms: terms.get(receiver.secret) ?? [],
      deliveries: {
        ...{ pending: 0, delivered: 0, dead: 0 },
        ...Object.fromEntries(
          counts.flatMap(({ webhook, state, deliveries }) => (webhook === receiver.name ? [[state, deliveries]] : [])),
        ),
      },
    }));
  }

  async findWebhook(name: string): Promise<Receiver | undefined> {
    this.#failing.check();
    return this.#receiver(name);
  }

  /** Sends one event to it at once and answers with what came of that. */
  async testWebhook(name: string, event: NewEvent): Promise<Result<DeliveryView, AdminRefusal>> {
    this.#failing.check();
    if (this.#receiver(name) === undefined) return err(WEBHOOK_UNKNOWN);
    const { id } = this.ctx.storage.transactionSync(() => this.#outbox.addFor(event, name, Date.now()));
    return this.#sendNow(id);
  }

  async setWebhookSecret({ webhook, value, overlapMs }: SecretSetting): Promise<Result<SecretSet, AdminRefusal>> {
    this.#failing.check();
    const receiver = this.#receiver(webhook);
    if (receiver === undefined) return err(WEBHOOK_UNKNOWN);
    const made = value ?? signingSecret(crypto.getRandomValues(new Uint8Array(SECRET_BYTES_MADE)));
    const { storage } = this.ctx;
    const { secret } = receiver;
    const nowMs = Date.now();
    setSecret(storage, { secret, value: made, overlapMs, nowMs });
    const users = this.#config.receivers.filter((one) => one.secret === secret).map(({ name }) => name);
    hurryDeliveries(storage.sql, users, nowMs);
    await this.#arm();
    const terms = secretTerms(storage.sql, nowMs).get(secret) ?? [];
    return ok({ secret, terms, ...(value === undefined ? { made } : {}) });
  }

  async listDeliveries(filter: DeliveryFilter): Promise<readonly DeliveryView[]> {
    this.#failing.check();
    return listDeliveries(this.ctx.storage.sql, filter).map((delivery) => this.#viewOf(delivery));
  }

  async findDelivery(id: string): Promise<DeliveryView | undefined> {
    this.#failing.check();
    const delivery = findDelivery(this.ctx.storage.sql, id);
    return delivery === undefined ? undefined : this.#viewOf(delivery);
  }

  /** Under the id that it had: a receiver that has it already can tell. */
  async replayDelivery(id: string): Promise<Result<DeliveryView, AdminRefusal>> {
    this.#failing.check();
    const { sql } = this.ctx.storage;
    if (findDelivery(sql, id) === undefined) return err(DELIVERY_UNKNOWN);
    markReplayed(sql, id, Date.now());
    return this.#sendNow(id);
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
        if (Date.now() >= this.#evaluateDueMs) await this.#evaluate();
        await this.#outbox.send();
        await this.#openIncidents();
        await this.#arm();
      },
    );
  }

  async #evaluate(): Promise<void> {
    const nowMs = Date.now();
    this.#evaluateDueMs = nowMs + EVALUATE_MS;
    const reports = await this.#judge(nowMs);
    this.#reports = reports;
    const recent = await this.#changesFor(reviewAlerts(this.#active, reports, nowMs));
    // Anew, from what there is after waiting: somebody may have acknowledged an alert meanwhile.
    const { active, ended, notices } = reviewAlerts(this.#active, reports, nowMs);
    // What is not written down has not been told either, and is looked at again.
    const saved = this.ctx.storage.transactionSync(() => {
      for (const notice of notices) {
        this.#outbox.add(alertEvent(notice, this.#context, recent), nowMs);
        addAlertTold(this.ctx.storage.sql, alertTold(notice, nowMs));
        const { id, severity, service, sli, scope } = notice.alert;
        logEvent(`alert.${notice.kind}`, { alert: id, severity, service, sli, scope });
      }
      for (const alert of ended) addToHistory(this.ctx.storage.sql, alert, nowMs);
      return this.#save(active);
    });
    [this.#active, this.#saved] = [active, saved];
  }

  /** What was changed before, when there is somebody to tell. Nobody is called later because that cannot be said. */
  async #changesFor({ notices }: Reviewed): Promise<readonly RecentChange[] | undefined> {
    const began = notices.flatMap(({ kind, alert }) => (kind === "resolved" ? [] : [alert.sinceMs]));
    if (began.length === 0) return undefined;
    const window = { fromMs: 0, beforeMs: Math.max(...began), beforeNumber: Number.MAX_SAFE_INTEGER };
    try {
      const asked = fleetStub(this.env).recentChanges({ ...window, limit: CHANGES_LOOKED_AT_MAX });
      return await withinMs(CHANGES_MS_MAX, "fleet", asked);
    } catch (error) {
      logEvent("alert.withoutChanges", { error: errorText(error) });
      return undefined;
    }
  }

  async #judge(nowMs: number): Promise<readonly ObjectiveReport[]> {
    const { objectives } = this.#config;
    if (objectives.length === 0) return [];
    const periods = objectives.map(({ window }) => PERIOD_MS[window]);
    const windowsMs = [...new Set([...RULE_WINDOWS_MS, ...periods])];
    const counts = await this.#counts.read(windowsMs, nowMs, EVALUATE_MS / 2);
    return judgeAll(objectives, (windowMs) => counts.get(windowMs));
  }

  async #lastReports(): Promise<readonly ObjectiveReport[]> {
    this.#reports ??= await this.#judge(Date.now());
    return this.#reports;
  }

  /** Nobody waits for it: an incident that cannot be opened now is opened with the next look. */
  async #openIncidents(): Promise<void> {
    const { sql } = this.ctx.storage;
    const { incidentSeverity: severity } = this.#config;
    for (const id of incidentsDue(sql)) {
      const alert = this.#active.find((one) => one.id === id);
      if (alert !== undefined && severity !== "off") {
        const { summary } = alertEvent({ kind: "firing", alert }, this.#context);
        const openedAtMs = alert.firedAtMs ?? Date.now();
        await fleetStub(this.env).openOwnIncident(alertIncident(alert, { severity, summary, openedAtMs }));
      }
      markIncident(sql, id);
    }
  }

  /** What changed is written: an alert that only goes on costs nothing. Answers with what is written down afterwards. */
  #save(active: readonly Alert[]): ReadonlyMap<string, Alert> {
    const { sql } = this.ctx.storage;
    const now = byId(active);
    for (const id of this.#saved.keys()) if (!now.has(id)) dropAlert(sql, id);
    const saved = new Map<string, Alert>();
    for (const [id, alert] of now) {
      const before = this.#saved.get(id);
      const isNew = before === undefined || isAnother(before, alert);
      const pages = alert.severity === "page" && alert.state === "firing" && before?.state !== "firing";
      if (isNew) saveAlert(sql, alert, pages && this.#config.incidentSeverity !== "off");
      saved.set(id, isNew ? alert : before);
    }
    return saved;
  }

  async #sendNow(id: string): Promise<Result<DeliveryView, AdminRefusal>> {
    // A round that is under way may have begun before.
    await this.#outbox.send();
    const before = findDelivery(this.ctx.storage.sql, id);
    if (before?.state === "pending" && before.attempts === 0) await this.#outbox.send();
    await this.#arm();
    const delivery = findDelivery(this.ctx.storage.sql, id);
    return delivery === undefined ? err(DELIVERY_UNKNOWN) : ok(this.#viewOf(delivery));
  }

  #viewOf(delivery: Delivery): DeliveryView {
    const { type = "", summary = "" } = findEvent(this.ctx.storage.sql, delivery.messageId) ?? {};
    return { ...delivery, type, summary };
  }

  #receiver(name: string): Receiver | undefined {
    return this.#config.receivers.find((one) => one.name === name);
  }

  get #context(): AlertContext {
    const { ADMIN_URL: apiUrl } = this.env;
    return { ...this.#config.context, ...(apiUrl === undefined ? {} : { apiUrl }) };
  }

  async #arm(): Promise<void> {
    const times = [
      ...(this.#config.objectives.length === 0 && this.#active.length === 0 ? [] : [this.#evaluateDueMs]),
      ...(this.#outbox.nextDueMs() === undefined ? [] : [this.#outbox.nextDueMs() ?? 0]),
    ];
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    await this.ctx.storage.setAlarm(Math.max(Math.min(...times), Date.now()));
  }
}

function byId(alerts: readonly Alert[]): ReadonlyMap<string, Alert> {
  return new Map(alerts.map((alert) => [alert.id, alert]));
}

function isAnother(a: Alert, b: Alert): boolean {
  return (
    a.state !== b.state ||
    a.clearSinceMs !== b.clearSinceMs ||
    a.acknowledged !== b.acknowledged ||
    a.regions.length !== b.regions.length ||
    b.knownAtMs - a.knownAtMs >= KNOWN_SAVED_MS
  );
}

const ALERT_UNKNOWN: AdminRefusal = { code: "alertUnknown", detail: "There is no such alert, or it is over." };
const WEBHOOK_UNKNOWN: AdminRefusal = { code: "webhookUnknown", detail: "The fleet has no such Webhook." };
const DELIVERY_UNKNOWN: AdminRefusal = { code: "deliveryUnknown", detail: "There is no such delivery." };

/**
 * Looks at the objectives now and then, keeps the alerts that come of it, and puts what people are to know into the outbox.
 * The reasoning is `core/objectives/`; here are the clock, the storage and what has to be asked elsewhere.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { alertIncident } from "../core/commit/incidents.ts";
import type { Acknowledgement, Alert } from "../core/objectives/alert.ts";
import type { AlertConfig } from "../core/objectives/alert-config.ts";
import { type AlertContext, alertEvent } from "../core/objectives/alert-event.ts";
import { PERIOD_MS, RULE_WINDOWS_MS } from "../core/objectives/burn-rules.ts";
import type { RecentChange } from "../core/objectives/changes-before.ts";
import { judgeAll, type ObjectiveReport } from "../core/objectives/judge.ts";
import { type Reviewed, reviewAlerts } from "../core/objectives/review.ts";
import { alertTold } from "../core/timeline/entries.ts";
import { type AdminEnv, fleetStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import {
  addAlertTold,
  addToHistory,
  dropAlert,
  incidentsDue,
  loadAlerts,
  markIncident,
  saveAlert,
} from "../store/alert-store.ts";
import { CountsReader } from "./counts-reader.ts";
import { withinMs } from "./deadline.ts";
import type { Outbox } from "./outbox.ts";

/** As often as telemetry closes a window. */
export const EVALUATE_MS = 10_000;
/** What has not changed but for when it was last looked at is written this often. */
const KNOWN_SAVED_MS = 60_000;

/** Somebody waits to be called. */
const CHANGES_MS_MAX = 2_000;
/** Of all services and regions together. */
const CHANGES_LOOKED_AT_MAX = 50;

export type ObjectiveWatchDeps = {
  readonly storage: DurableObjectStorage;
  readonly env: AdminEnv;
  readonly outbox: Outbox;
  readonly config: () => AlertConfig;
};

export class ObjectiveWatch {
  readonly #deps: ObjectiveWatchDeps;
  readonly #counts: CountsReader;
  #active: readonly Alert[];
  /** As they are written down, to see what has to be written. */
  #saved: ReadonlyMap<string, Alert>;
  /** Of the last look by this config. */
  #reports: readonly ObjectiveReport[] | undefined;

  constructor(deps: ObjectiveWatchDeps) {
    this.#deps = deps;
    this.#counts = new CountsReader(deps.env);
    this.#active = loadAlerts(deps.storage.sql);
    this.#saved = byId(this.#active);
  }

  get active(): readonly Alert[] {
    return this.#active;
  }

  /** Whether there is anything to look at, or that may yet end. */
  get isDue(): boolean {
    return this.#deps.config().objectives.length > 0 || this.#active.length > 0;
  }

  /** Another config holds: what was seen by the one before says nothing. */
  forget(): void {
    this.#reports = undefined;
  }

  /** As it is at this moment. */
  async judge(nowMs: number): Promise<readonly ObjectiveReport[]> {
    const { objectives } = this.#deps.config();
    if (objectives.length === 0) return [];
    const periods = objectives.map(({ window }) => PERIOD_MS[window]);
    const windowsMs = [...new Set([...RULE_WINDOWS_MS, ...periods])];
    const counts = await this.#counts.read(windowsMs, nowMs, EVALUATE_MS / 2);
    return judgeAll(objectives, (windowMs) => counts.get(windowMs));
  }

  /** As of the last look. */
  async lastReports(): Promise<readonly ObjectiveReport[]> {
    this.#reports ??= await this.judge(Date.now());
    return this.#reports;
  }

  acknowledge(id: string, acknowledged: Acknowledgement): Result<Alert, AdminRefusal> {
    const alert = this.#active.find((one) => one.id === id);
    if (alert === undefined) return err(ALERT_UNKNOWN);
    const next = { ...alert, acknowledged };
    const active = this.#active.map((one) => (one === alert ? next : one));
    const saved = this.#deps.storage.transactionSync(() => this.#save(active));
    [this.#active, this.#saved] = [active, saved];
    return ok(next);
  }

  async look(nowMs: number): Promise<void> {
    const reports = await this.judge(nowMs);
    this.#reports = reports;
    const recent = await this.#changesFor(reviewAlerts(this.#active, reports, nowMs));
    // Anew, from what there is after waiting: somebody may have acknowledged an alert meanwhile.
    const { active, ended, notices } = reviewAlerts(this.#active, reports, nowMs);
    // What is not written down has not been told either, and is looked at again.
    const { storage, outbox } = this.#deps;
    const saved = storage.transactionSync(() => {
      for (const notice of notices) {
        outbox.add(alertEvent(notice, this.#context, recent), nowMs);
        addAlertTold(storage.sql, alertTold(notice, nowMs));
        const { id, severity, service, sli, scope } = notice.alert;
        logEvent(`alert.${notice.kind}`, { alert: id, severity, service, sli, scope });
      }
      for (const alert of ended) addToHistory(storage.sql, alert, nowMs);
      return this.#save(active);
    });
    [this.#active, this.#saved] = [active, saved];
  }

  /** Nobody waits for it: an incident that cannot be opened now is opened with the next look. */
  async openIncidents(): Promise<void> {
    const { storage, env, config } = this.#deps;
    const { sql } = storage;
    const { incidentSeverity: severity } = config();
    for (const id of incidentsDue(sql)) {
      const alert = this.#active.find((one) => one.id === id);
      if (alert !== undefined && severity !== "off") {
        const { summary } = alertEvent({ kind: "firing", alert }, this.#context);
        const openedAtMs = alert.firedAtMs ?? Date.now();
        await fleetStub(env).openOwnIncident(alertIncident(alert, { severity, summary, openedAtMs }));
      }
      markIncident(sql, id);
    }
  }

  /** What was changed before, when there is somebody to tell. Nobody is called later because that cannot be said. */
  async #changesFor({ notices }: Reviewed): Promise<readonly RecentChange[] | undefined> {
    const began = notices.flatMap(({ kind, alert }) => (kind === "resolved" ? [] : [alert.sinceMs]));
    if (began.length === 0) return undefined;
    const window = { fromMs: 0, beforeMs: Math.max(...began), beforeNumber: Number.MAX_SAFE_INTEGER };
    try {
      const asked = fleetStub(this.#deps.env).recentChanges({ ...window, limit: CHANGES_LOOKED_AT_MAX });
      return await withinMs(CHANGES_MS_MAX, "fleet", asked);
    } catch (error) {
      logEvent("alert.withoutChanges", { error: errorText(error) });
      return undefined;
    }
  }

  /** What changed is written: an alert that only goes on costs nothing. Answers with what is written down afterwards. */
  #save(active: readonly Alert[]): ReadonlyMap<string, Alert> {
    const { storage, config } = this.#deps;
    const { sql } = storage;
    const now = byId(active);
    for (const id of this.#saved.keys()) if (!now.has(id)) dropAlert(sql, id);
    const saved = new Map<string, Alert>();
    for (const [id, alert] of now) {
      const before = this.#saved.get(id);
      const isNew = before === undefined || isAnother(before, alert);
      const pages = alert.severity === "page" && alert.state === "firing" && before?.state !== "firing";
      if (isNew) saveAlert(sql, alert, pages && config().incidentSeverity !== "off");
      saved.set(id, isNew ? alert : before);
    }
    return saved;
  }

  get #context(): AlertContext {
    const { ADMIN_URL: apiUrl } = this.#deps.env;
    return { ...this.#deps.config().context, ...(apiUrl === undefined ? {} : { apiUrl }) };
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

/**
 * The telemetry of an environment: takes what each data centre hands up, keeps windows and totals of it, and answers
 * questions. The account is `store/telemetry-ledger.ts`, the answers are `core/telemetry/`; this object keeps the clock
 * and the storage. Placed by whoever asks it first.
 */
import { DurableObject } from "cloudflare:workers";
import { TELEMETRY_WINDOW_MS } from "../../config/telemetry.ts";
import { type CountsOfWindow, countRows } from "../core/telemetry/counts.ts";
import { evaluate, type MetricsQuery, type MetricsResult, stepsOf } from "../core/telemetry/query.ts";
import type { TelemetryTotal } from "../core/telemetry/totals.ts";
import { type TrafficShares, trafficShares } from "../core/telemetry/traffic-shares.ts";
import { coveredFrom } from "../core/telemetry/windows.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { migrate, TELEMETRY_MIGRATIONS } from "../store/migrations.ts";
import { type LedgerSummary, type ReadPush, TelemetryLedger } from "../store/telemetry-ledger.ts";
import { PUSH_AFTER_MS, readPush, type TelemetryPush } from "../store/telemetry-shard.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { GATHER_MS_DEVELOPMENT, GroupCommit } from "./group-commit.ts";
import { rescuedAlarm } from "./rescued-alarm.ts";

/** 300 data centres tell of a window within some seconds of each other, and all touch the same rows. */
const GATHER_MS = 1_000;
const GATHERED_MAX = 500;

const RESCUE_MS = 5_000;
const ALARM_MS_MIN = 1_000;

/** Shards hand a window up after this, and it is written down a moment later: before that it is not complete. */
export const SETTLE_MS = TELEMETRY_WINDOW_MS + PUSH_AFTER_MS + 2 * GATHER_MS;

export type MetricsAnswer = MetricsResult & {
  /** Where the first step really begins: further back than asked for where only coarse windows are kept. */
  readonly coveredFromMs: number;
  /** What begins later may still grow. */
  readonly settledUntilMs: number;
};

export type RangeQuery = { readonly fromMs: number; readonly toMs: number; readonly service?: string };

export class TelemetryRoot extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #ledger: TelemetryLedger;
  readonly #gathered: GroupCommit<ReadPush>;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, TELEMETRY_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    this.#ledger = new TelemetryLedger(ctx.storage);
    this.#gathered = new GroupCommit({
      delayMs: isDevelopment(env) ? GATHER_MS_DEVELOPMENT : GATHER_MS,
      itemsMax: GATHERED_MAX,
      commit: (pushes) => this.#ledger.accept(pushes, Date.now()),
    });
  }

  /** From a shard. Resolves when it is counted, now or before. */
  async accept({ text, ...push }: TelemetryPush): Promise<void> {
    this.#failing.check();
    await this.#gathered.add({ ...push, content: readPush(text) });
    await this.#arm(false);
  }

  async query(query: MetricsQuery): Promise<MetricsAnswer> {
    this.#failing.check();
    const nowMs = Date.now();
    const steps = stepsOf(query).map((atMs) => ({
      atMs,
      rows: this.#ledger.read({ fromMs: atMs, toMs: Math.min(atMs + query.stepMs, query.toMs) }, nowMs),
    }));
    const coveredFromMs = coveredFrom(steps[0]?.atMs ?? query.fromMs, this.#ledger.folded, nowMs);
    return { ...evaluate(query, steps), coveredFromMs, settledUntilMs: nowMs - SETTLE_MS };
  }

  /** Where the clients of each continent were served. */
  async distribution({ fromMs, toMs, service }: RangeQuery): Promise<TrafficShares> {
    this.#failing.check();
    const rows = this.#ledger.read({ fromMs, toMs }, Date.now());
    return trafficShares(service === undefined ? rows : rows.filter(({ key }) => key.service === service));
  }

  /** Counters since the first message, for scrapers. */
  async totals(): Promise<readonly TelemetryTotal[]> {
    this.#failing.check();
    return this.#ledger.totals();
  }

  /**
   * How each service did in each of its clusters within the last `windowMs` before `nowMs`, as far as data centres have
   * told of it: from windows of 10 seconds within the last hour, of minutes within a day, of hours before that. `beganMs`:
   * since when anything is on record, absent when nothing is.
   */
  async countsOver(windowMs: number, nowMs: number): Promise<CountsOfWindow> {
    this.#failing.check();
    const counts = countRows(this.#ledger.read({ fromMs: nowMs - windowMs, toMs: nowMs }, Date.now()));
    const beganMs = this.#ledger.beganMs();
    return beganMs === undefined ? { counts } : { counts, beganMs };
  }

  /** Who has told, and what was lost on the way. */
  async summary(): Promise<LedgerSummary> {
    this.#failing.check();
    return this.#ledger.summary();
  }

  async setFailing(failing: boolean): Promise<void> {
    await this.#failing.setAndWake(failing);
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    await rescuedAlarm(
      { storage, failing: this.#failing, rescueMs: RESCUE_MS, event: "telemetry.runFailed" },
      async () => {
        const more = this.#ledger.tend(Date.now());
        await this.ctx.storage.deleteAlarm();
        await this.#arm(more);
      },
    );
  }

  /** Setting an alarm is a write, so one that is early enough stays. */
  async #arm(more: boolean): Promise<void> {
    const soonMs = Date.now() + ALARM_MS_MIN;
    const dueMs = more ? soonMs : this.#ledger.dueMs();
    if (dueMs === undefined) return;
    const wantedMs = Math.max(dueMs, soonMs);
    const armedMs = await this.ctx.storage.getAlarm();
    if (armedMs === null || armedMs > wantedMs) await this.ctx.storage.setAlarm(wantedMs);
  }
}

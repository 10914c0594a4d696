/**
 * The telemetry of one data centre: takes the reports of its isolates, keeps windows of them, and hands what ended up to
 * the root. The account is `store/telemetry-shard.ts`; this object keeps the clock, the connection and the storage.
 * Another class than the root's, because the two hear different things from different sides and share their store only.
 */
import { DurableObject } from "cloudflare:workers";
import { backoffMs } from "../../config/backoff.ts";
import { TELEMETRY_REPORT_BYTES_MAX, TELEMETRY_REPORT_PATH, type TelemetryReport } from "../../config/telemetry.ts";
import { TelemetryReportSchema } from "../../config/telemetry-report.ts";
import { type AdminEnv, isDevelopment, telemetryRootStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { migrate, TELEMETRY_MIGRATIONS } from "../store/migrations.ts";
import { TelemetryShard } from "../store/telemetry-shard.ts";
import { withinMs } from "./deadline.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { GATHER_MS_DEVELOPMENT, GroupCommit } from "./group-commit.ts";
import { rescuedAlarm } from "./rescued-alarm.ts";

/**
 * A busy data centre has dozens of isolates, and they tell of a window within the three seconds after its end: two or
 * three writes take them all.
 */
const GATHER_MS = 1_500;
/** Ten times what the busiest would have. */
const GATHERED_MAX = 500;

/** The alarm that is set before the work, should the object die in it. */
const RESCUE_MS = 5_000;
const ALARM_MS_MIN = 1_000;
const PUSH_MS_MAX = 10_000;
/** Messages that are handed up with one alarm: the backlog of a day goes in ten minutes. */
const PUSHES_MAX = 20;

export class TelemetryObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #shard: TelemetryShard;
  readonly #gathered: GroupCommit<TelemetryReport>;
  /** In a row. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, TELEMETRY_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    const name = ctx.id.name ?? ctx.id.toString();
    const shard = name.slice(name.indexOf(":") + 1);
    this.#shard = new TelemetryShard(ctx.storage, { shard, incarnation: crypto.randomUUID() });
    this.#gathered = new GroupCommit({
      delayMs: isDevelopment(env) ? GATHER_MS_DEVELOPMENT : GATHER_MS,
      itemsMax: GATHERED_MAX,
      commit: (reports) => this.#shard.accept(reports, Date.now()),
    });
  }

  /** 204 when the report is counted, now or before. */
  override async fetch(request: Request): Promise<Response> {
    this.#failing.check();
    if (new URL(request.url).pathname !== TELEMETRY_REPORT_PATH) return new Response(null, { status: 404 });
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const text = await request.text();
    if (text.length > TELEMETRY_REPORT_BYTES_MAX) return new Response(null, { status: 413 });
    const report = parseReport(text);
    if (report === undefined) return new Response(null, { status: 400 });
    await this.#gathered.add(report);
    await this.#armNoLaterThan();
    return new Response(null, { status: 204 });
  }

  async setFailing(failing: boolean): Promise<void> {
    await this.#failing.setAndWake(failing);
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    await rescuedAlarm(
      { storage, failing: this.#failing, rescueMs: RESCUE_MS, event: "telemetry.runFailed" },
      async () => {
        const more = this.#shard.tend(Date.now());
        await this.#push();
        await this.#arm(more);
      },
    );
  }

  /** In order, and each only when the one before it was acknowledged. */
  async #push(): Promise<void> {
    for (let pushed = 0; pushed < PUSHES_MAX; pushed += 1) {
      const push = this.#shard.nextPush();
      if (push === undefined) return;
      try {
        await withinMs(PUSH_MS_MAX, "telemetry root", telemetryRootStub(this.env).accept(push));
        this.#shard.acknowledge(push.sequence);
        this.#failures = 0;
      } catch (error) {
        if (this.#failures === 0) logEvent("telemetry.pushFailed", { shard: push.shard, error: errorText(error) });
        this.#failures += 1;
        return;
      }
    }
  }

  async #arm(more: boolean): Promise<void> {
    const nowMs = Date.now();
    const dueMs = this.#dueMs(nowMs, more);
    if (dueMs === undefined) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(dueMs, nowMs + ALARM_MS_MIN));
  }

  #dueMs(nowMs: number, more: boolean): number | undefined {
    if (this.#failures > 0) return nowMs + backoffMs(this.#failures);
    return more || this.#shard.nextPush() !== undefined ? nowMs : this.#shard.dueMs();
  }

  /** Setting an alarm is a write, so one that is early enough stays. */
  async #armNoLaterThan(): Promise<void> {
    if (this.#failures > 0) return;
    const dueMs = this.#dueMs(Date.now(), false);
    const armedMs = await this.ctx.storage.getAlarm();
    if (dueMs !== undefined && (armedMs === null || armedMs > Math.max(dueMs, Date.now() + ALARM_MS_MIN)))
      await this.ctx.storage.setAlarm(Math.max(dueMs, Date.now() + ALARM_MS_MIN));
  }
}

function parseReport(text: string): TelemetryReport | undefined {
  try {
    return TelemetryReportSchema.parse(JSON.parse(text));
  } catch {
    return undefined; // Only the edge has the binding, so there is nobody to whom more would be of use.
  }
}

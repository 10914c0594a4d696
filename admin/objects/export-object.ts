/**
 * Pushes the metrics of an environment to an OTLP receiver, on an alarm, while one is declared. What is pushed is what a
 * scrape of `/metrics` would show, and how the pushes go is among it. The fleet object wakes it: an alarm alone would
 * never begin.
 */
import { DurableObject } from "cloudflare:workers";
import { z } from "@hono/zod-openapi";
import type { OtlpDestination, OtlpOutcome } from "../../config/otlp.ts";
import { VERSION } from "../../config/release-version.ts";
import { familiesOf } from "../core/metrics/families.ts";
import type { ExportFigures } from "../core/metrics/figures.ts";
import { otlpMetrics } from "../core/metrics/otlp.ts";
import { pushWaitMs } from "../core/metrics/push-wait.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { MetricsCollector } from "./metrics-collector.ts";
import { pushOtlp } from "./otlp-push.ts";
import { readPushSetting } from "./push-setting.ts";

/** The alarm that is set before the work, should the object die in it; also how often a setting that is wrong is read again. */
const RESCUE_MS = 60_000;

const TALLY_KEY = "tally";

/** Kept over restarts: between two pushes the platform may forget the object, and a count that starts anew says little. */
const Tally = z.object({
  sinceMs: z.int(),
  successes: z.int(),
  failures: z.int(),
  rejectedPoints: z.int(),
  lastSuccessMs: z.int().exactOptional(),
  /** In a row. */
  failing: z.int(),
});
type Tally = Readonly<z.infer<typeof Tally>>;

export class ExportObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #collector: MetricsCollector;
  #tally: Tally;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    this.#collector = new MetricsCollector(env);
    const kept = Tally.safeParse(ctx.storage.kv.get(TALLY_KEY));
    this.#tally = kept.success
      ? kept.data
      : { sinceMs: Date.now(), successes: 0, failures: 0, rejectedPoints: 0, failing: 0 };
  }

  /** Begins, unless it has begun. */
  async wake(): Promise<void> {
    this.#failing.check();
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now());
  }

  async readFigures(): Promise<ExportFigures> {
    this.#failing.check();
    return this.#tally;
  }

  async setFailing(failing: boolean): Promise<void> {
    this.#failing.set(failing);
  }

  override async alarm(): Promise<void> {
    // Armed before the work: whatever goes wrong below, the object wakes up again.
    await this.ctx.storage.setAlarm(Date.now() + RESCUE_MS);
    if (this.#failing.failing) return;
    const setting = readPushSetting(this.env);
    if (!setting.ok) return this.#count({ kind: "refused", because: setting.error });
    if (setting.value === undefined) return this.ctx.storage.deleteAlarm();
    const { destination, intervalMs } = setting.value;
    const outcome = await this.#push(destination);
    this.#count(outcome);
    const wish = outcome.kind === "failed" && outcome.retryAfterMs !== undefined ? outcome : {};
    await this.ctx.storage.setAlarm(Date.now() + pushWaitMs({ intervalMs, failures: this.#tally.failing, ...wish }));
  }

  async #push(destination: OtlpDestination): Promise<OtlpOutcome> {
    try {
      const facts = await this.#collector.collect(this.#tally);
      const families = familiesOf(facts);
      const resource = {
        "service.name": "fairlead",
        "service.version": VERSION,
        "deployment.environment.name": this.env.ENVIRONMENT,
      };
      const source = { resource, scope: { name: "fairlead", version: VERSION } };
      const request = otlpMetrics(source, families, facts.nowMs);
      const egress = this.env.EGRESS;
      return await pushOtlp(destination, request, (url, init) =>
        egress === undefined ? fetch(url, init) : egress.fetch(url, init),
      );
    } catch (error) {
      return { kind: "failed", because: errorText(error) };
    }
  }

  #count(outcome: OtlpOutcome): void {
    const { successes, failures, rejectedPoints, failing } = this.#tally;
    if (outcome.kind === "taken") {
      const rejected = rejectedPoints + outcome.rejected;
      this.#tally = {
        ...this.#tally,
        successes: successes + 1,
        failing: 0,
        rejectedPoints: rejected,
        lastSuccessMs: Date.now(),
      };
    } else this.#tally = { ...this.#tally, failures: failures + 1, failing: failing + 1 };
    this.ctx.storage.kv.put(TALLY_KEY, this.#tally);
    if (outcome.kind !== "taken")
      logEvent("export.failed", { because: outcome.because, failures: this.#tally.failing });
    else if (outcome.rejected > 0) logEvent("export.pointsRejected", { points: outcome.rejected });
  }
}

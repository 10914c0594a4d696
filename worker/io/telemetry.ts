/**
 * Tells the telemetry object of this data centre how requests were answered: window by window of the clock, behind a
 * request's back. The first answer of a window sets a timer for its end, so that the last requests of a burst are told
 * as well, and an isolate without requests says nothing and costs nothing. A report that does not come through is sent
 * once more under its number, which makes it count once; then it is dropped, and the next one says so.
 */
import {
  coloOf,
  TELEMETRY_REPORT_ROWS_MAX,
  type TelemetryDropped,
  type TelemetryReport,
  type TelemetryRow,
} from "../../config/telemetry.ts";
import { type Answer, Answers, type Failover } from "../telemetry/answers.ts";

/** After its end a window is told within this part of its length, so that isolates do not all speak at once. */
const JITTER_SHARE = 0.3;

/** Long enough for an object that moves or is deployed to be back. With the window, its jitter and two deadlines it is
 * 27 s at most, and the platform lets work go on for 30 s after the answer. */
const RETRY_MS = 3_000;

/** Windows that ended and were not told, because the request that had the timer was cut off. Beyond it the oldest goes. */
const ENDED_MAX = 3;

export type TelemetryOptions = {
  /** 16 random hex digits. */
  readonly isolate: string;
  /** The length of a window; 0 switches telemetry off. */
  readonly windowMs: number;
  /** Rejects when it did not come through. */
  readonly tell: (colo: string, report: TelemetryReport) => Promise<void>;
  /** Where the rows go besides. Throws nothing that is not caught here. */
  readonly sink: ((colo: string, rows: readonly TelemetryRow[]) => void) | undefined;
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

type Background = { waitUntil(promise: Promise<unknown>): void };

type Window = { readonly fromMs: number; readonly untilMs: number; readonly answers: Answers };

export class TelemetryReporter {
  readonly #options: TelemetryOptions;
  #current: Window | undefined;
  #ended: Window[] = [];
  #sequence = 0;
  #dropped: TelemetryDropped = NOTHING_DROPPED;
  #failing = false;

  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  /** Call once for each answer. Costs two comparisons and what `Answers` says; `cf` is looked at once a window. */
  note(answer: Answer, nowMs: number, request: { readonly cf?: unknown }, background: Background): void {
    this.#answers(nowMs, request, background)?.add(answer);
  }

  /** Call once for each attempt that failed and was not the last one of its request. */
  noteFailover(failover: Failover, nowMs: number, request: { readonly cf?: unknown }, background: Background): void {
    this.#answers(nowMs, request, background)?.addFailover(failover);
  }

  /** Of the window at hand; undefined when nothing is counted. */
  #answers(nowMs: number, request: { readonly cf?: unknown }, background: Background): Answers | undefined {
    if (this.#options.windowMs === 0) return undefined;
    if (this.#current === undefined || nowMs >= this.#current.untilMs) this.#begin(nowMs, request.cf, background);
    return this.#current?.answers;
  }

  #begin(nowMs: number, cf: unknown, background: Background): void {
    const { windowMs } = this.#options;
    this.#end();
    this.#giveUpOldest();
    const fromMs = Math.floor(nowMs / windowMs) * windowMs;
    const window = { fromMs, untilMs: fromMs + windowMs, answers: new Answers() };
    this.#current = window;
    background.waitUntil(this.#tellAfter(window, nowMs, coloOf((cf as { colo?: unknown } | null | undefined)?.colo)));
  }

  #end(): void {
    if (this.#current === undefined) return;
    this.#ended.push(this.#current);
    this.#current = undefined;
  }

  #giveUpOldest(): void {
    const [oldest] = this.#ended;
    if (oldest === undefined || this.#ended.length <= ENDED_MAX) return;
    this.#ended.shift();
    this.#dropped = addDropped(this.#dropped, { reports: 1, requests: oldest.answers.requests });
  }

  /** Asynchronous from its first step: nothing in here costs the request that is behind it. */
  async #tellAfter(window: Window, nowMs: number, colo: string): Promise<void> {
    const { windowMs, sleep, chance, log } = this.#options;
    await sleep(window.untilMs - nowMs + windowMs * JITTER_SHARE * chance());
    if (this.#current === window) this.#end();
    const ended = this.#ended;
    this.#ended = [];
    try {
      await Promise.all(ended.flatMap((one) => this.#reportsOf(one)).map((report) => this.#deliver(colo, report)));
      this.#options.sink?.(
        colo,
        ended.flatMap(({ answers }) => answers.rows()),
      );
    } catch (error) {
      log("telemetry.failed", { detail: String(error) });
    }
  }

  #reportsOf({ fromMs, answers }: Window): readonly TelemetryReport[] {
    const { isolate } = this.#options;
    return chunk(answers.rows(), TELEMETRY_REPORT_ROWS_MAX).map((rows) => {
      const dropped = this.#dropped;
      this.#dropped = NOTHING_DROPPED;
      const report = { isolate, sequence: this.#sequence, fromMs, rows };
      this.#sequence += 1;
      return dropped.reports === 0 ? report : { ...report, dropped };
    });
  }

  async #deliver(colo: string, report: TelemetryReport): Promise<void> {
    const { tell, sleep, chance, log } = this.#options;
    try {
      try {
        await tell(colo, report);
      } catch {
        await sleep(RETRY_MS * (1 + chance()));
        await tell(colo, report);
      }
      this.#failing = false;
    } catch (error) {
      const requests = report.rows.reduce((sum, row) => sum + row.requests, 0);
      this.#dropped = addDropped(this.#dropped, { reports: 1, requests });
      if (report.dropped !== undefined) this.#dropped = addDropped(this.#dropped, report.dropped);
      // One line an outage.
      if (!this.#failing) log("telemetry.dropped", { colo, requests, detail: String(error) });
      this.#failing = true;
    }
  }
}

const NOTHING_DROPPED: TelemetryDropped = { reports: 0, requests: 0 };

function addDropped(a: TelemetryDropped, b: TelemetryDropped): TelemetryDropped {
  return { reports: a.reports + b.reports, requests: a.requests + b.requests };
}

function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

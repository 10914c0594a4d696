/**
 * Sends spans to an OpenTelemetry collector, for edges that no platform traces: kept in memory within bounds, in batches,
 * behind requests' backs and spread in time. What cannot be delivered is dropped and counted; no request ever waits for it.
 */
import { backoffMs } from "../../config/backoff.ts";
import {
  encodeSpans,
  type OtlpDestination,
  type OtlpOutcome,
  type OtlpSource,
  otlpOutcome,
  otlpRequest,
  type Span,
} from "../../config/otlp.ts";

/** As OpenTelemetry's own batch processor has them: some hundred KB in memory, and bodies that every collector takes. */
const SPANS_KEPT_MAX = 2_048;
const BATCH_MAX = 512;

/** A collector that takes longer is as good as gone. */
const DELIVERY_MS_MAX = 5_000;
/** Spread over half of the interval more, so that isolates which started together drift apart. */
const JITTER_SHARE = 0.5;
/** A delivery that was begun under a request which the platform ended early has not happened after so long. */
const GIVEN_UP_MS = 30_000;
const BACKOFF_MS_MAX = 60_000;

export type SpanExporterOptions = {
  readonly destination: OtlpDestination;
  readonly source: OtlpSource;
  /** Between the first span that is kept and its delivery. */
  readonly flushMs: number;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly wait: (ms: number) => Promise<unknown>;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

type Background = { waitUntil(promise: Promise<unknown>): void };

export class SpanExporter {
  readonly #options: SpanExporterOptions;
  #spans: Span[] = [];
  /** Somebody delivers, or will; when that was begun. */
  #claimedMs: number | undefined;
  #notBeforeMs = 0;
  /** In a row. */
  #failures = 0;
  #dropped = 0;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  /** Since this isolate began. */
  get dropped(): number {
    return this.#dropped;
  }

  keep(span: Span, background: Background): void {
    if (this.#spans.length < SPANS_KEPT_MAX) this.#spans.push(span);
    else this.#dropped += 1;
    const nowMs = this.#options.now();
    if (nowMs < this.#notBeforeMs || (this.#claimedMs !== undefined && nowMs < this.#claimedMs + GIVEN_UP_MS)) return;
    this.#claimedMs = nowMs;
    background.waitUntil(this.#deliverLater());
  }

  async #deliverLater(): Promise<void> {
    const { wait, flushMs, chance } = this.#options;
    await wait(flushMs * (1 + JITTER_SHARE * chance()));
    while (this.#spans.length > 0) if (!(await this.#deliverBatch())) break;
    this.#claimedMs = undefined;
  }

  /** Whether the next may follow. */
  async #deliverBatch(): Promise<boolean> {
    // Taken out first: when the platform ends this request in the middle, the batch is lost, and not sent twice.
    const batch = this.#spans.splice(0, BATCH_MAX);
    const outcome = await this.#post(batch);
    if (outcome.kind === "taken") {
      this.#dropped += Math.min(outcome.rejected, batch.length);
      if (this.#failures > 0) this.#options.log("spans.deliveredAgain", { dropped: this.#dropped });
      this.#failures = 0;
      return true;
    }
    if (this.#failures === 0) this.#options.log("spans.notDelivered", { because: outcome.because });
    this.#failures += 1;
    const room = outcome.kind === "failed" ? SPANS_KEPT_MAX - this.#spans.length : 0;
    this.#spans.unshift(...batch.slice(0, room));
    this.#dropped += Math.max(0, batch.length - room);
    this.#notBeforeMs = this.#options.now() + this.#waitMs(outcome.kind === "failed" ? outcome.retryAfterMs : 0);
    return false;
  }

  #waitMs(askedMs = 0): number {
    const backedOffMs = backoffMs(this.#failures, { baseMs: 2 * this.#options.flushMs, maxMs: BACKOFF_MS_MAX });
    return Math.max(backedOffMs, Math.min(askedMs, BACKOFF_MS_MAX));
  }

  async #post(batch: readonly Span[]): Promise<OtlpOutcome> {
    const { destination, source, fetch } = this.#options;
    try {
      const response = await fetch(destination.url, {
        ...otlpRequest(destination, encodeSpans(source, batch)),
        signal: AbortSignal.timeout(DELIVERY_MS_MAX),
      });
      const text = await response.text();
      return otlpOutcome("traces", { status: response.status, retryAfter: response.headers.get("retry-after"), text });
    } catch (error) {
      return { kind: "failed", because: String(error) };
    }
  }
}

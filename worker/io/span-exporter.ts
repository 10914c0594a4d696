/**
 * Sends spans to an OpenTelemetry collector, for edges that no platform traces: kept in memory within bounds, in batches,
 * behind requests' backs and spread in time. What cannot be delivered is dropped and counted; no request ever waits for it.
 */
import {
  encodeSpans,
  OTLP_RETRYABLE_STATUSES,
  type OtlpDestination,
  type OtlpSource,
  otlpUrl,
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

/** How a delivery went: whether the same may be tried again, and not before when. */
type Delivery =
  | { readonly kind: "delivered"; readonly rejected: number }
  | { readonly kind: "refused"; readonly detail: string }
  | { readonly kind: "failed"; readonly detail: string; readonly retryAfterMs: number };

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
    const delivery = await this.#post(batch);
    if (delivery.kind === "delivered") {
      this.#dropped += delivery.rejected;
      if (this.#failures > 0) this.#options.log("spans.deliveredAgain", { dropped: this.#dropped });
      this.#failures = 0;
      return true;
    }
    if (this.#failures === 0) this.#options.log("spans.notDelivered", { detail: delivery.detail });
    this.#failures += 1;
    const room = delivery.kind === "failed" ? SPANS_KEPT_MAX - this.#spans.length : 0;
    this.#spans.unshift(...batch.slice(0, room));
    this.#dropped += Math.max(0, batch.length - room);
    const retryAfterMs = delivery.kind === "failed" ? delivery.retryAfterMs : 0;
    const backoffMs = Math.min(this.#options.flushMs * 2 ** Math.min(this.#failures, 10), BACKOFF_MS_MAX);
    this.#notBeforeMs = this.#options.now() + Math.max(backoffMs, retryAfterMs);
    return false;
  }

  async #post(batch: readonly Span[]): Promise<Delivery> {
    const { destination, source, fetch } = this.#options;
    try {
      const response = await fetch(otlpUrl(destination, "traces"), {
        method: "POST",
        headers: { ...destination.headers, "content-type": "application/json" },
        body: JSON.stringify(encodeSpans(source, batch)),
        signal: AbortSignal.timeout(DELIVERY_MS_MAX),
        redirect: "manual",
      });
      const text = await response.text();
      if (response.ok) return { kind: "delivered", rejected: rejectedSpans(text) };
      const detail = `the collector answered ${response.status}`;
      return OTLP_RETRYABLE_STATUSES.has(response.status)
        ? { kind: "failed", detail, retryAfterMs: retryAfterMs(response.headers) }
        : { kind: "refused", detail };
    } catch (error) {
      return { kind: "failed", detail: String(error), retryAfterMs: 0 };
    }
  }
}

/** A collector may take a part; what it did not take it does not want again (OTLP, partial success). */
function rejectedSpans(text: string): number {
  try {
    const answer: unknown = JSON.parse(text);
    const count = Number(Reflect.get(Reflect.get(Object(answer), "partialSuccess") ?? {}, "rejectedSpans") ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? Math.min(count, BATCH_MAX) : 0;
  } catch {
    return 0; // an answer in protobuf, or none
  }
}

function retryAfterMs(headers: Headers): number {
  const seconds = Number(headers.get("retry-after") ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, BACKOFF_MS_MAX) : 0;
}

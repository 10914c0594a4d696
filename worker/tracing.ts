/**
 * The traces of an isolate: which request belongs to which, and, for those that are recorded, a span for the request, its
 * decision and each attempt, and one for a refresh of the snapshot. Recorded is what the client's parent says, or a share
 * of the traces that begin here, and what the platform records by itself. All others cost an id and a look.
 *
 * A span ends when the answer's head is there: bodies are handed on and not looked at. The clock stands still on Cloudflare
 * while code runs, so a decision reads 0 ms there.
 */
import type { Attributes, Span } from "../config/otlp.ts";
import { isSampledByRatio, type TraceContext } from "../config/trace-context.ts";
import type { Arrival } from "./arrival.ts";
import type { PlatformSpan, PlatformTracing } from "./io/platform-tracing.ts";
import type { SpanExporter } from "./io/span-exporter.ts";
import { type DecideInput, traceDecision } from "./routing/decide.ts";
import type { Decision } from "./routing/decision.ts";
import { answerEnd, decisionEnd, requestAttributes, type SpanEnd, spanName } from "./span-attributes.ts";
import { startTrace } from "./trace-context.ts";

type Background = { waitUntil(promise: Promise<unknown>): void };

export type RequestTrace = {
  readonly context: TraceContext;
  /** Absent when nothing of it is recorded here. */
  readonly spans?: RequestSpans;
};

/** What is needed of an arrival. */
type Traced = Pick<Arrival, "request" | "fields"> & { readonly background: Background };

export type TracingOptions = {
  readonly exporter: Pick<SpanExporter, "keep"> | undefined;
  readonly platform: PlatformTracing | undefined;
  /** Of the traces that begin here, the share that is exported. */
  readonly ratio: number;
  readonly randomHex: (digits: number) => string;
  readonly now: () => number;
};

export class Tracing {
  readonly #options: TracingOptions;

  constructor(options: TracingOptions) {
    this.#options = options;
  }

  begin({ request, fields, background }: Traced): RequestTrace {
    const { exporter, platform, ratio, randomHex } = this.#options;
    const platformId = platform?.traceId();
    const begun = startTrace(fields, { randomHex, ratio });
    const context =
      begun.parentId === undefined && platformId !== undefined ? { traceId: platformId, sampled: true } : begun;
    const exported = exporter !== undefined && context.sampled;
    if (!exported && platformId === undefined) return { context };
    const sinks = {
      ...this.#options,
      exporter: exported ? exporter : undefined,
      platform: platformId === undefined ? undefined : platform,
    };
    return { context, spans: new RequestSpans(request, context, sinks, background) };
  }

  /** `outcome` is asked when it is over. A refresh serves many requests and is a trace of its own. */
  async refresh(work: () => Promise<void>, outcome: () => SpanEnd, background: Background): Promise<void> {
    const { exporter, platform, ratio, randomHex, now } = this.#options;
    const traceId = ratio > 0 ? randomHex(32) : "";
    const exported = exporter !== undefined && ratio > 0 && isSampledByRatio(traceId, ratio);
    const platformId = platform?.traceId();
    if (!exported && platformId === undefined) return work();
    const startMs = now();
    await withinPlatform(platformId === undefined ? undefined : platform, "fairlead.refresh", {}, work, outcome);
    if (!exported) return;
    const span = { name: "fairlead.refresh", kind: "internal", traceId, spanId: randomHex(16) } as const;
    exporter.keep({ ...span, ...outcome(), startMs, endMs: now() }, background);
  }
}

export type SpanStart = {
  readonly name: string;
  readonly kind: Span["kind"];
  readonly attributes: Attributes;
};

/** Of one request that is recorded. */
export class RequestSpans {
  readonly #request: Request;
  readonly #context: TraceContext;
  readonly #sinks: TracingOptions;
  readonly #background: Background;
  readonly #rootId: string;
  readonly #startMs: number;

  constructor(request: Request, context: TraceContext, sinks: TracingOptions, background: Background) {
    this.#request = request;
    this.#context = context;
    this.#sinks = sinks;
    this.#background = background;
    this.#rootId = sinks.randomHex(16);
    this.#startMs = sinks.now();
  }

  /** Decided again with its reasons, which are not worked out for others. */
  decided(decision: Decision, question: DecideInput): void {
    const reasons = traceDecision(question).reasons.map(({ code }) => code);
    const end = decisionEnd(decision, question, reasons);
    // Where a client has sent a trace, the platform's is another one: this says which belongs to it.
    const ofClient = { "fairlead.trace_id": this.#context.parentId === undefined ? undefined : this.#context.traceId };
    this.#sinks.platform?.within("fairlead.decide", (span) =>
      span.describe({ ...end.attributes, ...ofClient }, end.failed),
    );
    const { now, randomHex } = this.#sinks;
    this.#keep({
      name: "fairlead.decide",
      kind: "internal",
      spanId: randomHex(16),
      startMs: question.now,
      endMs: now(),
      ...end,
    });
  }

  /** `work` is told the id of its span, under which whoever it asks may hang its own. */
  async within<T>(start: SpanStart, work: (spanId: string) => Promise<T>, end: (result: T) => SpanEnd): Promise<T> {
    const { platform, randomHex, now } = this.#sinks;
    const { name, kind, attributes } = start;
    const startMs = now();
    let spanId = "";
    const result = await withinPlatform(
      platform,
      name,
      attributes,
      (span) => {
        spanId = span?.spanId ?? randomHex(16);
        return work(spanId);
      },
      end,
    );
    const ended = end(result);
    this.#keep({
      name,
      kind,
      spanId,
      startMs,
      endMs: now(),
      ...ended,
      attributes: { ...attributes, ...ended.attributes },
    });
    return result;
  }

  /** The span of the whole. The platform has one of its own. */
  finish(answer: Response): Response {
    const { method } = this.#request;
    const { parentId, state } = this.#context;
    const end = answerEnd(answer);
    this.#keep({
      ...{
        name: spanName(method),
        kind: "server",
        spanId: this.#rootId,
        startMs: this.#startMs,
        endMs: this.#sinks.now(),
      },
      ...(parentId === undefined ? {} : { parentId, parentIsRemote: true }),
      ...(state === undefined ? {} : { state }),
      failed: end.failed,
      attributes: { ...requestAttributes(this.#request), ...end.attributes },
    });
    return answer;
  }

  #keep(span: Omit<Span, "traceId">): void {
    const parent = span.spanId === this.#rootId ? {} : { parentId: this.#rootId };
    this.#sinks.exporter?.keep({ ...parent, ...span, traceId: this.#context.traceId }, this.#background);
  }
}

function withinPlatform<T>(
  platform: PlatformTracing | undefined,
  name: string,
  attributes: Attributes,
  work: (span: PlatformSpan | undefined) => Promise<T>,
  end: (result: T) => SpanEnd,
): Promise<T> {
  if (platform === undefined) return work(undefined);
  return platform.within(name, async (span) => {
    const result = await work(span);
    const ended = end(result);
    span.describe({ ...attributes, ...ended.attributes }, ended.failed);
    return result;
  });
}

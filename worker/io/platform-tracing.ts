/**
 * The platform's own tracing (`tracing` of cloudflare:workers), where there is one. It records by its own sampling and
 * exports by itself, and knows nothing of `traceparent`, in neither direction. Asking whether a request is recorded costs
 * some five microseconds, a span ten to thirty; so it is asked once a request at the most (`seldom-asked.ts`), and spans are
 * made only where it says yes.
 */
import * as platform from "cloudflare:workers";
import type { Attributes } from "../../config/otlp.ts";

export type PlatformSpan = {
  readonly spanId: string;
  readonly describe: (attributes: Attributes, failed: boolean) => void;
};

export type PlatformTracing = {
  /** The id of the trace in which the request at hand is recorded; undefined when it is not. */
  readonly traceId: () => string | undefined;
  /** Runs `work` in a span of its own, under which everything that it begins is recorded. */
  readonly within: <T>(name: string, work: (span: PlatformSpan) => T) => T;
};

/** Undefined on a runtime without it. */
export function platformTracing(): PlatformTracing | undefined {
  const { tracing } = platform as { readonly tracing?: Tracing };
  if (typeof tracing?.enterSpan !== "function" || typeof tracing.getActiveSpan !== "function") return undefined;
  return {
    traceId: () => {
      const span = tracing.getActiveSpan();
      return span?.isTraced === true ? span.spanContext().traceId : undefined;
    },
    within: (name, work) => tracing.enterSpan(name, (span) => work(spanOf(span))),
  };
}

function spanOf(span: InstanceType<Tracing["Span"]>): PlatformSpan {
  return {
    spanId: span.spanContext().spanId,
    describe: (attributes, failed) => {
      span.setAttributes(attributes);
      if (failed) span.setStatus({ code: "error" });
    },
  };
}

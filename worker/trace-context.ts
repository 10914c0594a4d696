/**
 * The trace of a request at the edge: that of a client who sent a valid one, else a new one. `tracestate` belongs to a
 * valid parent and goes with it. The sampled flag goes on as it came (the platform propagates none by itself).
 */
import {
  formatTraceparent,
  isSampledByRatio,
  parseTraceparent,
  parseTracestate,
  type TraceContext,
} from "../config/trace-context.ts";
import type { RequestFields } from "./request-fields.ts";

export type TraceOptions = {
  /** Gives that many lower-case hex digits, not all zero. */
  readonly randomHex: (digits: number) => string;
  /** Of the traces that begin here, the share that is recorded, from 0 to 1. */
  readonly ratio: number;
};

export function startTrace(
  { traceparent, tracestate }: Pick<RequestFields, "traceparent" | "tracestate">,
  { randomHex, ratio }: TraceOptions,
): TraceContext {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) {
    const traceId = randomHex(32);
    return { traceId, sampled: ratio > 0 && isSampledByRatio(traceId, ratio) };
  }
  const state = parseTracestate(tracestate);
  return state === undefined ? parent : { ...parent, state };
}

/** Into the headers of a request to a cluster, which has no `tracestate` of the client's any more, under the span of the attempt that sends it. */
export function setTraceHeaders(headers: Headers, trace: TraceContext, spanId: string): void {
  headers.set("traceparent", formatTraceparent(trace, spanId));
  if (trace.state !== undefined) headers.set("tracestate", trace.state);
}

/**
 * Random hex digits from a pool that `drawPool` gives and that is drawn anew when it runs out: drawing each id by itself would
 * be a call into the platform each time. An all-zero id, which is invalid, is drawn again.
 */
export function randomHexPool(drawPool: () => string): (digits: number) => string {
  let hex = "";
  let at = 0;
  return function next(digits: number): string {
    if (at + digits > hex.length) {
      hex = drawPool();
      at = 0;
    }
    const drawn = hex.slice(at, at + digits);
    at += digits;
    return drawn.startsWith("0") && /^0*$/.test(drawn) ? next(digits) : drawn;
  };
}

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

export type TraceOptions = {
  /** Gives that many lower-case hex digits, not all zero. */
  readonly randomHex: (digits: number) => string;
  /** Of the traces that begin here, the share that is recorded, from 0 to 1. */
  readonly ratio: number;
};

export function startTrace(headers: Headers, { randomHex, ratio }: TraceOptions): TraceContext {
  const parent = parseTraceparent(headers.get("traceparent"));
  if (parent === undefined) {
    const traceId = randomHex(32);
    return { traceId, sampled: ratio > 0 && isSampledByRatio(traceId, ratio) };
  }
  const state = parseTracestate(headers.get("tracestate"));
  return state === undefined ? parent : { ...parent, state };
}

/** Into the headers of a request to a cluster, which has no `tracestate` of the client's any more, under the span of the attempt that sends it. */
export function setTraceHeaders(headers: Headers, trace: TraceContext, spanId: string): void {
  headers.set("traceparent", formatTraceparent(trace, spanId));
  if (trace.state !== undefined) headers.set("tracestate", trace.state);
}

/**
 * Enough for twenty requests: drawing each id by itself would cost a call into the platform each time. With ten times as many,
 * V8 made machine code of the loop over them while it ran, which knew nothing of what follows and was left at its end, each time.
 */
const POOL_BYTES = 480;

const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");

/** Random hex digits from a pool that is filled when it runs out. An all-zero id, which is invalid, is drawn again. */
export function randomHexPool(fill: (bytes: Uint8Array) => void): (digits: number) => string {
  const bytes = new Uint8Array(POOL_BYTES);
  let hex = "";
  let at = 0;
  return function next(digits: number): string {
    if (at + digits > hex.length) {
      fill(bytes);
      hex = hexOf(bytes);
      at = 0;
    }
    const drawn = hex.slice(at, at + digits);
    at += digits;
    return drawn.startsWith("0") && /^0*$/.test(drawn) ? next(digits) : drawn;
  };
}

/** One flat text. Putting it together from a text for each byte came to half a microsecond a request. */
function hexOf(bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.length);
  let at = 0;
  for (const byte of bytes) {
    digits[at] = HEX_DIGITS[byte >> 4] ?? 0;
    digits[at + 1] = HEX_DIGITS[byte & 15] ?? 0;
    at += 2;
  }
  return new TextDecoder().decode(digits);
}

/**
 * W3C Trace Context through the edge: a valid `traceparent` is continued under a span id of ours, anything else starts a
 * new trace. `tracestate` belongs to a valid parent and goes with it. The sampled flag is handed on but decides nothing
 * here: it comes from the client (Trace Context Level 1, §3.2 and §5; the platform propagates none by itself).
 */

/** Version 00, a trace id and a parent id that are not all zero, flags. Later versions may have more behind them. */
const TRACEPARENT_PATTERN = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** §3.3.1.5: vendors should propagate at least this much; more is cut off at the door. */
const TRACESTATE_LENGTH_MAX = 512;

/** §3.2.2.5: only the lowest bit has a meaning in version 00. */
const SAMPLED = 1;

/** `randomHex` gives that many lower-case hex digits, not all zero. */
export function continueTrace(headers: Headers, randomHex: (digits: number) => string): void {
  const incoming = headers.get("traceparent");
  const match = incoming === null ? null : TRACEPARENT_PATTERN.exec(incoming);
  const valid = match?.[1] !== undefined && !(incoming?.startsWith("00") === true && match[4] !== undefined);
  if (!valid) {
    headers.delete("tracestate");
    headers.set("traceparent", `00-${randomHex(32)}-${randomHex(16)}-00`);
    return;
  }
  const flags = Number.parseInt(match[3] ?? "00", 16) & SAMPLED;
  headers.set("traceparent", `00-${match[1]}-${randomHex(16)}-0${flags}`);
  const state = headers.get("tracestate");
  if (state !== null && state.length > TRACESTATE_LENGTH_MAX) headers.delete("tracestate");
}

/** Enough for a few hundred requests; drawing each id by itself would cost a call into the platform each time. */
const POOL_BYTES = 4_096;

/** The digits of each byte. Making them anew for each byte of the pool would come to a microsecond a request. */
const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Random hex digits from a pool that is filled when it runs out. An all-zero id, which is invalid, is drawn again. */
export function randomHexPool(fill: (bytes: Uint8Array) => void): (digits: number) => string {
  const bytes = new Uint8Array(POOL_BYTES);
  let hex = "";
  let at = 0;
  return function next(digits: number): string {
    if (at + digits > hex.length) {
      fill(bytes);
      hex = bytes.reduce((hexDigits, byte) => hexDigits + HEX_OF_BYTE[byte], "");
      at = 0;
    }
    const drawn = hex.slice(at, at + digits);
    at += digits;
    return /[^0]/.test(drawn) ? drawn : next(digits);
  };
}

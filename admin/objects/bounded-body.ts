/**
 * The beginning of an answer's body, and never more: the rest is neither waited for nor kept. What is compressed counts
 * as it is read, so a bomb costs no more than what it unfolds to within the limit.
 */

/** One read of the body fills at most this much memory. */
const CHUNK_BYTES = 4 * 1024;

/** Hears of the bytes so far after each part; `true` when that is enough. */
export type Enough = (soFar: Uint8Array) => boolean;

/** At most `bytesMax` bytes. Throws when the body breaks off or `signal` ends the wait; the body is cancelled then too. */
export async function readBeginning(
  body: ReadableStream<Uint8Array> | null,
  { bytesMax, signal, enough }: { readonly bytesMax: number; readonly signal: AbortSignal; readonly enough?: Enough },
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array(0);
  // Into a buffer of our own: whoever sends the body has no say in how much memory a read takes.
  const reader = body.getReader({ mode: "byob" });
  const bytes = new Uint8Array(bytesMax);
  let length = 0;
  try {
    while (length < bytesMax) {
      const { done, value } = await untilAborted(reader.read(new Uint8Array(CHUNK_BYTES)), signal);
      if (done || value === undefined) break;
      const part = value.subarray(0, bytesMax - length);
      bytes.set(part, length);
      length += part.byteLength;
      if (enough?.(bytes.subarray(0, length)) === true) break;
    }
    return bytes.slice(0, length);
  } finally {
    // Not waited for: a cluster that hangs must not hold us up in going away either.
    reader.cancel().catch(() => undefined);
  }
}

/** The platform ends some reads by itself when the request is aborted, but not those of a body that waits in a queue. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

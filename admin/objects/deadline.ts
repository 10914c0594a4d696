/** A wait that ends. What was begun goes on in the background; only the waiting stops. */
export async function withinMs<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = scheduler.wait(ms, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined); // The timer that is cancelled here rejects, and nobody waits for it any more.
    timer.abort();
  }
}

/**
 * The same for what can be told to stop, as `fetch` can. Unlike `AbortSignal.timeout` it leaves no timer behind, which
 * would keep an object from resting for as long as the work might have taken.
 */
export async function abortAfterMs<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`took longer than ${ms} ms`)), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

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

/**
 * A deadline for an answer that costs next to nothing when the answer is in time, as it nearly always is. Measured
 * against no deadline: a timer left to run out 2%, a timer cleared again 5%, `AbortSignal.timeout` up to 10%; and that
 * signal would also cut a body that is still streaming when it fires.
 *
 * One timer for all requests of the isolate is not possible: workerd ends timers with the request that set them, and
 * refuses to abort one request's fetch from another's timer.
 */

/** Undefined when `ms` pass first. What was asked for is then cancelled by workerd, when the request ends. */
export function beforeDeadline<T>(answer: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    // Not cleared on purpose: settling twice does nothing, and the timer ends with the request.
    setTimeout(resolve, ms, undefined);
    answer.then(resolve, reject);
  });
}

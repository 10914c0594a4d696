/**
 * A deadline for an answer that nobody asks for once a request (those are in `answer-deadlines.ts`). A timer is left to run
 * out, because clearing it costs more than it does; `AbortSignal.timeout` costs twice as much as both, and would also cut a
 * body that is still streaming when it fires.
 */

/** Undefined when `ms` pass first. What was asked for is then cancelled by workerd, when the request ends. */
export function beforeDeadline<T>(answer: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    // Not cleared on purpose: settling twice does nothing, and the timer ends with the request.
    setTimeout(resolve, ms, undefined);
    answer.then(resolve, reject);
  });
}

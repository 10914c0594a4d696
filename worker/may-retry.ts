/**
 * Whether a failed attempt may be repeated on another cluster. The caller has handed nothing to the client yet, and
 * looks after attempts, deadline and budget; here it is only about what the first cluster may already have done.
 */
import { type Failure, mayHaveBeenSent } from "./failure.ts";

/** Repeating these changes nothing (RFC 9110 §9.2.1). PUT and DELETE are idempotent, but not without side effects. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export type RetryQuestion = {
  /** Upper case. */
  readonly method: string;
  /** A body is a stream that the failed attempt may have read from; there is no second copy to send. */
  readonly hasBody: boolean;
  readonly failure: Failure;
};

export function mayRetry({ method, hasBody, failure }: RetryQuestion): boolean {
  if (hasBody) return false;
  return SAFE_METHODS.has(method) || !mayHaveBeenSent(failure);
}

/**
 * What comes of one attempt to deliver: it has arrived, it is tried again later, or it is given up and waits for somebody
 * to look. At least once: an answer that is lost on the way back looks like a failure.
 */
import { type Backoff, backoffMs } from "../../../config/backoff.ts";
import { formatDuration } from "../../../config/duration.ts";

export type Attempt =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: "failed"; readonly because: "timeout" | "tls" | "connection" }
  /** Nothing was sent: nobody has set the secret. */
  | { readonly kind: "noSecret" };

export type NextStep =
  | { readonly kind: "delivered" }
  | { readonly kind: "retry"; readonly atMs: number; readonly error: string }
  | { readonly kind: "dead"; readonly error: string };

/** Ten attempts in half a day: a receiver that is away over night is not given up. */
export const ATTEMPTS_MAX = 10;
/** Somebody may be waiting for the first of them; each further wait is three times as long. */
const RETRY: Backoff = { baseMs: 5_000, factor: 3, maxMs: 4 * 3_600_000 };
/** Up to a fifth sooner or later, so that what failed together does not come back together. */
const JITTER_PART = 0.2;
/** A receiver that asks for more than this would rather not be asked at all. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** Of the specification: the endpoint is gone for good. */
const GONE = 410;

/** `attempts`: with this one. `draw`: uniform in [0, 1). */
export function nextStep(
  attempt: Attempt,
  { attempts, nowMs, draw }: { readonly attempts: number; readonly nowMs: number; readonly draw: number },
): NextStep {
  if (attempt.kind === "answered" && attempt.status >= 200 && attempt.status < 300) return { kind: "delivered" };
  const error = errorOf(attempt);
  if (attempts >= ATTEMPTS_MAX || (attempt.kind === "answered" && attempt.status === GONE))
    return { kind: "dead", error };
  const asked = attempt.kind === "answered" ? Math.min(attempt.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX) : 0;
  return { kind: "retry", atMs: nowMs + Math.max(waitMs(attempts, draw), asked), error };
}

/** After so many attempts. */
function waitMs(attempts: number, draw: number): number {
  return Math.round(backoffMs(attempts, RETRY) * (1 + JITTER_PART * (2 * draw - 1)));
}

/** Never what the receiver said: it may hold anything, and is shown to people. */
function errorOf(attempt: Attempt): string {
  switch (attempt.kind) {
    case "answered": {
      const redirect = attempt.status >= 300 && attempt.status < 400 ? ", and redirects are not followed" : "";
      const later =
        attempt.retryAfterMs === undefined ? "" : `, to be asked again after ${formatDuration(attempt.retryAfterMs)}`;
      return `It answered ${attempt.status}${redirect}${later}.`;
    }
    case "failed":
      return FAILURES[attempt.because];
    case "noSecret":
      return "Its secret is not set.";
  }
}

const FAILURES = {
  timeout: "It did not answer in time.",
  tls: "No secure connection could be made.",
  connection: "No connection could be made, or it broke.",
} as const;

/**
 * What can go wrong with one attempt, told apart as far as the platform lets us, and which error answer it becomes when
 * nothing else is left to try.
 */
import type { EdgeProblemCode } from "../config/errors.ts";
import { unreachable } from "../config/invariant.ts";

export type Failure =
  /** The connection was refused: nothing of the request was sent. */
  | { readonly kind: "refused" }
  /** The connection broke, or the name or TLS failed: a Worker cannot tell these apart, nor how much was sent. */
  | { readonly kind: "lost" }
  /** No response headers in time. */
  | { readonly kind: "timeout" }
  /** The platform answers in the cluster's name, with a status of its own. */
  | { readonly kind: "platform"; readonly status: number }
  /** 101 Switching Protocols to a request that asked for no switch. */
  | { readonly kind: "unaskedSwitch" };

/**
 * Cloudflare's front end turns connection failures into answers with these; they never come from a cluster in
 * production. A cluster that answers 520 on purpose on another platform is treated as failing, too.
 */
const PLATFORM_STATUSES: ReadonlyMap<number, EdgeProblemCode> = new Map([
  [520, "upstreamInvalid"],
  [521, "upstreamRefused"],
  [522, "upstreamTimeout"],
  [523, "upstreamRefused"],
  [524, "upstreamTimeout"],
  [525, "upstreamLost"],
  [526, "upstreamLost"],
  [530, "upstreamLost"],
]);

/** Undefined when `response` is an answer that the client should have. */
export function failureOfResponse(response: Response, webSocketAsked: boolean): Failure | undefined {
  const { status } = response;
  if (status === 101 && !webSocketAsked) return { kind: "unaskedSwitch" };
  return PLATFORM_STATUSES.has(status) ? { kind: "platform", status } : undefined;
}

/** workerd marks an error `retryable` exactly when the connection was refused (tried; there is no other sign). */
export function failureOfError(error: unknown): Failure {
  const retryable = typeof error === "object" && error !== null && "retryable" in error && error.retryable === true;
  return { kind: retryable ? "refused" : "lost" };
}

export function problemOfFailure(failure: Failure): EdgeProblemCode {
  switch (failure.kind) {
    case "refused":
      return "upstreamRefused";
    case "lost":
      return "upstreamLost";
    case "timeout":
      return "upstreamTimeout";
    case "platform":
      return PLATFORM_STATUSES.get(failure.status) ?? "upstreamInvalid";
    case "unaskedSwitch":
      return "upstreamInvalid";
    default:
      return unreachable(failure);
  }
}

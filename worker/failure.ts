/**
 * What can go wrong with one attempt, told apart as far as the platform lets us, and which error answer it becomes when
 * nothing else is left to try.
 */
import type { EdgeProblemCode } from "../config/errors.ts";
import { unreachable } from "../config/invariant.ts";

export type Failure =
  /**
   * The connection was refused, broke, or the name or TLS failed. A Worker cannot tell these apart, nor how much was
   * sent: workerd throws the same error for all of them, and marks it `retryable` whether or not the cluster had read the
   * whole request (tried: refused, reset at once, reset after the request, cut in the answer's head).
   */
  | { readonly kind: "lost" }
  /** No response headers in time. */
  | { readonly kind: "timeout" }
  /** The platform answers in the cluster's name, with a status of its own. */
  | { readonly kind: "platform"; readonly status: number }
  /** The cluster, or something in front of it, says that it cannot serve now: 502, 503 or 504. */
  | { readonly kind: "unavailable"; readonly status: number }
  /** 101 Switching Protocols to a request that asked for no switch. */
  | { readonly kind: "unaskedSwitch" };

/**
 * Cloudflare's front end turns connection failures into answers with these; they never come from a cluster in
 * production. A cluster that answers 520 on purpose on another platform is treated as failing, too. `sent` is false
 * where the platform says that no request got through: no connection, no TLS, no such name.
 */
const PLATFORM_STATUSES: ReadonlyMap<number, { readonly code: EdgeProblemCode; readonly sent: boolean }> = new Map([
  [520, { code: "upstreamInvalid", sent: true }],
  [521, { code: "upstreamRefused", sent: false }],
  [522, { code: "upstreamTimeout", sent: true }], // a handshake that timed out, or a request that was never acknowledged
  [523, { code: "upstreamRefused", sent: false }],
  [524, { code: "upstreamTimeout", sent: true }],
  [525, { code: "upstreamLost", sent: false }],
  [526, { code: "upstreamLost", sent: false }],
  [530, { code: "upstreamLost", sent: false }],
]);

/** An answer, and its status: read once, because each read is a call into the platform. */
export type Answered = { readonly response: Response; readonly status: number };

/** Undefined when it is an answer that the client should have, whatever else could be tried. */
export function failureOfAnswer({ response, status }: Answered, webSocketAsked: boolean): Failure | undefined {
  if (status === 101 && !webSocketAsked) return { kind: "unaskedSwitch" };
  if (PLATFORM_STATUSES.has(status)) return { kind: "platform", status };
  // With Retry-After it is an answer: the cluster asks for less, and trying elsewhere at once would be more.
  return GATEWAY_STATUSES.has(status) && !response.headers.has("retry-after")
    ? { kind: "unavailable", status }
    : undefined;
}

const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Whether an attempt speaks for its cluster, against it, or (undefined) says nothing: a client that breaks off its own
 * upload gives the same error as a cluster that is gone, and must not be able to get one ejected.
 */
export function evidenceOf(
  status: number | undefined,
  failure: Failure | undefined,
  hasBody: boolean,
): boolean | undefined {
  if (failure === undefined) return status === undefined ? undefined : status < 500;
  switch (failure.kind) {
    case "lost":
    case "timeout":
      return hasBody ? undefined : false;
    case "platform":
      return hasBody && mayHaveBeenSent(failure) ? undefined : false;
    case "unavailable":
    case "unaskedSwitch":
      return false;
    default:
      return unreachable(failure);
  }
}

/** False only when it is certain that the cluster saw nothing of the request. */
export function mayHaveBeenSent(failure: Failure): boolean {
  return failure.kind !== "platform" || PLATFORM_STATUSES.get(failure.status)?.sent !== false;
}

export function problemOfFailure(failure: Failure): EdgeProblemCode {
  switch (failure.kind) {
    case "lost":
      return "upstreamLost";
    case "timeout":
      return "upstreamTimeout";
    case "platform":
      return PLATFORM_STATUSES.get(failure.status)?.code ?? "upstreamInvalid";
    case "unavailable":
    case "unaskedSwitch":
      return "upstreamInvalid";
    default:
      return unreachable(failure);
  }
}

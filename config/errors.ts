/**
 * Every error answer that the edge makes itself, in one table. The code is public and stable; status, title and the
 * `error` of Proxy-Status (RFC 9209 §2.3) follow from it, and so does `type` (RFC 9457). The admin API has its own table
 * in `admin-problems.ts`.
 */

type EdgeProblem = {
  readonly status: number;
  readonly title: string;
  /**
   * From the IANA registry of Proxy-Status. A Worker can hardly tell DNS, TLS and a broken connection apart: then
   * `connection_terminated`, the registry's nearest, is said and not more than is known.
   */
  readonly proxyError: string;
  /** For conditions that pass; short, because a drain or an ejection is over in seconds. */
  readonly retryAfterSeconds?: number;
};

export const EDGE_PROBLEMS = {
  hostInvalid: { status: 400, title: "The Host header is not a host name", proxyError: "http_request_error" },
  geoInvalid: { status: 400, title: "The development header cannot be read", proxyError: "http_request_error" },
  methodRefused: { status: 405, title: "This method is not taken here", proxyError: "http_request_denied" },
  loop: { status: 508, title: "The request came through here before", proxyError: "proxy_loop_detected" },

  hostUnknown: { status: 421, title: "This host is not served here", proxyError: "destination_not_found" },
  noRoute: { status: 404, title: "Nothing is served at this address", proxyError: "destination_not_found" },
  residencyDenied: {
    status: 451,
    title: "This service is not available where you are",
    proxyError: "http_request_denied",
  },
  residencyUnavailable: {
    status: 503,
    title: "No place that may serve you takes requests now",
    proxyError: "destination_unavailable",
    retryAfterSeconds: 5,
  },
  noEligibleRegion: {
    status: 503,
    title: "No place takes requests for this service now",
    proxyError: "destination_unavailable",
    retryAfterSeconds: 5,
  },
  replicaLagging: {
    status: 503,
    title: "Every place that could serve you is behind with its data",
    proxyError: "destination_unavailable",
    retryAfterSeconds: 5,
  },
  noHealthyCluster: {
    status: 503,
    title: "The service is down",
    proxyError: "destination_unavailable",
    retryAfterSeconds: 5,
  },

  upstreamRefused: { status: 502, title: "The service could not be reached", proxyError: "connection_refused" },
  upstreamLost: {
    status: 502,
    title: "The connection to the service broke off",
    proxyError: "connection_terminated",
  },
  upstreamInvalid: {
    status: 502,
    title: "The service gave an answer that makes no sense",
    proxyError: "http_protocol_error",
  },
  upstreamTimeout: { status: 504, title: "The service took too long", proxyError: "http_response_timeout" },

  internal: { status: 500, title: "Something went wrong on our side", proxyError: "proxy_internal_error" },
} as const satisfies Record<string, EdgeProblem>;

export type EdgeProblemCode = keyof typeof EDGE_PROBLEMS;

/** Absolute, unlike the admin API's: a relative reference would point into the site that is served through the edge. */
export function edgeProblemType(code: EdgeProblemCode): string {
  return `https://fairlead.dev/problems/${code}`;
}

/** The same table with every column, for callers that look a code up. */
export function edgeProblem(code: EdgeProblemCode): EdgeProblem {
  return EDGE_PROBLEMS[code];
}

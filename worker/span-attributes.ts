/**
 * What spans say, in the names of OpenTelemetry's semantic conventions for HTTP, and of our own under `fairlead.`: every
 * value is one of a bounded number. So neither paths nor queries, hosts of clients, addresses or cookies are ever among them,
 * although the conventions know names for them.
 */

import { invariant } from "../config/invariant.ts";
import type { Attributes } from "../config/otlp.ts";
import type { Failure } from "./failure.ts";
import type { DecideInput } from "./routing/decide.ts";
import type { Attempt, Decision } from "./routing/decision.ts";

/** Those of RFC 9110 and PATCH; clients may send any word. */
const METHODS: ReadonlySet<string> = new Set(
  ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"], //
);

export function spanMethod(method: string): string {
  return METHODS.has(method) ? method : "_OTHER";
}

/** The convention's name for a span of HTTP whose route is not known by a template. */
export function spanName(method: string): string {
  return METHODS.has(method) ? method : "HTTP";
}

export type SpanEnd = { readonly attributes: Attributes; readonly failed: boolean };

/** Of the whole: a 4xx is the client's doing and no failure of the server. */
export function requestAttributes(request: Request): Attributes {
  return { "http.request.method": spanMethod(request.method), "url.scheme": schemeOf(request.url) };
}

export function answerEnd({ status }: Response): SpanEnd {
  const failed = status >= 500;
  return {
    attributes: { "http.response.status_code": status, "error.type": failed ? String(status) : undefined },
    failed,
  };
}

/** `because` are the codes of the steps, in order; each once. */
export function decisionEnd(decision: Decision, { snapshot }: DecideInput, because: readonly string[]): SpanEnd {
  const first = decision.kind === "forward" ? decision.first : undefined;
  return {
    attributes: {
      "fairlead.revision": snapshot.revision,
      "fairlead.route": decision.route,
      "fairlead.service": decision.service,
      "fairlead.region": first?.region,
      "fairlead.cluster": first?.cluster,
      "fairlead.side": first?.side,
      "fairlead.reasons": [...new Set(because)].join(" "),
      "error.type": decision.kind === "reject" ? decision.code : undefined,
    },
    failed: decision.kind === "reject",
  };
}

export type AttemptFacts = {
  readonly attempt: Attempt;
  readonly method: string;
  readonly service: string;
  readonly revision: number;
  /** 0 for the first. */
  readonly resends: number;
  readonly mirror: boolean;
};

export function attemptAttributes({ attempt, method, service, revision, resends, mirror }: AttemptFacts): Attributes {
  const { scheme, host, port } = endpointParts(attempt.endpoint);
  return {
    "http.request.method": spanMethod(method),
    "http.request.resend_count": resends === 0 ? undefined : resends,
    "url.scheme": scheme,
    "server.address": host,
    "server.port": port,
    "fairlead.service": service,
    "fairlead.region": attempt.region,
    "fairlead.cluster": attempt.cluster,
    "fairlead.side": attempt.side,
    "fairlead.revision": revision,
    "fairlead.mirror": mirror ? true : undefined,
  };
}

/** For who asks, a 4xx is a failure as well. */
export function attemptEnd(answer: Response | Failure): SpanEnd {
  if (!(answer instanceof Response)) return { attributes: { "error.type": answer.kind }, failed: true };
  const { status } = answer;
  const failed = status >= 400;
  return {
    attributes: { "http.response.status_code": status, "error.type": failed ? String(status) : undefined },
    failed,
  };
}

function schemeOf(url: string): string {
  return url.slice(0, url.indexOf(":"));
}

/** An endpoint is an origin without a path. */
function endpointParts(endpoint: string): { readonly scheme: string; readonly host: string; readonly port: number } {
  const [, scheme, host, port] = /^(https?):\/\/(\[[^\]]+\]|[^:/]+)(?::([0-9]+))?$/.exec(endpoint) ?? [];
  invariant(scheme !== undefined && host !== undefined, "an endpoint is an origin");
  const portDefault = scheme === "https" ? 443 : 80;
  return { scheme, host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? portDefault : Number(port) };
}

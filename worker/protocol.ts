/**
 * What HTTP itself says about a request, whatever the fleet looks like: loops, TRACE, and requests that may go no
 * further (RFC 9110 §7.6.2, §9.3.7, §9.3.8; RFC 8586).
 */
import type { Arrival } from "./arrival.ts";
import { namesLoopId } from "./cdn-loop.ts";
import { problem } from "./problem.ts";
import type { Target } from "./target.ts";

/** What the edge passes on; for answers that have to list it. */
const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** An answer, or undefined when the request may go on. */
export function answerByProtocol(
  { request, headers, fields, method }: Arrival,
  target: Target,
  loopId: string,
): Response | undefined {
  if (namesLoopId(fields.cdnLoop, loopId)) return problem("loop", request);
  if (method === "OPTIONS") return answerOptions(headers, target);
  // TRACE answers with the request's own headers, cookies and what proxies added among them; CONNECT asks for a tunnel.
  if (method === "TRACE" || method === "CONNECT" || target.path === "*") return refuseMethod(request);
  return undefined;
}

function refuseMethod(request: Request): Response {
  return problem("methodRefused", request, { headers: { allow: ALLOWED_METHODS } });
}

/** `OPTIONS *` asks about the server as a whole, and `Max-Forwards: 0` asks whoever it reaches: that is the edge. */
function answerOptions(headers: Headers, target: Target): Response | undefined {
  if (target.path !== "*" && readMaxForwards(headers) !== 0) return undefined;
  return new Response(null, { status: 204, headers: { allow: ALLOWED_METHODS, "cache-control": "no-store" } });
}

/** Undefined when it is missing or no number: then it is not ours to act on. */
export function readMaxForwards(headers: Headers): number | undefined {
  const value = headers.get("max-forwards");
  return value !== null && /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}

/** One hop further on (RFC 9110 §7.6.2). Other methods may carry the field, but it means nothing there. */
export function lowerMaxForwards(method: string, headers: Headers): void {
  const maxForwards = method === "OPTIONS" ? readMaxForwards(headers) : undefined;
  if (maxForwards !== undefined) headers.set("max-forwards", String(maxForwards - 1));
}

/**
 * One probe: a request without a body to a registered cluster, redirects not followed, the answer's body not read. Says
 * what happened and never throws.
 */
import type { ProbeOutcome } from "../core/health/observe.ts";
import { isExpectedStatus, type ProbeTarget } from "../core/health/targets.ts";

const USER_AGENT = "fairlead-prober/1";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export async function probe(target: ProbeTarget, fetch: Fetch): Promise<ProbeOutcome> {
  const startedAtMs = Date.now();
  try {
    const response = await fetch(target.url, {
      method: target.method,
      headers: { "user-agent": USER_AGENT, accept: "*/*", "cache-control": "no-store" },
      redirect: "manual",
      signal: AbortSignal.timeout(target.timeoutMs),
    });
    const durationMs = Date.now() - startedAtMs;
    // The status is all that counts; a large or endless body must not cost us anything.
    await response.body?.cancel();
    return isExpectedStatus(target, response.status)
      ? { kind: "success", status: response.status, durationMs }
      : { kind: "failure", because: "status", status: response.status, durationMs };
  } catch (error) {
    const timedOut = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
    return { kind: "failure", because: timedOut ? "timeout" : "connection", durationMs: Date.now() - startedAtMs };
  }
}

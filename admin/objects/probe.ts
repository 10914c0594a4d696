/**
 * One request to a registered cluster: without a body, redirects not followed, and of the answer no more read than is
 * needed. Says what happened and never throws. The address is the one of the configuration and no other.
 */
import { STATUS_BYTES_MAX } from "../../config/cluster-status.ts";
import { PROBE_BODY_BYTES_MAX } from "../../config/limits.ts";
import { VANTAGE_HEADER, type Vantage } from "../../config/vantage.ts";
import { judgeAnswer, needsBody, type ProbeOutcome } from "../core/health/outcome.ts";
import type { ProbeCheck } from "../core/health/targets.ts";
import { coloOf } from "../core/health/view.ts";
import { readBeginning } from "./bounded-body.ts";

const USER_AGENT = "fairlead-prober/1";

/** What clusters report of themselves is not urgent, but must not hold a place for long. */
const STATUS_MS_MAX = 3_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type Probe = {
  readonly outcome: ProbeOutcome;
  /** Where Cloudflare says that it took the request in, when the cluster is behind it. */
  readonly colo?: string;
};

export type ProbeOptions = { readonly fetch: Fetch; readonly vantage: Vantage };

export async function probe(check: ProbeCheck, { fetch, vantage }: ProbeOptions): Promise<Probe> {
  const startedAtMs = Date.now();
  const signal = AbortSignal.timeout(check.timeoutMs);
  try {
    const response = await fetch(check.url, {
      method: check.method,
      headers: { ...check.headers, ...headersOf(vantage) },
      redirect: "manual",
      signal,
    });
    const colo = coloOf(response.headers.get("cf-ray"));
    const { status } = response;
    const durationMs = Date.now() - startedAtMs;
    const found = needsBody(check, status) ? await contains(response, check.contains ?? "", signal) : discard(response);
    return { outcome: judgeAnswer(check, { status, durationMs, found }), ...(colo === undefined ? {} : { colo }) };
  } catch (error) {
    return { outcome: { kind: "failure", because: causeOf(error), durationMs: Date.now() - startedAtMs } };
  }
}

/** The bytes that a cluster reports of itself, or undefined when there are none: it may not report at all. */
export async function pullStatus(url: string, { fetch, vantage }: ProbeOptions): Promise<Uint8Array | undefined> {
  const signal = AbortSignal.timeout(STATUS_MS_MAX);
  try {
    const headers = { ...headersOf(vantage), accept: "application/json" };
    const response = await fetch(url, { headers, redirect: "manual", signal });
    // One byte more than may be, so that whoever reads it sees that it is too long.
    if (response.status === 200) return await readBeginning(response.body, { bytesMax: STATUS_BYTES_MAX + 1, signal });
    discard(response);
    return undefined;
  } catch {
    return undefined; // What a cluster does not report ages by itself, and its probes say what is wrong with it.
  }
}

function headersOf(vantage: Vantage): Readonly<Record<string, string>> {
  return {
    "user-agent": USER_AGENT,
    [VANTAGE_HEADER]: vantage,
    accept: "*/*",
    "accept-encoding": "identity",
    "cache-control": "no-store",
  };
}

/** The status is all that counts; a large or endless body must not cost us anything. */
export function discard(response: Response): true {
  response.body?.cancel().catch(() => undefined);
  return true;
}

async function contains(response: Response, text: string, signal: AbortSignal): Promise<boolean> {
  // The text is ASCII, so bytes that are no UTF-8 around it do not matter.
  const includes = (bytes: Uint8Array) => new TextDecoder().decode(bytes).includes(text);
  const bytes = await readBeginning(response.body, { bytesMax: PROBE_BODY_BYTES_MAX, signal, enough: includes });
  return includes(bytes);
}

export function causeOf(error: unknown): "timeout" | "tls" | "connection" {
  if (!(error instanceof Error)) return "connection";
  if (error.name === "TimeoutError" || error.name === "AbortError") return "timeout";
  return TLS_PATTERN.test(error.message) ? "tls" : "connection";
}

/** What the runtime says when a handshake fails or a certificate does not hold; where it says nothing, it is a connection. */
const TLS_PATTERN = /\b(tls|ssl|certificate)\b/i;

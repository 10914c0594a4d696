/** One OTLP/HTTP request with metrics, and what came of it. Never throws, follows no redirect, reads a bounded answer. */
import { z } from "@hono/zod-openapi";
import type { OtlpMetricsRequest } from "../core/metrics/otlp.ts";
import { errorText } from "../log.ts";
import { readBeginning } from "./bounded-body.ts";
import { abortAfterMs } from "./deadline.ts";
import type { OtlpDestination } from "./otlp-destination.ts";

/** The default of OpenTelemetry's exporters. */
const PUSH_MS_MAX = 10_000;
/** An answer is empty, or says how many points were refused and why. */
const ANSWER_BYTES_MAX = 64 * 1024;

export type PushOutcome =
  | { readonly kind: "taken"; readonly rejectedPoints: number }
  /** `because` is for the log: a status, or what the platform said. */
  | { readonly kind: "failed"; readonly because: string; readonly retryAfterMs?: number };

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export async function pushOtlp(
  destination: OtlpDestination,
  request: OtlpMetricsRequest,
  fetch: Fetch,
): Promise<PushOutcome> {
  try {
    return await abortAfterMs(PUSH_MS_MAX, (signal) => send(destination, request, { fetch, signal }));
  } catch (error) {
    return { kind: "failed", because: errorText(error) };
  }
}

async function send(
  { url, headers }: OtlpDestination,
  request: OtlpMetricsRequest,
  { fetch, signal }: { readonly fetch: Fetch; readonly signal: AbortSignal },
): Promise<PushOutcome> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "user-agent": "fairlead-otlp/1" },
    body: JSON.stringify(request),
    redirect: "manual",
    signal,
  });
  const answer = await readBeginning(response.body, { bytesMax: ANSWER_BYTES_MAX, signal });
  if (response.ok) return { kind: "taken", rejectedPoints: rejectedPointsOf(answer) };
  return { kind: "failed", because: `status ${response.status}`, ...retryAfterOf(response) };
}

/** 64-bit integers are text in protobuf's JSON; some receivers write numbers all the same. */
const PartialSuccess = z.object({
  partialSuccess: z.object({ rejectedDataPoints: z.coerce.number().int().min(0) }),
});

/** What cannot be read says nothing of refusals. */
function rejectedPointsOf(bytes: Uint8Array): number {
  try {
    const answer = PartialSuccess.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return answer.success ? answer.data.partialSuccess.rejectedDataPoints : 0;
  } catch {
    return 0;
  }
}

/** In seconds; the other form, a date, is not worth trusting two clocks for. */
function retryAfterOf({ headers }: Response): { readonly retryAfterMs?: number } {
  const text = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(text) ? { retryAfterMs: Number(text) * 1_000 } : {};
}

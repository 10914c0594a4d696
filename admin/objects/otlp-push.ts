/** One OTLP/HTTP request with metrics, and what came of it. Never throws, and reads a bounded answer. */
import { type OtlpDestination, type OtlpOutcome, otlpOutcome, otlpRequest } from "../../config/otlp.ts";
import type { OtlpMetricsRequest } from "../core/metrics/otlp.ts";
import { errorText } from "../log.ts";
import { readBeginning } from "./bounded-body.ts";
import { abortAfterMs } from "./deadline.ts";
import type { Fetch } from "./probe.ts";

/** The default of OpenTelemetry's exporters. */
const PUSH_MS_MAX = 10_000;
/** An answer is empty, or says how many points were refused and why. */
const ANSWER_BYTES_MAX = 64 * 1024;

export async function pushOtlp(
  destination: OtlpDestination,
  request: OtlpMetricsRequest,
  fetch: Fetch,
): Promise<OtlpOutcome> {
  try {
    return await abortAfterMs(PUSH_MS_MAX, async (signal) => {
      const response = await fetch(destination.url, { ...otlpRequest(destination, request), signal });
      const beginning = await readBeginning(response.body, { bytesMax: ANSWER_BYTES_MAX, signal });
      const { status, headers } = response;
      const text = new TextDecoder().decode(beginning);
      return otlpOutcome("metrics", { status, retryAfter: headers.get("retry-after"), text });
    });
  } catch (error) {
    return { kind: "failed", because: errorText(error) };
  }
}

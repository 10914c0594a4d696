/**
 * What one probe found, and whether that is what its check asks for. A failure says what failed: people act differently
 * on a wrong status, a silent cluster and a certificate that has expired.
 */
import type { ProbeCheck } from "./targets.ts";

export type ProbeOutcome =
  | { readonly kind: "success" | "slow"; readonly status: number; readonly durationMs: number }
  | {
      readonly kind: "failure";
      /** `body`: the text that the check looks for is not at the beginning of the answer. */
      readonly because: "status" | "body" | "tls";
      readonly status: number;
      readonly durationMs: number;
    }
  | { readonly kind: "failure"; readonly because: "timeout" | "connection" | "tls"; readonly durationMs: number };

/** An answer with headers; `found` says whether the beginning of its body has the text, where the check wants one. */
export type ProbeAnswer = { readonly status: number; readonly durationMs: number; readonly found: boolean };

/** What Cloudflare answers in the place of a cluster when the handshake fails, and when the certificate is not valid. */
const TLS_STATUSES: readonly number[] = [525, 526];

export function judgeAnswer(check: ProbeCheck, { status, durationMs, found }: ProbeAnswer): ProbeOutcome {
  if (!isExpectedStatus(check, status)) {
    const because = TLS_STATUSES.includes(status) && check.url.startsWith("https:") ? "tls" : "status";
    return { kind: "failure", because, status, durationMs };
  }
  if (!found) return { kind: "failure", because: "body", status, durationMs };
  const slow = check.degradedAfterMs !== undefined && durationMs > check.degradedAfterMs;
  return { kind: slow ? "slow" : "success", status, durationMs };
}

/** Whether the body has to be read to know. */
export function needsBody(check: ProbeCheck, status: number): boolean {
  return check.contains !== undefined && isExpectedStatus(check, status);
}

export function isExpectedStatus({ statuses }: Pick<ProbeCheck, "statuses">, status: number): boolean {
  return statuses === undefined ? status >= 200 && status <= 299 : statuses.includes(status);
}

/**
 * What can be wrong with a demo cluster, and how the control port reads it. The faults are the ones a load balancer
 * must tell apart: late, wrong, silent, broken off, gone.
 */
import * as z from "zod/mini";
import { err, ok, type Result } from "../../config/result.ts";

/** Longer than any timeout of the demo fleet; a longer delay is `hanging`. */
const DELAY_MS_MAX = 60_000;
const DELAY_MS_DEFAULT = 2_000;
const STATUS_DEFAULT = 503;

const FaultRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("slow"),
    delayMs: z._default(z.int().check(z.minimum(0), z.maximum(DELAY_MS_MAX)), DELAY_MS_DEFAULT),
  }),
  z.strictObject({
    kind: z.literal("failing"),
    status: z._default(z.int().check(z.minimum(500), z.maximum(599)), STATUS_DEFAULT),
  }),
  z.strictObject({ kind: z.literal("hanging") }),
  z.strictObject({ kind: z.literal("resetting") }),
  z.strictObject({ kind: z.literal("down") }),
]);

/**
 * - `none`: answers as it should.
 * - `slow`: answers correctly, late.
 * - `failing`: answers with a server error, the health check too.
 * - `hanging`: accepts the request and never answers.
 * - `resetting`: resets the connection when the request has arrived.
 * - `down`: nobody listens; connections are refused.
 */
export type Fault = z.infer<typeof FaultRequest>;

export const NO_FAULT: Fault = { kind: "none" };

const describeIssue = z.locales.en().localeError;

/** Reads the body of `POST /fault`; the error is one sentence for each thing wrong. */
export function parseFault(text: string): Result<Fault, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('the body must be JSON, as in {"kind": "slow", "delayMs": 500}');
  }
  const parsed = FaultRequest.safeParse(value, { error: describeIssue });
  if (parsed.success) return ok(parsed.data);
  const sentences = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  return err(sentences.join("; "));
}

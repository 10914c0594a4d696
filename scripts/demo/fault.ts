/**
 * What can be wrong with a demo cluster, and how the control port reads it. The faults are the ones a load balancer
 * must tell apart: late, wrong, silent, broken off, gone. Each can be there for the probes of some vantages only, as when
 * the network between them and the cluster is cut.
 */
import * as z from "zod/mini";
import { err, ok, type Result } from "../../config/result.ts";
import { Vantage } from "../../config/vantage.ts";

/** Longer than any timeout of the demo fleet; a longer delay is `hanging`. */
const DELAY_MS_MAX = 60_000;
const DELAY_MS_DEFAULT = 2_000;
const STATUS_DEFAULT = 503;

/** Absent: whoever asks meets the fault, clients too. */
const vantages = z.exactOptional(z.array(Vantage).check(z.minLength(1)));

const FaultRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("slow"),
    vantages,
    delayMs: z._default(z.int().check(z.minimum(0), z.maximum(DELAY_MS_MAX)), DELAY_MS_DEFAULT),
  }),
  z.strictObject({
    kind: z.literal("failing"),
    vantages,
    status: z._default(z.int().check(z.minimum(500), z.maximum(599)), STATUS_DEFAULT),
  }),
  z.strictObject({ kind: z.literal("hanging"), vantages }),
  z.strictObject({ kind: z.literal("resetting"), vantages }),
  z.strictObject({ kind: z.literal("down"), vantages }),
]);

/**
 * - `none`: answers as it should.
 * - `slow`: answers correctly, late.
 * - `failing`: answers with a server error, the health check too.
 * - `hanging`: accepts the request and never answers.
 * - `resetting`: resets the connection when the request has arrived.
 * - `down`: nobody listens; connections are refused.
 *
 * With `vantages` only what their probers ask meets it. For them `down` is a connection that is reset: one port cannot
 * refuse some and take others. Clients' requests come through from everywhere: the one edge of the demo stands for all
 * data centres, so what fails for clients of one place it would eject for all, which is not what is to be shown.
 */
export type Fault = z.infer<typeof FaultRequest>;

export const NO_FAULT: Fault = { kind: "none" };

/** The fault that a request meets; `vantage` is what it says of itself, and undefined for a client's. */
export function faultFor(fault: Fault, vantage: string | undefined): Fault {
  if (fault.kind === "none" || fault.vantages === undefined) return fault;
  return fault.vantages.some((named) => named === vantage) ? fault : NO_FAULT;
}

/** Whether nobody listens at all. */
export function isGone(fault: Fault): boolean {
  return fault.kind === "down" && fault.vantages === undefined;
}

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

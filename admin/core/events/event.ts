/**
 * What the control plane tells those who listen, as it happens: changes of health, and drift that has become too old.
 * All of one environment are numbered in one order, so one number says how far somebody has read.
 */
import type { Transition } from "../health/transitions.ts";

/** Drift that is older than the Policy allows: an incident was opened for it. */
export type DriftAlarm = {
  readonly kind: "overdue";
  readonly atMs: number;
  readonly clusters: readonly string[];
  /** The keys of `GET /v1/drift`. */
  readonly drift: readonly string[];
  /** Of the first few. */
  readonly sentences: readonly string[];
};

export type Event =
  | { readonly topic: "health"; readonly told: Transition }
  | { readonly topic: "drift"; readonly told: DriftAlarm };

export type NumberedEvent = { readonly number: number; readonly event: Event };

/** Every event of the log that is still there has a number between the two; 0 and 0 when there never was one. */
export type LogBounds = { readonly oldest: number; readonly newest: number };

/** Where to go on for somebody who has read up to `after`, or who comes for the first time. */
export type Resumption = {
  readonly after: number;
  /** Some of what came after it is not kept any more, or the number is of another log: what is now has to be read anew. */
  readonly missed: boolean;
};

export function resume(after: number | undefined, { oldest, newest }: LogBounds): Resumption {
  if (after === undefined) return { after: newest, missed: false };
  if (after > newest) return { after: newest, missed: true };
  return { after, missed: newest > 0 && after < oldest - 1 };
}

/** Since when each difference is there, and which of them have been there for too long. */
import type { Drift } from "./drift.ts";

export type TrackedDrift = Drift & { readonly firstSeenMs: number };

/** By key. */
export type FirstSeen = ReadonlyMap<string, number>;

/** One that was gone in between begins anew. */
export function trackDrift(known: FirstSeen, found: readonly Drift[], nowMs: number): readonly TrackedDrift[] {
  return found.map((drift) => ({ ...drift, firstSeenMs: known.get(drift.key) ?? nowMs }));
}

export function overdue(
  tracked: readonly TrackedDrift[],
  { ageMsMax, nowMs }: { readonly ageMsMax: number; readonly nowMs: number },
): readonly TrackedDrift[] {
  return tracked.filter(({ firstSeenMs }) => nowMs - firstSeenMs >= ageMsMax);
}

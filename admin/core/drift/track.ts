/** Since when each difference is there, and which of them have been there for too long. */
import type { Drift } from "./drift.ts";

export type TrackedDrift = Drift & { readonly firstSeenMs: number };

/** By key. */
export type FirstSeen = ReadonlyMap<string, number>;

/** One that was gone in between begins anew; one of a cluster that is silent meanwhile has not gone for all that is known. */
export function trackDrift(known: FirstSeen, found: readonly Drift[], nowMs: number): readonly TrackedDrift[] {
  return found.map((drift) => ({ ...drift, firstSeenMs: known.get(drift.key) ?? nowMs }));
}

/**
 * Since when each difference is there, to be kept until the next look: of those that are there, and of clusters that do not
 * report just now, which will most likely still differ when they are heard of again.
 */
export function firstSeenAfter(known: FirstSeen, tracked: readonly TrackedDrift[]): FirstSeen {
  const silent = new Set(tracked.flatMap(({ field, clusters }) => (field === "status" ? clusters : [])));
  const kept = [...known].filter(([key]) => {
    const [kind, cluster = ""] = key.split("/");
    return kind === "declared" && silent.has(cluster);
  });
  return new Map([...kept, ...tracked.map(({ key, firstSeenMs }) => [key, firstSeenMs] as const)]);
}

export function overdue(
  tracked: readonly TrackedDrift[],
  { ageMsMax, nowMs }: { readonly ageMsMax: number; readonly nowMs: number },
): readonly TrackedDrift[] {
  return tracked.filter(({ firstSeenMs }) => nowMs - firstSeenMs >= ageMsMax);
}

/** How far a revision has come, over all vantages. Counts what edges reported; who has not reported is not in it. */
import type { RevisionEdges } from "./edge-reports.ts";

export type PropagationSummary = {
  readonly isolates: number;
  readonly requests: number;
  /** Requests decided by the target, in basis points, rounded down: 10,000 means all of them. Absent without reports. */
  readonly targetShareBps?: number;
  /** The oldest revision that anybody serves. Absent without reports. */
  readonly oldestRevision?: number;
};

export function summarize(targetRevision: number, edges: readonly RevisionEdges[]): PropagationSummary {
  const isolates = sumOf(edges.map((edge) => edge.isolates));
  const requests = sumOf(edges.map((edge) => edge.requests));
  if (requests === 0) return { isolates, requests };
  // An edge may be ahead of the target that was read a moment before it was asked.
  const onTarget = sumOf(edges.filter(({ revision }) => revision >= targetRevision).map((edge) => edge.requests));
  return {
    isolates,
    requests,
    targetShareBps: Math.floor((onTarget * 10_000) / requests),
    oldestRevision: Math.min(...edges.map(({ revision }) => revision)),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

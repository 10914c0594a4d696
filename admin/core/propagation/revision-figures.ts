/**
 * What edges went through by each revision within the last minutes: requests, and errors of their own. Kept beyond the
 * isolates' last reports, because a revision is judged against the one before it, which by then nobody serves any more.
 */
import type { EdgeReport } from "../../../config/beacon.ts";
import { TimeBuckets } from "./time-buckets.ts";

/** Long enough to have a baseline when a hold ends, short enough for the errors of this morning to be forgotten. */
export const FIGURES_KEPT_MS = 10 * 60_000;
const BUCKET_MS = 60_000;

/** In one bucket. More are served at once only when most of them have been gone for long. */
const REVISIONS_MAX = 16;

export type RevisionFigures = {
  readonly revision: number;
  readonly requests: number;
  /** Answers 500 because of a bug of the edge; also among `ownErrors`. */
  readonly invariants: number;
  /** Answers with a status of 500 and above that edges made themselves (`config/beacon.ts` says which). */
  readonly ownErrors: number;
};

type ByRevision = Map<number, RevisionFigures>;

export class RecentFigures {
  readonly #buckets = new TimeBuckets<ByRevision>({
    bucketMs: BUCKET_MS,
    keptMs: FIGURES_KEPT_MS,
    make: () => new Map(),
  });

  accept({ revision, requests, invariants = 0, ownErrors = 0 }: EdgeReport, nowMs: number): void {
    const bucket = this.#buckets.at(nowMs);
    addTo(bucket, { revision, requests, invariants, ownErrors });
    if (bucket.size > REVISIONS_MAX) bucket.delete(Math.min(...bucket.keys()));
  }

  /** Oldest revision first. */
  view(nowMs: number): readonly RevisionFigures[] {
    const sums: ByRevision = new Map();
    for (const { value } of this.#buckets.recent(nowMs)) {
      for (const figures of value.values()) addTo(sums, figures);
    }
    return [...sums.values()].sort((a, b) => a.revision - b.revision);
  }
}

function addTo(sums: ByRevision, { revision, requests, invariants, ownErrors }: RevisionFigures): void {
  const before = sums.get(revision);
  sums.set(revision, {
    revision,
    requests: (before?.requests ?? 0) + requests,
    invariants: (before?.invariants ?? 0) + invariants,
    ownErrors: (before?.ownErrors ?? 0) + ownErrors,
  });
}

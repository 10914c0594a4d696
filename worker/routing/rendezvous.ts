/**
 * Weighted rendezvous hashing (highest random weight): each candidate gets a score from the client's key and its own
 * *name*, the best score wins. When a candidate leaves, only its own clients move; when a weight grows, clients only
 * move towards it. The score is `-ln(u) / weight` with u uniform in (0, 1), smallest first, which makes shares
 * proportional to weights (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005).
 */
import { combine } from "./hash.ts";

export type Candidate = {
  /** `murmur3` of the name: never of a list position or an address, which change while the thing stays the same. */
  readonly nameHash: number;
};

/** Lower is better. `weight` > 0. */
export function rendezvousScore(keyHash: number, candidate: Candidate, weight: number): number {
  // The half keeps u above 0, so the logarithm is finite.
  return -Math.log((combine(keyHash, candidate.nameHash) + 0.5) / 2 ** 32) / weight;
}

/**
 * The candidate that wins for this key, or undefined when all weights are 0. Candidates come in a fixed order (by
 * name), so that the one-in-2^32 tie also falls the same way everywhere.
 */
export function pickRendezvous<T extends Candidate>(
  keyHash: number,
  candidates: readonly T[],
  weightOf: (candidate: T) => number,
): T | undefined {
  // One candidate wins whatever its score is, and most regions have one cluster a side.
  const only = candidates.length === 1 ? candidates[0] : undefined;
  if (only !== undefined) return weightOf(only) > 0 ? only : undefined;
  let best: T | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const weight = weightOf(candidate);
    if (weight <= 0) continue;
    const score = rendezvousScore(keyHash, candidate, weight);
    if (score < bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** All candidates with a weight, the winner first: where this key would go if the ones before were gone. */
export function rankRendezvous<T extends Candidate>(
  keyHash: number,
  candidates: readonly T[],
  weightOf: (candidate: T) => number,
): readonly T[] {
  return candidates
    .filter((candidate) => weightOf(candidate) > 0)
    .map((candidate) => ({ candidate, score: rendezvousScore(keyHash, candidate, weightOf(candidate)) }))
    .sort((a, b) => a.score - b.score)
    .map(({ candidate }) => candidate);
}

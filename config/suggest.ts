/**
 * "Did you mean": the nearest of the things that exist, when one is near enough to be what was meant. Distance is
 * optimal string alignment (Damerau-Levenshtein without overlapping swaps), because swapped neighbours are the
 * commonest slip of all.
 */
import { compareText } from "./order.ts";

/** Hostile documents may hold long words and many of them; beyond this length nothing is compared. */
const WORD_LENGTH_MAX = 63;

/** The nearest candidate, or undefined when even that one is a different word. Ties go to the first by name. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const lower = word.toLowerCase();
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of [...candidates].sort(compareText)) {
    if (candidate === word || candidate.length > WORD_LENGTH_MAX) continue;
    // Every character too many is a slip of its own; most candidates need no closer look.
    if (Math.abs(candidate.length - word.length) > slipsMax(candidate)) continue;
    // Half a slip for case alone, so that `europe` prefers `Europe` over `europa`.
    const distance = lower === candidate.toLowerCase() ? 0.5 : distanceBetween(lower, candidate.toLowerCase());
    if (distance <= slipsMax(candidate) && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { candidate, distance };
  }
  return best?.candidate;
}

/** One slip in a short word, two in a word of six, three from nine on: more would be guessing. */
function slipsMax(candidate: string): number {
  return Math.max(1, Math.min(3, Math.floor(candidate.length / 3)));
}

function distanceBetween(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(above, j) + 1,
          at(row, j - 1) + 1,
          at(above, j - 1) + (same ? 0 : 1),
          swapped ? at(twoAbove, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    twoAbove = above;
    above = row;
  }
  return at(above, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

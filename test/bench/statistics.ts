/** The few statistics that the bench reports. Mostly medians, because one slow batch on a shared machine must not move them. */
import { invariant } from "../../config/invariant.ts";

export function median(values: readonly number[]): number {
  invariant(values.length > 0, "a median is taken of at least one value");
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  invariant(upper !== undefined && lower !== undefined, "the middle of a list that is not empty exists");
  return (lower + upper) / 2;
}

export function mean(values: readonly number[]): number {
  invariant(values.length > 0, "a mean is taken of at least one value");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** By nearest rank: a value that was measured, and with few of them the largest. `percent` is above 0 and up to 100. */
export function percentile(values: readonly number[], percent: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * values.length) - 1];
  invariant(value !== undefined, "a percentile is taken of at least one value");
  return value;
}

/** Median, smallest and largest: the spread says how much of a difference is noise. */
export type Summary = { readonly median: number; readonly min: number; readonly max: number };

export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** `numerators[i] / denominators[i]`: both were measured in the same round, so slow drift of the machine cancels out. */
export function pairRatios(numerators: readonly number[], denominators: readonly number[]): number[] {
  invariant(numerators.length === denominators.length, "pairs have two members");
  return numerators.map((numerator, i) => {
    const denominator = denominators[i];
    invariant(denominator !== undefined && denominator > 0, "what is divided by is above zero");
    return numerator / denominator;
  });
}

/** Rotates a list so that over a few rounds each entry is first, in the middle and last equally often. */
export function rotate<T>(entries: readonly T[], by: number): T[] {
  const start = entries.length === 0 ? 0 : by % entries.length;
  return [...entries.slice(start), ...entries.slice(0, start)];
}

/** In an order that the draws (uint32) decide, so that over the rounds nobody always comes behind the same other. */
export function shuffle<T>(entries: readonly T[], draw: () => number): T[] {
  return entries
    .map((entry) => ({ entry, at: draw() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ entry }) => entry);
}

/** Mulberry32: uint32 draws from a seed, so that every run of the bench asks the same questions. */
export function seededDraws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The entry that a uint32 draw falls on, each with the same chance. */
export function pickEvenly<T>(entries: readonly T[], draw: number): T {
  const entry = entries[Math.floor((draw / 2 ** 32) * entries.length)];
  invariant(entry !== undefined, "a draw below 2^32 falls on an entry of a list that is not empty");
  return entry;
}

/**
 * The k-th item in proportion to 1/k, which is how requests spread over sites, services and paths (Breslau et al., "Web
 * caching and Zipf-like distributions", 1999). `draw` is a uint32.
 */
export function pickByPopularity<T>(items: readonly T[], draw: number): T {
  const weights = items.map((_, index) => 1 / (index + 1));
  let point = (draw / 2 ** 32) * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => {
    point -= weight;
    return point < 0;
  });
  return pickAt(items, index);
}

function pickAt<T>(items: readonly T[], index: number): T {
  const item = items[Math.max(0, index)];
  invariant(item !== undefined, "there is something to pick from");
  return item;
}

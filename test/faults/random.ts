/** Chance that can be had again: the same seed gives the same faults, so that a failing run can be replayed. */

/** Uniform in [0, 1). */
export type Random = () => number;

/** mulberry32: 32 bits of state are plenty for choosing sizes and bytes, and it fits on a screen. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** From `min` to `max`, both included. */
export function randomInteger(random: Random, { min, max }: { readonly min: number; readonly max: number }): number {
  return min + Math.floor(random() * (max - min + 1));
}

export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

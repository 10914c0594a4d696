/**
 * Which of several weighted entries a key falls on: flagd's way (its fractional operator since v3), so that the same key
 * has the same variant here, in flagd and in every SDK that evaluates by itself.
 */
import { murmur3 } from "../../config/murmur3.ts";

/**
 * The place of the key on a scale of `total`, 0 to `total` - 1: (murmur3(key) * total) >> 32. Exact for any total up to
 * 2^31 - 1, where a product of doubles would not be: so it is taken in two halves of 16 bits.
 */
export function bucketOf(key: string, total: number): number {
  const hash = murmur3(key);
  const low = Math.floor(((hash & 0xffff) * total) / 0x10000);
  return Math.floor(((hash >>> 16) * total + low) / 0x10000);
}

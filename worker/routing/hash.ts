/**
 * The hashes behind everything sticky: which region, which level, which side. Texts are hashed once (`murmur3`); what is
 * here combines two hashes into one without reading the texts again. None of it is secret or collision-proof, and
 * nothing here needs that.
 */
import { finalize } from "../../config/murmur3.ts";

/** One hash of two: as good as hashing both texts together, at the price of a few multiplications. */
export function combine(a: number, b: number): number {
  let h = Math.imul(a ^ b, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ ((b << 13) | (b >>> 19)), 0x85ebca6b);
  return finalize(h ^ (h >>> 13));
}

/** Scales a uint32 to 0 .. `size` - 1. Scaling, not a remainder: every value gets the same share of the 2^32. */
export function scale(hash: number, size: number): number {
  return Math.floor((hash / 2 ** 32) * size);
}

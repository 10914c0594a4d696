/**
 * MurmurHash3 x86 32-bit over UTF-8 bytes, the function flagd buckets with: here rather than at the edge, because flags
 * and routing both stand on it. It is not secret or collision-proof, and nothing here needs that.
 */

/** MurmurHash3 x86 32-bit of the UTF-8 bytes of `text`, as an unsigned integer. Lone surrogates hash as U+FFFD. */
export function murmur3(text: string, seed = 0): number {
  let hash = seed | 0;
  let block = 0;
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      block |= unit << (8 * (bytes & 3));
      bytes += 1;
      if ((bytes & 3) === 0) {
        hash = mixBlock(hash, block);
        block = 0;
      }
      continue;
    }
    const codePoint = text.codePointAt(i) ?? 0;
    if (codePoint > 0xffff) i += 1;
    // Up to four UTF-8 bytes, packed from the first to the last in `utf8`'s low bytes.
    const [utf8, length] = encodeUtf8(codePoint);
    for (let k = 0; k < length; k += 1) {
      block |= ((utf8 >>> (8 * k)) & 0xff) << (8 * (bytes & 3));
      bytes += 1;
      if ((bytes & 3) === 0) {
        hash = mixBlock(hash, block);
        block = 0;
      }
    }
  }
  if ((bytes & 3) !== 0) hash ^= scramble(block);
  return finalize(hash ^ bytes);
}

function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** The finalizer: every bit of the input changes half of the bits of the result. */
export function finalize(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The UTF-8 bytes of a code point above 0x7f, little end first, and how many there are. */
function encodeUtf8(codePoint: number): readonly [number, number] {
  const point = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
  if (point < 0x800) return [0xc0 | (point >>> 6) | ((0x80 | (point & 0x3f)) << 8), 2];
  if (point < 0x10000) {
    return [0xe0 | (point >>> 12) | ((0x80 | ((point >>> 6) & 0x3f)) << 8) | ((0x80 | (point & 0x3f)) << 16), 3];
  }
  const tail = ((0x80 | ((point >>> 6) & 0x3f)) << 16) | ((0x80 | (point & 0x3f)) << 24);
  return [(0xf0 | (point >>> 18) | ((0x80 | ((point >>> 12) & 0x3f)) << 8) | tail) >>> 0, 4];
}

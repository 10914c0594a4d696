/** Random hex digits by the platform, many at a time. */

/** Enough for eighty requests. */
const BYTES = 2_048;

/** ECMAScript 2026: the runtime has it, the compiler's library that this project keeps to does not. */
type HexBytes = Uint8Array & { toHex(): string };

/** Gives two lower-case digits for each byte, new ones each time. */
export function createDrawHex(): () => string {
  const bytes = new Uint8Array(BYTES) as HexBytes;
  return () => {
    crypto.getRandomValues(bytes);
    return bytes.toHex();
  };
}

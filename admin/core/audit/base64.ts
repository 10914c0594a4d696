/** Base64 (RFC 4648 §4) where the platform's own is not to be had. Strict: each sequence of bytes has one text. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PATTERN = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(start, start + 3);
    const group = (a << 16) | (b << 8) | c;
    const letters = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63]).join("");
    // One byte makes two letters, two make three; padding fills the group.
    text += letters.slice(0, Math.min(bytes.length - start, 3) + 1).padEnd(4, "=");
  }
  return text;
}

/** Undefined when `text` is not what `encodeBase64` would have made: wrong letters, padding, or bits left over. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!PATTERN.test(text)) return undefined;
  const length = (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  const bytes = new Uint8Array(length);
  for (let start = 0, at = 0; start < text.length; start += 4, at += 3) {
    const group = [...text.slice(start, start + 4)].reduce((sum, letter) => sum * 64 + sextetOf(letter), 0);
    bytes.set([group >> 16, (group >> 8) & 255, group & 255].slice(0, length - at), at);
  }
  return encodeBase64(bytes) === text ? bytes : undefined;
}

/** Padding counts as 0. */
function sextetOf(letter: string): number {
  return letter === "=" ? 0 : ALPHABET.indexOf(letter);
}

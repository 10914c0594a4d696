/**
 * Whether a text is its value's one spelling (RFC 8785). The rule builds on ECMAScript's own way to write numbers and
 * strings, so the engine does most of it; what it leaves open is the order of keys, and strings that are no Unicode. This
 * is another way to the answer than the writer's, and several times as fast.
 */
import { canonicalJson } from "../../../config/canonical.ts";

/** `value` is what `JSON.parse` made of the text: of two equal keys it kept one, so that the texts differ. */
export function isCanonical(value: unknown, text: string): boolean {
  try {
    // The engine writes half of a surrogate pair as `\ud...`, where the rule knows no spelling.
    if (JSON.stringify(value) === text && !text.includes("\\ud")) return keysAscend(value);
    // Rare: keys that look like integers, which objects put first, or a backslash before "ud".
    return canonicalJson(value) === text;
  } catch {
    return false; // Nested too deeply to walk, or half of a surrogate pair.
  }
}

/** By UTF-16 code units, as JavaScript compares strings (§3.2.3). */
function keysAscend(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(keysAscend);
  const keys = Object.keys(value);
  return keys.every((key, i) => i === 0 || key > (keys[i - 1] ?? "")) && Object.values(value).every(keysAscend);
}

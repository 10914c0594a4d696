/**
 * The one spelling of a JSON value (RFC 8785, JCS): what is digested, signed and compared. Sorting of keys and numbers
 * is the `canonicalize` package; this file only says what may be handed to it.
 */
import canonicalize from "canonicalize";
import { invariant } from "./invariant.ts";

/**
 * The canonical text of a value that came from JSON. Values that JSON cannot say (NaN, a lone surrogate, a function,
 * `undefined` at the top) are bugs of the caller and throw.
 *
 * @example canonicalJson({ b: 1, a: [1e30] }) === '{"a":[1e+30],"b":1}'
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  invariant(text !== undefined, "a value that JSON can say");
  return text;
}

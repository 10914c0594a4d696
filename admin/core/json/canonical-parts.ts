/**
 * Canonical JSON (`config/canonical.ts`) of what is large and mostly the same as before: a list is put together from the
 * texts of its items, and an item that is the same object as in another list is spelled once. Items must never change.
 */
import { canonicalJson } from "../../../config/canonical.ts";
import { invariant } from "../../../config/invariant.ts";
import { sortedBy } from "../../../config/order.ts";

const texts = new WeakMap<object, string>();

/** What `canonicalJson` says of the list. */
export function canonicalList(items: readonly unknown[]): string {
  return `[${items.map(canonicalText).join(",")}]`;
}

/** What `canonicalJson` says of a record, whose lists are as above. Fields must not be `undefined`. */
export function canonicalRecord(record: Readonly<Record<string, unknown>>): string {
  const fields = sortedBy(Object.entries(record), ([name]) => name).map(([name, value]) => {
    const text = Array.isArray(value) ? canonicalList(value) : canonicalJson(value);
    return `${canonicalJson(name)}:${text}`;
  });
  return `{${fields.join(",")}}`;
}

/** What `canonicalJson` says of the item. */
export function canonicalText(item: unknown): string {
  if (typeof item !== "object" || item === null) return canonicalJson(item);
  const known = texts.get(item);
  if (known !== undefined) return known;
  const text = canonicalJson(item);
  // To look at a character makes one piece of the many that V8 has it in; else every list would do that again.
  invariant(text.charAt(0) === (Array.isArray(item) ? "[" : "{"), "an object is spelled as one");
  texts.set(item, text);
  return text;
}

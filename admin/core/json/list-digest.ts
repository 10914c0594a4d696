/**
 * Canonical JSON of a list and its SHA-256, for lists that change in one place at a time: what the list before has in front
 * of that place is neither spelled nor hashed again. The live overlays of a large fleet are hashed at every commit, inside
 * of the object that nobody can do anything else in meanwhile.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalText } from "./canonical-parts.ts";

/** Some 6 KB of overlays: little enough to hash once more, and few states to keep. */
const ITEMS_PER_MARK = 32;

type Hasher = ReturnType<typeof sha256.create>;

/** `hashers[n]` has taken the bracket and the first `n * ITEMS_PER_MARK` items, each with the comma behind it. */
type Marks = { readonly texts: readonly string[]; readonly hashers: readonly Hasher[] };

const marksByList = new WeakMap<readonly unknown[], Marks>();

export type ListDigest = { readonly text: string; readonly digest: string };

/** `before` is a list that this one may have come from; it changes the cost and not the answer. */
export function digestList(items: readonly unknown[], before: readonly unknown[] = []): ListDigest {
  const texts = items.map(canonicalText);
  const hashers = hashersFor(texts, marksByList.get(before));
  let hasher = hashers.at(-1)?.clone() ?? start();
  for (let at = (hashers.length - 1) * ITEMS_PER_MARK; at < texts.length; at += ITEMS_PER_MARK) {
    const end = at + ITEMS_PER_MARK;
    const part = texts.slice(at, end).join(",");
    if (end >= texts.length) hasher.update(utf8ToBytes(part));
    else {
      hashers.push(hasher.update(utf8ToBytes(`${part},`)));
      hasher = hasher.clone();
    }
  }
  marksByList.set(items, { texts, hashers });
  return { text: `[${texts.join(",")}]`, digest: bytesToHex(hasher.update(utf8ToBytes("]")).digest()) };
}

/** Those of the list before that hold for this one; at least the one that has taken nothing but the bracket. */
function hashersFor(texts: readonly string[], known: Marks | undefined): Hasher[] {
  if (known === undefined) return [start()];
  const differs = texts.findIndex((text, at) => text !== known.texts[at]);
  const same = differs === -1 ? texts.length : differs;
  // Behind the last item there is no comma, so a mark there would be of another list.
  const marks = Math.min(same, texts.length - 1);
  return known.hashers.slice(0, 1 + Math.max(0, Math.floor(marks / ITEMS_PER_MARK)));
}

function start(): Hasher {
  return sha256.create().update(utf8ToBytes("["));
}

/** From what the caller knows to a leaf as it is kept: its place in the log, its one spelling, and its hash. */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "../../../config/canonical.ts";
import { type AuditEntry, type AuditLeaf, LEAF_VERSION } from "./leaf.ts";
import { type Hash, hashHex, leafHash } from "./merkle.ts";

export type SealedLeaf = {
  readonly index: number;
  /** Canonical JSON of an `AuditLeaf`. */
  readonly text: string;
  /** Of the text's UTF-8 bytes. */
  readonly hash: Hash;
};

/** What the first leaf names as the one before it. */
const NOTHING_BEFORE = "0".repeat(64);

/** The leaf after `last`, or the first one. */
export function sealLeaf(entry: AuditEntry, last: Pick<SealedLeaf, "index" | "hash"> | undefined): SealedLeaf {
  const index = last === undefined ? 0 : last.index + 1;
  const previous = last === undefined ? NOTHING_BEFORE : hashHex(last.hash);
  const leaf: AuditLeaf = { ...entry, version: LEAF_VERSION, index, previous };
  const text = canonicalJson(leaf);
  return { index, text, hash: leafHash(utf8ToBytes(text)) };
}

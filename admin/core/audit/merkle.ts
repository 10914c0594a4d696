/**
 * The Merkle tree of the audit log, as RFC 9162 §2.1 defines it: what is hashed, what an append completes, roots, and the
 * proofs that a client checks with `merkle-verify.ts`. Where nodes are kept is the caller's business; it hands in how to
 * read one.
 *
 * Only perfect subtrees are ever kept. Such a node never changes once it is complete, so an append writes the leaf and,
 * on average, one node above it, and never more than one for each level.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { invariant } from "../../../config/invariant.ts";

/** Of SHA-256. */
export const HASH_BYTES = 32;
export type Hash = Uint8Array;

/** The perfect subtree over the leaves from `position * 2^level` on, 2^level of them. Level 0 is the leaves themselves. */
export type NodePlace = { readonly level: number; readonly position: number };
export type TreeNode = NodePlace & { readonly hash: Hash };
export type ReadNode = (place: NodePlace) => Hash;

/** The root of a tree without leaves: the hash of nothing (§2.1.1). */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array());

// Leaves and nodes are hashed with different first bytes, so that neither can be passed off as the other (§2.1.1).
const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

export function leafHash(data: Uint8Array): Hash {
  return sha256(concatBytes(LEAF_PREFIX, data));
}

export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

/** As leaves and answers write a hash. */
export function hashHex(hash: Hash): string {
  return bytesToHex(hash);
}

/** The nodes that the leaf at `index` completes, from below; none for an even index. Reads one node for each. */
export function completedNodes(index: number, leaf: Hash, read: ReadNode): readonly TreeNode[] {
  invariant(Number.isSafeInteger(index) && index >= 0, "an index is a safe integer from 0");
  const nodes: TreeNode[] = [];
  let hash = leaf;
  for (let level = 0, position = index; position % 2 === 1; level += 1, position = (position - 1) / 2) {
    hash = nodeHash(read({ level, position: position - 1 }), hash);
    nodes.push({ level: level + 1, position: (position - 1) / 2, hash });
  }
  return nodes;
}

/** The root of the tree of the first `size` leaves. Reads at most one node a level. */
export function rootAt(size: number, read: ReadNode): Hash {
  invariant(Number.isSafeInteger(size) && size >= 0, "a size is a safe integer from 0");
  return size === 0 ? EMPTY_ROOT : rangeHash({ start: 0, size }, read);
}

/** §2.1.3.1: PATH(index, D[size]), from the leaf upwards. `index` is below `size`. */
export function inclusionProof(index: number, size: number, read: ReadNode): readonly Hash[] {
  invariant(Number.isSafeInteger(size) && Number.isSafeInteger(index), "index and size are safe integers");
  invariant(index >= 0 && index < size, "a leaf is in a tree that is larger than its index");
  return path(index, { start: 0, size }, read);
}

/** §2.1.4.1: PROOF(from, D[to]). There is none from an empty tree: every tree goes on from that. */
export function consistencyProof(from: number, to: number, read: ReadNode): readonly Hash[] {
  invariant(Number.isSafeInteger(from) && Number.isSafeInteger(to), "sizes are safe integers");
  invariant(from >= 1 && from <= to, "a tree goes on from a smaller one that is not empty");
  return from === to ? [] : subproof(from, { start: 0, size: to }, true, read);
}

/** Leaves from `start` on; `start` is a multiple of the largest power of two in `size`, as all splits make it. */
type Range = { readonly start: number; readonly size: number };

function rangeHash(range: Range, read: ReadNode): Hash {
  const { start, size } = range;
  const level = levelOf(size);
  if (2 ** level === size) return read({ level, position: start / size });
  const [left, right] = split(range);
  return nodeHash(rangeHash(left, read), rangeHash(right, read));
}

function path(index: number, range: Range, read: ReadNode): readonly Hash[] {
  if (range.size === 1) return [];
  const [left, right] = split(range);
  return index < right.start
    ? [...path(index, left, read), rangeHash(right, read)]
    : [...path(index, right, read), rangeHash(left, read)];
}

/** `known` says that the client has the root of the whole range already, since it is that of its own tree. */
function subproof(from: number, range: Range, known: boolean, read: ReadNode): readonly Hash[] {
  if (from === range.start + range.size) return known ? [] : [rangeHash(range, read)];
  const [left, right] = split(range);
  return from <= right.start
    ? [...subproof(from, left, known, read), rangeHash(right, read)]
    : [...subproof(from, right, false, read), rangeHash(left, read)];
}

/** At the largest power of two below the size (§2.1.1). */
function split({ start, size }: Range): readonly [Range, Range] {
  const half = 2 ** levelOf(size - 1);
  return [
    { start, size: half },
    { start: start + half, size: size - half },
  ];
}

/** The exponent of the largest power of two that is not above `n`. Counted, because `Math.log2` rounds near 2^53. */
function levelOf(n: number): number {
  let level = 0;
  while (2 ** (level + 1) <= n) level += 1;
  return level;
}

/**
 * What a client does with proofs: RFC 9162 §2.1.3.2 and §2.1.4.2, with sizes as plain numbers. Anything that is no proof,
 * sizes that no tree has included, is `false` and never an exception: proofs come from whoever is not trusted.
 */
import { HASH_BYTES, type Hash, nodeHash } from "./merkle.ts";

export type InclusionClaim = {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Hash;
  readonly root: Hash;
  readonly proof: readonly Hash[];
};

export type ConsistencyClaim = {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Hash;
  readonly toRoot: Hash;
  readonly proof: readonly Hash[];
};

/** Whether the leaf is the one at `index` in the tree of that size and root. */
export function verifyInclusion({ index, size, leafHash, root, proof }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  // Where the leaf is the root nothing is hashed, and two empty texts would be equal.
  if (leafHash.length !== HASH_BYTES) return false;
  const walk = new Walk(index, size - 1);
  let hash = leafHash;
  for (const step of proof) {
    if (walk.atRoot) return false;
    hash = walk.next() === "left" ? nodeHash(step, hash) : nodeHash(hash, step);
  }
  return walk.atRoot && sameHash(hash, root);
}

/** Whether the tree of size `to` begins with the whole tree of size `from`, which is not empty. */
export function verifyConsistency({ from, to, fromRoot, toRoot, proof }: ConsistencyClaim): boolean {
  if (!isCount(from) || !isCount(to) || from < 1 || from > to) return false;
  if (from === to) return proof.length === 0 && sameHash(fromRoot, toRoot);
  const [head, ...tail] = proof;
  if (head === undefined) return false;
  // A perfect tree is one node of the larger one, and its hash is known to the client already (step 2).
  const [first, rest] = isPowerOfTwo(from) ? [fromRoot, proof] : [head, tail];
  const walk = new Walk(from - 1, to - 1);
  walk.skipCompleted();
  let older = first;
  let newer = first;
  for (const step of rest) {
    if (walk.atRoot) return false;
    const side = walk.next();
    newer = side === "left" ? nodeHash(step, newer) : nodeHash(newer, step);
    if (side === "left") older = nodeHash(step, older);
  }
  return walk.atRoot && sameHash(older, fromRoot) && sameHash(newer, toRoot);
}

/** The way from a node up to the root: `fn` and `sn` of the RFC, the node's position and that of the last one beside it. */
class Walk {
  #node: number;
  #last: number;

  constructor(node: number, last: number) {
    this.#node = node;
    this.#last = last;
  }

  get atRoot(): boolean {
    return this.#last === 0;
  }

  /** Where the next hash of the proof stands, seen from the node; goes up to their parent. */
  next(): "left" | "right" {
    const side = this.#node % 2 === 1 || this.#node === this.#last ? "left" : "right";
    // The last node of a level without a sibling is its own parent: levels are skipped until there is one.
    if (side === "left") while (this.#node % 2 === 0 && this.#node !== 0) this.#up();
    this.#up();
    return side;
  }

  /** Step 4 of §2.1.4.2: up to the root of the last perfect subtree of the smaller tree. */
  skipCompleted(): void {
    while (this.#node % 2 === 1) this.#up();
  }

  // Division, because shifts would cut a number to 32 bits.
  #up(): void {
    this.#node = Math.floor(this.#node / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isPowerOfTwo(n: number): boolean {
  let power = 1;
  while (power < n) power *= 2;
  return power === n;
}

function sameHash(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

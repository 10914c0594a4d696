/** A tree that keeps its nodes in memory as the store keeps them in rows, and counts how often one is read. */
import { createHash } from "node:crypto";
import { completedNodes, type Hash, type NodePlace } from "../../../admin/core/audit/merkle.ts";

export class MemoryTree {
  readonly #nodes = new Map<string, Hash>();
  size = 0;
  reads = 0;

  constructor(leaves: readonly Hash[] = []) {
    for (const leaf of leaves) this.append(leaf);
  }

  /** How many nodes were written beside the leaf. */
  append(leaf: Hash): number {
    const nodes = completedNodes(this.size, leaf, this.read);
    for (const node of [{ level: 0, position: this.size, hash: leaf }, ...nodes]) this.#nodes.set(key(node), node.hash);
    this.size += 1;
    return nodes.length;
  }

  readonly read = (place: NodePlace): Hash => {
    this.reads += 1;
    const hash = this.#nodes.get(key(place));
    if (hash === undefined) throw new Error(`the node ${key(place)} was never written`);
    return hash;
  };
}

function key({ level, position }: NodePlace): string {
  return `${level}/${position}`;
}

/** RFC 9162 §2.1.1 word for word, over all leaf hashes, by another implementation of SHA-256. */
export function literalRoot(leaves: readonly Hash[]): Hash {
  const [only] = leaves;
  if (only === undefined) return createHash("sha256").digest();
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const [left, right] = [literalRoot(leaves.slice(0, k)), literalRoot(leaves.slice(k))];
  return createHash("sha256").update(Uint8Array.of(1)).update(left).update(right).digest();
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/**
 * The verifier's own RFC 9162 §2.1, on the platform's SHA-256: nothing here is shared with the code that writes the log,
 * so that no mistake can be made twice in the same way. It keeps the roots of perfect subtrees from left to right, at
 * most one for each bit of the size, however long the log is.
 */
import { hash } from "node:crypto";

const EMPTY = hash("sha256", "", "buffer");

type Subtree = { readonly size: number; readonly root: Buffer };

export class RunningTree {
  readonly #subtrees: Subtree[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(leafHash: Buffer): void {
    let merged: Subtree = { size: 1, root: leafHash };
    for (let left = this.#subtrees.at(-1); left?.size === merged.size; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      merged = { size: merged.size * 2, root: hashNode(left.root, merged.root) };
    }
    this.#subtrees.push(merged);
    this.#size += 1;
  }

  root(): Buffer {
    const [last, ...others] = this.#subtrees.toReversed();
    if (last === undefined) return EMPTY;
    return others.reduce((right, { root: left }) => hashNode(left, right), last.root);
  }
}

export function hashLeaf(text: string): Buffer {
  return hash("sha256", Buffer.from(`\0${text}`), "buffer");
}

function hashNode(left: Buffer, right: Buffer): Buffer {
  return hash("sha256", Buffer.concat([Uint8Array.of(1), left, right]), "buffer");
}

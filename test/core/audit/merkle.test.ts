/**
 * RFC 9162 §2.1. The rows are written down here from the test data of transparency-dev/merkle (testdata/ and
 * rfc6962/rfc6962_test.go); where FAIRLEAD_VECTORS names the folder of the same tables as JSON, every row is run as well.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  leafHash,
  type NodePlace,
  nodeHash,
  rootAt,
} from "../../../admin/core/audit/merkle.ts";
import { verifyConsistency, verifyInclusion } from "../../../admin/core/audit/merkle-verify.ts";
import { readVectors } from "../vectors.ts";
import { hex, literalRoot, MemoryTree } from "./memory-tree.ts";

/** The data of the leaves, hex, and the roots of the trees of the first 0, 1, 2, ... of them. */
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

type Vectors = {
  readonly hashing: {
    readonly empty: string;
    readonly emptyLeaf: string;
    readonly leaf: { readonly inputUtf8: string; readonly expected: string };
    readonly node: { readonly leftUtf8: string; readonly rightUtf8: string; readonly expected: string };
  };
  readonly treeRoots: { readonly leavesHex: readonly string[]; readonly rootHexBySize: readonly string[] };
  readonly inclusion: readonly {
    readonly name: string;
    readonly leafIndex: number;
    readonly treeSize: number;
    readonly root: string;
    readonly leafHash: string;
    readonly proof: readonly string[];
    readonly valid: boolean;
  }[];
  readonly consistency: readonly {
    readonly name: string;
    readonly size1: number;
    readonly size2: number;
    readonly root1: string;
    readonly root2: string;
    readonly proof: readonly string[];
    readonly valid: boolean;
  }[];
};

const vectors = readVectors<Vectors>("merkle-rfc9162.json");
const hashes = (leavesHex: readonly string[]) => leavesHex.map((data) => leafHash(Buffer.from(data, "hex")));
const fromBase64 = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));

describe("hashes", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // what              hash                                                 expected
    ["nothing",          EMPTY_ROOT,                                          ROOTS[0]],
    ["an empty leaf",    leafHash(new Uint8Array()),                          ROOTS[1]],
    ["the leaf L123456", leafHash(Buffer.from("L123456")),                    "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"],
    ["a node",           nodeHash(Buffer.from("N123"), Buffer.from("N456")),  "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"],
  ])("%s", (_what, hash, expected) => {
    expect(hex(hash)).toBe(expected);
  });

  test.each(vectors === undefined ? [] : [vectors])("are those of the published table", ({ hashing, treeRoots }) => {
    const { empty, emptyLeaf, leaf, node } = hashing;
    expect(hex(EMPTY_ROOT)).toBe(empty);
    expect(hex(leafHash(new Uint8Array()))).toBe(emptyLeaf);
    expect(hex(leafHash(Buffer.from(leaf.inputUtf8)))).toBe(leaf.expected);
    expect(hex(nodeHash(Buffer.from(node.leftUtf8), Buffer.from(node.rightUtf8)))).toBe(node.expected);
    expect(treeRoots).toMatchObject({ leavesHex: LEAVES, rootHexBySize: ROOTS });
  });

  test.each(ROOTS.map((root, size) => [size, root] as const))("the root of size %i is %s", (size, root) => {
    const tree = new MemoryTree(hashes(LEAVES));
    expect(hex(rootAt(size, tree.read))).toBe(root);
  });
});

describe("proofs", () => {
  test.each([
    // index, size, the first 8 bytes of each hash
    [0, 1, []],
    [0, 8, ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]],
    [5, 8, ["bc1a0643b12e4d2d", "ca854ea128ed050b", "d37ee418976dd957"]],
    [2, 3, ["fac54203e7cc696c"]],
    [1, 5, ["6e340b9cffb37a98", "5f083f0a1a33ca07", "bc1a0643b12e4d2d"]],
  ])("leaf %i is in the tree of size %i by %j", (index, size, expected) => {
    const proof = inclusionProof(index, size, new MemoryTree(hashes(LEAVES)).read);
    expect(proof.map((hash) => hex(hash).slice(0, 16))).toEqual(expected);
  });

  test.each([
    // from, to, the first 8 bytes of each hash
    [1, 1, []],
    [1, 8, ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]],
    [6, 8, ["0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"]],
    [2, 5, ["5f083f0a1a33ca07", "bc1a0643b12e4d2d"]],
    [6, 7, ["0ebc5d3437fbe2db", "b08693ec2e721597", "d37ee418976dd957"]],
  ])("the tree of size %i goes on to size %i by %j", (from, to, expected) => {
    const proof = consistencyProof(from, to, new MemoryTree(hashes(LEAVES)).read);
    expect(proof.map((hash) => hex(hash).slice(0, 16))).toEqual(expected);
  });

  test.each((vectors?.inclusion ?? []).map((row) => [row.name, row] as const))("%s", (_name, row) => {
    const { leafIndex: index, treeSize: size, valid } = row;
    const [hash, root] = [fromBase64(row.leafHash), fromBase64(row.root)];
    expect(verifyInclusion({ index, size, leafHash: hash, root, proof: row.proof.map(fromBase64) })).toBe(valid);
  });

  test.each((vectors?.consistency ?? []).map((row) => [row.name, row] as const))("%s", (_name, row) => {
    const { size1: from, size2: to, valid } = row;
    const [fromRoot, toRoot] = [fromBase64(row.root1), fromBase64(row.root2)];
    expect(verifyConsistency({ from, to, fromRoot, toRoot, proof: row.proof.map(fromBase64) })).toBe(valid);
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // index     size         why not
    [-1,         8,           "no leaf is before the first"],
    [8,          8,           "the tree ends at 7"],
    [0,          0,           "an empty tree has no leaf"],
    [0.5,        8,           "half a leaf"],
    [2 ** 53,    2 ** 53 + 2, "beyond what a number counts exactly"],
    [Number.NaN, 8,           "not a number"],
  ])("leaf %d of %d: %s", (index, size) => {
    const leaf = leafHash(new Uint8Array());
    expect(verifyInclusion({ index, size, leafHash: leaf, root: leaf, proof: [] })).toBe(false);
  });

  test.each([
    [0, 8],
    [0, 0],
    [8, 7],
    [-1, 8],
    [1, 2 ** 53],
  ])("nothing goes on from size %d to %d", (from, to) => {
    expect(verifyConsistency({ from, to, fromRoot: EMPTY_ROOT, toRoot: EMPTY_ROOT, proof: [] })).toBe(false);
  });
});

/** A tree of made-up leaves with the roots of all its sizes, by recomputation from the leaves. */
const SIZE_MAX = 130;
const MADE_UP = Array.from({ length: SIZE_MAX }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));
const MADE_UP_ROOTS = Array.from({ length: SIZE_MAX + 1 }, (_, size) => literalRoot(MADE_UP.slice(0, size)));
const made = new MemoryTree(MADE_UP);
const rootOf = (size: number): Hash => MADE_UP_ROOTS[size] ?? EMPTY_ROOT;
const leafAt = (index: number): Hash => MADE_UP[index] ?? EMPTY_ROOT;

describe("laws", () => {
  test("appending one by one makes the tree that the recursion makes of all leaves", () => {
    for (let size = 0; size <= SIZE_MAX; size += 1) expect(hex(rootAt(size, made.read))).toBe(hex(rootOf(size)));
  });

  test("every leaf is proven in every tree that has it", () => {
    for (let size = 1; size <= SIZE_MAX; size += 1)
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(index, size, made.read);
        const claim = { index, size, leafHash: leafAt(index), root: rootOf(size), proof };
        if (!verifyInclusion(claim)) expect.fail(`leaf ${index} in size ${size}`);
      }
  });

  test("every tree is proven to go on to every larger one", () => {
    for (let to = 1; to <= SIZE_MAX; to += 1)
      for (let from = 1; from <= to; from += 1) {
        const proof = consistencyProof(from, to, made.read);
        const claim = { from, to, fromRoot: rootOf(from), toRoot: rootOf(to), proof };
        if (!verifyConsistency(claim)) expect.fail(`from size ${from} to ${to}`);
      }
  });

  const sizeAndIndex = fc
    .integer({ min: 1, max: SIZE_MAX })
    .chain((size) => fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }) }));
  const other = fc.integer({ min: 0, max: SIZE_MAX });

  test("an inclusion proof is good for no other leaf, index, tree or proof", () => {
    fc.assert(
      fc.property(sizeAndIndex, other, fc.nat(), ({ size, index }, n, bit) => {
        const proof = inclusionProof(index, size, made.read);
        const claim = { index, size, leafHash: leafAt(index), root: rootOf(size), proof };
        if (n < SIZE_MAX && n !== index) expect(verifyInclusion({ ...claim, leafHash: leafAt(n) })).toBe(false);
        if (n !== index) expect(verifyInclusion({ ...claim, index: n })).toBe(false);
        if (n !== size) expect(verifyInclusion({ ...claim, size: n, root: rootOf(n) })).toBe(false);
        if (n !== size) expect(verifyInclusion({ ...claim, root: rootOf(n) })).toBe(false);
        for (const broken of brokenProofs(proof, bit, rootOf(size)))
          expect(verifyInclusion({ ...claim, proof: broken })).toBe(false);
      }),
    );
  });

  test("a consistency proof is good for no other trees or proof", () => {
    fc.assert(
      fc.property(sizeAndIndex, other, fc.nat(), ({ size: to, index }, n, bit) => {
        const from = index + 1;
        const proof = consistencyProof(from, to, made.read);
        const claim = { from, to, fromRoot: rootOf(from), toRoot: rootOf(to), proof };
        if (n !== from) expect(verifyConsistency({ ...claim, from: n, fromRoot: rootOf(n) })).toBe(false);
        if (n !== from) expect(verifyConsistency({ ...claim, fromRoot: rootOf(n) })).toBe(false);
        if (n !== to) expect(verifyConsistency({ ...claim, to: n, toRoot: rootOf(n) })).toBe(false);
        if (n !== to) expect(verifyConsistency({ ...claim, toRoot: rootOf(n) })).toBe(false);
        for (const broken of brokenProofs(proof, bit, rootOf(to)))
          expect(verifyConsistency({ ...claim, proof: broken })).toBe(false);
      }),
    );
  });
});

describe("what an append costs", () => {
  test("one node above the leaves for each of them, and one read for each node", () => {
    const tree = new MemoryTree();
    const written = MADE_UP.map((leaf) => tree.append(leaf));
    expect(tree.reads).toBe(written.reduce((sum, nodes) => sum + nodes, 0));
    expect(tree.reads).toBeLessThan(SIZE_MAX);
    expect(Math.max(...written)).toBe(7); // The leaf at 127 completes the subtrees of 2, 4, ..., 128.
  });

  test("roots and proofs read a node or two a level, however long the log is", () => {
    // Nodes out of thin air: what is on the right edge fits together whatever they are.
    let reads = 0;
    const read = ({ level, position }: NodePlace): Hash => {
      reads += 1;
      return leafHash(Buffer.from(`${level}/${position}`));
    };
    const size = Number.MAX_SAFE_INTEGER;
    const root = rootAt(size, read);
    expect(reads).toBe(53);
    reads = 0;
    const proof = inclusionProof(size - 1, size, read);
    expect([proof.length, reads]).toEqual([52, 52]);
    const leaf = read({ level: 0, position: size - 1 });
    expect(verifyInclusion({ index: size - 1, size, leafHash: leaf, root, proof })).toBe(true);
    const consistency = consistencyProof(size - 1, size, read);
    const fromRoot = rootAt(size - 1, read);
    expect(verifyConsistency({ from: size - 1, to: size, fromRoot, toRoot: root, proof: consistency })).toBe(true);
    reads = 0;
    inclusionProof(0, size, read);
    expect(reads).toBeLessThanOrEqual(2 * 53);
  });
});

/** The ways in which a proof is broken: one bit off, cut short, one hash more at either end. */
function brokenProofs(proof: readonly Hash[], seed: number, extra: Hash): readonly (readonly Hash[])[] {
  const longer = [
    [...proof, extra],
    [extra, ...proof],
  ];
  if (proof.length === 0) return longer;
  const at = seed % proof.length;
  const flipped = proof.map((hash, i) => (i === at ? flip(hash, seed % 256) : hash));
  return [...longer, flipped, proof.slice(1), proof.slice(0, -1)];
}

function flip(hash: Hash, bit: number): Hash {
  return hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

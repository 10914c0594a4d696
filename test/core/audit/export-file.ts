/**
 * An export of an audit log, made as the control plane makes one, and what somebody who can write the file may do to it.
 * `rebuild` is all that can be done without the signing key: every hash and every link anew.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { formatCheckpoint } from "../../../admin/core/audit/checkpoint.ts";
import type { AuditEntry, AuditLeaf } from "../../../admin/core/audit/leaf.ts";
import { rootAt } from "../../../admin/core/audit/merkle.ts";
import { type SealedLeaf, sealLeaf } from "../../../admin/core/audit/seal.ts";
import { formatNote, formatVerifierKey, parseNote, verifierKey } from "../../../admin/core/audit/signed-note.ts";
import { MemoryTree } from "./memory-tree.ts";

type LogLine = { type: "log"; version: number; origin: string; key?: string; formerKeys?: string[] };
export type LeafLine = { type: "leaf"; index: number; leaf: string };
export type CheckpointLine = { type: "checkpoint"; note: string };
export type ExportLine = LogLine | LeafLine | CheckpointLine;

export const ORIGIN = "fairlead.dev/audit/demo";

/** RFC 8410 §7: what comes before the 32 bytes of an Ed25519 private key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** Signs notes in a name, with a key that follows from `seed`, so that the same log has the same bytes each time. */
export class Signer {
  readonly #privateKey: KeyObject;
  readonly #key: ReturnType<typeof verifierKey>;

  constructor(seed: number, name = ORIGIN) {
    const key = Buffer.concat([PKCS8_PREFIX, Buffer.alloc(32, seed)]);
    this.#privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
    const { x = "" } = createPublicKey(this.#privateKey).export({ format: "jwk" });
    this.#key = verifierKey(name, Uint8Array.from(Buffer.from(x, "base64url")));
  }

  get verifierKey(): string {
    return formatVerifierKey(this.#key);
  }

  note(text: string): string {
    const signature = Uint8Array.from(sign(null, Buffer.from(text), this.#privateKey));
    return formatNote({ text, signatures: [{ name: this.#key.name, keyHash: this.#key.keyHash, signature }] });
  }
}

/** The hour in which the made-up log begins; a leaf every second. */
export const FIRST_MS = Date.UTC(2026, 0, 1, 12);

function entryAt(index: number): AuditEntry {
  return {
    atMs: FIRST_MS + index * 1_000,
    environment: "demo",
    request: `req-${index}`,
    actor: { subject: `sha256:${"5".repeat(64)}`, kind: "person", roles: ["operator"] },
    action: "weights.shift",
    outcome: "committed",
    resource: "web/europe",
    reason: `shift ${index} – wie geplant`,
    before: { revision: index + 1, digest: "a".repeat(64) },
    after: { revision: index + 2, digest: "b".repeat(64) },
    decisions: [
      { rule: "stepMax", outcome: "pass" },
      { rule: "capacity", outcome: "warn" },
    ],
  };
}

export type LogShape = {
  readonly leaves: number;
  readonly checkpoints: readonly number[];
  readonly signer: Signer;
  /** Of every entry, in the place of its own. */
  readonly reason?: string;
};

/** A log of so many leaves, with checkpoints of these sizes. */
export function exportOf({ leaves, checkpoints, signer, reason }: LogShape): ExportLine[] {
  const sealed: SealedLeaf[] = [];
  for (let index = 0; index < leaves; index += 1)
    sealed.push(sealLeaf({ ...entryAt(index), ...(reason === undefined ? {} : { reason }) }, sealed.at(-1)));
  return [
    { type: "log", version: 1, origin: ORIGIN, key: signer.verifierKey },
    ...withCheckpoints(sealed, (size) => (checkpoints.includes(size) ? signer : undefined)),
  ];
}

/** All leaves anew from `from` on: new indexes, links, hashes, roots. Checkpoints keep the signatures they had. */
export function rebuild(lines: readonly ExportLine[], change: (leaf: AuditLeaf) => AuditLeaf): ExportLine[] {
  const sealed: SealedLeaf[] = [];
  for (const line of lines.filter((candidate) => candidate.type === "leaf")) {
    const { version: _, index: __, previous: ___, ...entry } = change(leafOf(line));
    sealed.push(sealLeaf(entry, sealed.at(-1)));
  }
  const oldNotes = new Map(lines.flatMap((line) => (line.type === "checkpoint" ? [[sizeOf(line), line.note]] : [])));
  const rebuilt = withCheckpoints(sealed, (size) => {
    const old = oldNotes.get(size);
    return old === undefined ? undefined : { note: (text) => resigned(text, String(old)) };
  });
  return [...lines.slice(0, 1), ...rebuilt];
}

/** The part of a note that is signed. */
export function noteText({ note }: CheckpointLine): string {
  return note.slice(0, note.lastIndexOf("\n\n") + 1);
}

/** The signatures of one note under the text of another: what is left to whoever has no key. */
function resigned(text: string, old: string): string {
  const parsed = parseNote(old);
  if (!parsed.ok) throw new Error(parsed.error);
  return formatNote({ text, signatures: parsed.value.signatures });
}

function withCheckpoints(
  sealed: readonly SealedLeaf[],
  signerAt: (size: number) => Pick<Signer, "note"> | undefined,
): ExportLine[] {
  const tree = new MemoryTree();
  return sealed.flatMap(({ index, text, hash }): ExportLine[] => {
    tree.append(hash);
    const line: LeafLine = { type: "leaf", index, leaf: text };
    const signer = signerAt(tree.size);
    if (signer === undefined) return [line];
    const body = formatCheckpoint({ origin: ORIGIN, size: tree.size, root: rootAt(tree.size, tree.read) });
    return [line, { type: "checkpoint", note: signer.note(body) }];
  });
}

export function leafOf({ leaf }: LeafLine): AuditLeaf {
  return JSON.parse(leaf) as AuditLeaf; // Made by `sealLeaf` above.
}

export function sizeOf({ note }: CheckpointLine): number {
  return Number(note.split("\n")[1]);
}

export function textOf(lines: readonly ExportLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * Signed notes (c2sp.org/signed-note): a text, a blank line, and a line for each signature. Here is the format and how
 * keys are named; whether an Ed25519 signature holds is for the shell, which has the platform's crypto.
 *
 *     — <key name> <base64 of key hash and signature>
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { invariant } from "../../../config/invariant.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** A public key as verifiers are given it, in text `<name>+<key hash>+<base64 of type and key>`. */
export type VerifierKey = {
  readonly name: string;
  /** The note's short name for the key, 8 hex digits; not a cryptographic commitment. */
  readonly keyHash: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
};

export type NoteSignature = {
  readonly name: string;
  readonly keyHash: string;
  /** Without the key hash; 64 bytes when it is Ed25519. */
  readonly signature: Uint8Array;
};

export type SignedNote = {
  /** What is signed, in UTF-8; ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
};

const ED25519 = 0x01;
const PUBLIC_KEY_BYTES = 32;
const KEY_HASH_BYTES = 4;
/** Verifiers must take 16 at least and should have a limit; this is that of the first implementation. */
const SIGNATURES_MAX = 100;

const NAME_PATTERN = /^[^\p{White_Space}+]+$/u;
const SIGNATURE_LINE_PATTERN = /^— ([^\p{White_Space}+]+) ([A-Za-z0-9+/=]+)$/u;

export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  invariant(NAME_PATTERN.test(name), "a key name has neither spaces nor plus signs");
  invariant(publicKey.length === PUBLIC_KEY_BYTES, "an Ed25519 public key has 32 bytes");
  const named = concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(ED25519), publicKey);
  return { name, keyHash: bytesToHex(sha256(named).subarray(0, KEY_HASH_BYTES)), publicKey };
}

export function formatVerifierKey({ name, keyHash, publicKey }: VerifierKey): string {
  return `${name}+${keyHash}+${encodeBase64(concatBytes(Uint8Array.of(ED25519), publicKey))}`;
}

export function parseVerifierKey(text: string): Result<VerifierKey, string> {
  const [, name, keyHash, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  if (name === undefined || keyHash === undefined || encoded === undefined || !NAME_PATTERN.test(name))
    return err("a verifier key is <name>+<8 hex digits>+<base64>");
  const bytes = decodeBase64(encoded);
  if (bytes?.[0] !== ED25519 || bytes.length !== 1 + PUBLIC_KEY_BYTES) return err("the key is not an Ed25519 key");
  const key = verifierKey(name, bytes.subarray(1));
  return key.keyHash === keyHash ? ok(key) : err(`the hash of this key is ${key.keyHash}, not ${keyHash}`);
}

export function formatNote({ text, signatures }: SignedNote): string {
  invariant(text.endsWith("\n") && isNoteText(text), "a note's text is lines of printable text");
  invariant(signatures.length > 0, "a note is signed");
  const lines = signatures.map(({ name, keyHash, signature }) => {
    invariant(NAME_PATTERN.test(name), "a key name has neither spaces nor plus signs");
    return `— ${name} ${encodeBase64(concatBytes(hexToBytes(keyHash), signature))}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Takes a note apart; says nothing about whether its signatures hold. */
export function parseNote(note: string): Result<SignedNote, string> {
  if (!isNoteText(note)) return err("a note has no control characters but newlines");
  const blank = note.lastIndexOf("\n\n");
  if (blank < 0 || !note.endsWith("\n")) return err("a note ends with a blank line and lines of signatures");
  const lines = note.slice(blank + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) return err(`a note has ${SIGNATURES_MAX} signatures at most`);
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === undefined) return err("a line of a signature is an em dash, a name and base64");
    signatures.push(signature);
  }
  return ok({ text: note.slice(0, blank + 1), signatures });
}

/** The signatures that a key claims to have made; those by other keys say nothing to whoever does not know them. */
export function signaturesBy(note: SignedNote, key: VerifierKey): readonly NoteSignature[] {
  return note.signatures.filter(({ name, keyHash }) => name === key.name && keyHash === key.keyHash);
}

/** No ASCII control characters but newlines, and no half of a surrogate pair, which UTF-8 cannot say. */
function isNoteText(text: string): boolean {
  return !/\p{Surrogate}/u.test(text) && [...text].every((character) => character >= " " || character === "\n");
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, encoded] = SIGNATURE_LINE_PATTERN.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= KEY_HASH_BYTES) return undefined;
  return {
    name,
    keyHash: bytesToHex(bytes.subarray(0, KEY_HASH_BYTES)),
    signature: bytes.subarray(KEY_HASH_BYTES),
  };
}

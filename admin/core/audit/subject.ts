/**
 * How a leaf names a person without saying the name: the hash of a random salt and the name. Whoever has the salt can
 * check a name; once it is gone, the hash says nothing, and the leaves stay as they were signed.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { invariant } from "../../../config/invariant.ts";

/** Names are few and guessable; the salt is what is not. As many bytes as the hash has, so that it is no weaker. */
export const SUBJECT_SALT_BYTES = 32;

/** Stands in the place of a subject when nobody was recognized. */
export const NOBODY = "nobody";

export const SUBJECT_PATTERN = /^sha256:[0-9a-f]{64}$/;

export function subjectOf(salt: Uint8Array, name: string): string {
  invariant(salt.length === SUBJECT_SALT_BYTES, "a salt has 32 bytes");
  return `sha256:${bytesToHex(sha256(concatBytes(salt, utf8ToBytes(name))))}`;
}

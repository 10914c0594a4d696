/**
 * SHA-256 of a text's UTF-8 bytes in hex: names of stored texts, ETags, fingerprints, plan digests. Synchronous, unlike the
 * platform's own, so that nothing can come between reading a state and committing its successor (DECISIONS 19).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/**
 * The text that carries a snapshot: one header line, then the canonical JSON exactly as it was signed. The signature
 * is Ed25519 over the payload's UTF-8 bytes. Only the format is known here; keys and crypto are the shells' business.
 *
 *     fairlead-snapshot/1 <keyId> <signature, base64>\n<canonical JSON>
 */
import { err, ok, type Result } from "./result.ts";

const MAGIC = "fairlead-snapshot/1";
const HEADER_PATTERN = /^fairlead-snapshot\/1 ([A-Za-z0-9_-]{1,64}) ([A-Za-z0-9+/]{86}==)$/;

export type SignedText = {
  readonly keyId: string;
  /** 64 bytes, base64 with padding. */
  readonly signature: string;
  readonly payload: string;
};

export function encodeSigned({ keyId, signature, payload }: SignedText): string {
  return `${MAGIC} ${keyId} ${signature}\n${payload}`;
}

/** Takes the text apart; says nothing about whether the signature holds. */
export function decodeSigned(text: string): Result<SignedText, string> {
  const lineEnd = text.indexOf("\n");
  const match = lineEnd < 0 ? null : HEADER_PATTERN.exec(text.slice(0, lineEnd));
  if (match?.[1] === undefined || match[2] === undefined)
    return err("the header line is not that of a signed snapshot");
  return ok({ keyId: match[1], signature: match[2], payload: text.slice(lineEnd + 1) });
}

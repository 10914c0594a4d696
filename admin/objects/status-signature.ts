/** Whether the bytes of a status are signed with a cluster's own key. */
import { STATUS_SIGNATURE_DOMAIN } from "../../config/cluster-status.ts";
import { decodeBase64 } from "../core/audit/base64.ts";

/** `ed25519=` and 64 bytes in base64. */
const FIELD_PATTERN = /^ed25519=([A-Za-z0-9+/]{86}==)$/;

const DOMAIN = new TextEncoder().encode(STATUS_SIGNATURE_DOMAIN);

/** The bytes of the signature in the header, or undefined when there is none of that form. */
export function signatureOf(field: string | undefined): Uint8Array | undefined {
  const text = FIELD_PATTERN.exec(field?.trim() ?? "")?.[1];
  return text === undefined ? undefined : decodeBase64(text);
}

/** `key` is the raw public key in base64, as the document has it; one that is no key at all has signed nothing. */
export async function isSignedBy(key: string, body: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const raw = decodeBase64(key);
  if (raw === undefined) return false;
  const signed = new Uint8Array(DOMAIN.length + body.length);
  signed.set(DOMAIN);
  signed.set(body, DOMAIN.length);
  try {
    const publicKey = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, publicKey, signature, signed);
  } catch {
    return false; // Not every 32 bytes are a point on the curve.
  }
}

/**
 * Signatures after the Standard Webhooks specification 1.0.0: HMAC-SHA256 over id, time and body, one for each secret that
 * is good at the moment, so that receivers can change theirs at their leisure.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { invariant } from "../../../config/invariant.ts";
import { decodeBase64, encodeBase64 } from "../audit/base64.ts";

const SECRET_PREFIX = "whsec_";
/** The specification: 24 bytes at least, 64 at most. */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
/** As many as the hash has. */
export const SECRET_BYTES_MADE = 32;

export type Message = {
  readonly id: string;
  /** Of this attempt, not of the event: receivers refuse what is older than five minutes. */
  readonly timestampS: number;
  readonly body: string;
};

export type SignedHeaders = Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>;

/** `secrets`: the newest first, each as `isSigningSecret` has it. */
export function signedHeaders({ id, timestampS, body }: Message, secrets: readonly string[]): SignedHeaders {
  const signed = utf8ToBytes(`${id}.${timestampS}.${body}`);
  const signatures = secrets.map((secret) => `v1,${encodeBase64(hmac(sha256, keyOf(secret), signed))}`);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": signatures.join(" "),
  };
}

export function isSigningSecret(text: string): boolean {
  if (!text.startsWith(SECRET_PREFIX)) return false;
  const key = decodeBase64(text.slice(SECRET_PREFIX.length));
  return key !== undefined && key.length >= SECRET_BYTES_MIN && key.length <= SECRET_BYTES_MAX;
}

export function signingSecret(bytes: Uint8Array): string {
  return `${SECRET_PREFIX}${encodeBase64(bytes)}`;
}

function keyOf(secret: string): Uint8Array {
  const key = decodeBase64(secret.slice(SECRET_PREFIX.length));
  invariant(key !== undefined, "a secret that was checked when it was set");
  return key;
}

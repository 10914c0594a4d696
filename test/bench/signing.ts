/** Signing and verifying as the two Workers do it (Ed25519, WebCrypto), with a key that lives as long as the run. */
import { canonicalJson } from "../../config/canonical.ts";
import { invariant } from "../../config/invariant.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { SignedPayload } from "./protocol.ts";

export async function signSnapshot(snapshot: Snapshot): Promise<SignedPayload> {
  const payload = canonicalJson(snapshot);
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  invariant("privateKey" in pair, "Ed25519 makes a key pair");
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(payload));
  const publicKey = await crypto.subtle.exportKey("raw", pair.publicKey);
  invariant(publicKey instanceof ArrayBuffer, "a raw key is bytes");
  return { payload, signature: toBase64(signature), publicKey: toBase64(publicKey) };
}

export async function verifySignature({ payload, signature, publicKey }: SignedPayload): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", fromBase64(publicKey), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, fromBase64(signature), new TextEncoder().encode(payload));
}

function toBase64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

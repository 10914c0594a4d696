/** The public keys of the control plane. Imported when first asked for: at start-up a Worker may not wait for anything. */
import { fromBase64 } from "../base64.ts";

/** Undefined for an id that nobody has given. */
export type KeyOf = (keyId: string) => Promise<CryptoKey | undefined>;

/** Key id to 32 raw bytes, base64. */
export function createKeyring(publicKeys: Readonly<Record<string, string>>): KeyOf {
  const keys = new Map<string, CryptoKey>();
  return async (keyId) => {
    const known = keys.get(keyId);
    const encoded = Object.hasOwn(publicKeys, keyId) ? publicKeys[keyId] : undefined;
    if (known !== undefined || encoded === undefined) return known;
    const key = await crypto.subtle.importKey("raw", fromBase64(encoded), "Ed25519", false, ["verify"]);
    keys.set(keyId, key);
    return key;
  };
}

/** The environment's Ed25519 key, with which everything is signed that edges believe. */
import type { AdminEnv } from "../env.ts";

export type KeyEnv = Pick<AdminEnv, "SNAPSHOT_SIGNING_KEY" | "SNAPSHOT_KEY_ID">;

export type Signature = { readonly keyId: string; readonly bytes: Uint8Array };

export function signingKeyId({ SNAPSHOT_SIGNING_KEY: jwk, SNAPSHOT_KEY_ID: keyId }: KeyEnv): string | undefined {
  return jwk === undefined ? undefined : keyId;
}

/** Signs the UTF-8 bytes of a text. */
export async function signText(text: string, env: KeyEnv): Promise<Signature> {
  const { SNAPSHOT_SIGNING_KEY: jwk, SNAPSHOT_KEY_ID: keyId } = env;
  if (jwk === undefined || keyId === undefined) throw new Error("SNAPSHOT_SIGNING_KEY and SNAPSHOT_KEY_ID are not set");
  const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), { name: "Ed25519" }, false, ["sign"]);
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, key, new TextEncoder().encode(text));
  return { keyId, bytes: new Uint8Array(signature) };
}

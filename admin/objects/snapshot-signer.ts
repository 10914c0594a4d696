/**
 * Signs snapshots with the environment's Ed25519 key. The exact bytes are read back with the edge's own parser first:
 * what the edge would refuse is never signed.
 */
import { canonicalJson } from "../../config/canonical.ts";
import { invariant } from "../../config/invariant.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { encodeSigned } from "../../config/signed.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { AdminEnv } from "../env.ts";

type KeyEnv = Pick<AdminEnv, "SNAPSHOT_SIGNING_KEY" | "SNAPSHOT_KEY_ID">;

export async function signSnapshot(snapshot: Snapshot, env: KeyEnv): Promise<string> {
  const payload = canonicalJson(snapshot);
  const readBack = parseSnapshot(payload);
  if (!readBack.ok) throw new Error(`the edge would refuse this snapshot: ${readBack.error}`);
  invariant(readBack.value.revision === snapshot.revision, "a snapshot reads back as itself");

  const { SNAPSHOT_SIGNING_KEY: jwk, SNAPSHOT_KEY_ID: keyId } = env;
  if (jwk === undefined || keyId === undefined) throw new Error("SNAPSHOT_SIGNING_KEY and SNAPSHOT_KEY_ID are not set");
  const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), { name: "Ed25519" }, false, ["sign"]);
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, key, new TextEncoder().encode(payload));
  return encodeSigned({ keyId, signature: base64(new Uint8Array(signature)), payload });
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

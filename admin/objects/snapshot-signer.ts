/**
 * Signs snapshots with the environment's Ed25519 key. The exact bytes are read back with the edge's own parser first:
 * what the edge would refuse is never signed.
 */
import { invariant } from "../../config/invariant.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { encodeSigned } from "../../config/signed.ts";
import { base64 } from "./base64.ts";
import { type KeyEnv, signText } from "./signing-key.ts";

/** `payload` is the canonical JSON of the snapshot of that revision. */
export async function signSnapshot(payload: string, revision: number, env: KeyEnv): Promise<string> {
  const readBack = parseSnapshot(payload);
  if (!readBack.ok) throw new Error(`the edge would refuse this snapshot: ${readBack.error}`);
  invariant(readBack.value.revision === revision, "a snapshot reads back as itself");

  const { keyId, bytes } = await signText(payload, env);
  return encodeSigned({ keyId, signature: base64(bytes), payload });
}

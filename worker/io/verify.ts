/**
 * From the text that came over the wire to a snapshot that may be used: signature first, then shape, then whether it is
 * ours at all. Every "no" is a code and a sentence for the log. Whether it is newer is the store's question.
 */
import { SNAPSHOT_BYTES_MAX } from "../../config/limits.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { decodeSigned } from "../../config/signed.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { fromBase64 } from "../base64.ts";
import { createKeyring } from "./public-keys.ts";

export type SnapshotRefusal = {
  readonly code:
    | "tooLarge"
    | "malformed"
    | "keyUnknown"
    | "signatureWrong"
    | "invalid"
    | "environmentWrong"
    | "unloadable";
  readonly detail: string;
};

export type Verifier = (text: string) => Promise<Result<Snapshot, SnapshotRefusal>>;

export function createVerifier(environment: string, publicKeys: Readonly<Record<string, string>>): Verifier {
  const keyOf = createKeyring(publicKeys);
  return async (text) => {
    if (text.length > SNAPSHOT_BYTES_MAX) return refuse("tooLarge", `the text is ${text.length} characters long`);
    const signed = decodeSigned(text);
    if (!signed.ok) return refuse("malformed", signed.error);
    const { keyId, signature, payload } = signed.value;
    const key = await keyOf(keyId);
    if (key === undefined) return refuse("keyUnknown", `no public key is called ${keyId}`);
    const genuine = await crypto.subtle.verify(
      "Ed25519",
      key,
      fromBase64(signature),
      new TextEncoder().encode(payload),
    );
    if (!genuine) return refuse("signatureWrong", `the signature of ${keyId} does not hold`);
    const parsed = parseSnapshot(payload);
    if (!parsed.ok) return refuse("invalid", parsed.error);
    if (parsed.value.environment !== environment)
      return refuse("environmentWrong", `it is for the environment ${parsed.value.environment}`);
    return ok(parsed.value);
  };
}

function refuse(code: SnapshotRefusal["code"], detail: string): Result<never, SnapshotRefusal> {
  return err({ code, detail });
}

/** The public half of the environment's key, under the name by which checkpoints are signed with it. */
import { z } from "@hono/zod-openapi";
import { decodeBase64 } from "../core/audit/base64.ts";
import { auditOrigin } from "../core/audit/checkpoint.ts";
import { type VerifierKey, verifierKey } from "../core/audit/signed-note.ts";
import type { AdminEnv } from "../env.ts";
import { type KeyEnv, signingKeyId } from "./signing-key.ts";

/** RFC 8037 §2: a private key has its public half `x` with it, 32 bytes as base64url. */
const Ed25519Jwk = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

type AuditEnv = KeyEnv & Pick<AdminEnv, "ENVIRONMENT">;

/** Read once an isolate: the bindings do not change while it lives, and every commit asks for the key. */
const keysByEnv = new WeakMap<AuditEnv, { readonly key: VerifierKey | undefined }>();

/**
 * Undefined when no key is configured, or one that cannot be read: then nothing is signed, and publishing says what is
 * wrong with it. A commit must not fail for that.
 */
export function auditVerifierKey(env: AuditEnv): VerifierKey | undefined {
  const known = keysByEnv.get(env) ?? { key: readKey(env) };
  keysByEnv.set(env, known);
  return known.key;
}

function readKey(env: AuditEnv): VerifierKey | undefined {
  if (env.SNAPSHOT_SIGNING_KEY === undefined || signingKeyId(env) === undefined) return undefined;
  const { data: jwk } = Ed25519Jwk.safeParse(readJson(env.SNAPSHOT_SIGNING_KEY));
  const publicKey = jwk && decodeBase64(`${jwk.x.replaceAll("-", "+").replaceAll("_", "/")}=`);
  return publicKey && verifierKey(auditOrigin(env.ENVIRONMENT), publicKey);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

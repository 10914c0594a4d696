/**
 * Issues the tokens that open the decision trace at the edge. Whoever looks into other people's requests leaves their
 * name and a reason: there is no token without its record, because the record is written before the token is handed out.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { canonicalJson } from "../../config/canonical.ts";
import {
  DEBUG_TOKEN_LENGTH_MAX,
  DEBUG_TOKEN_MS_DEFAULT,
  DebugClaims,
  debugTokenSignedText,
  encodeDebugToken,
} from "../../config/debug-token.ts";
import { invariant } from "../../config/invariant.ts";
import { err, ok, type Result } from "../../config/result.ts";
import type { AdminEnv } from "../env.ts";
import { logEvent } from "../log.ts";
import { type DebugTokenRecord, insertDebugToken } from "../store/debug-tokens.ts";
import { base64Url } from "./base64.ts";
import { signingKeyId, signText } from "./signing-key.ts";

export type DebugTokenRequest = {
  readonly actor: string;
  readonly reason: string;
  readonly ticket?: string;
  /** Normalized; all hosts when absent. */
  readonly host?: string;
  readonly expiresInMs?: number;
};

export type IssuedDebugToken = { readonly token: string; readonly record: DebugTokenRecord };

export async function issueDebugToken(
  { env, sql }: { readonly env: AdminEnv; readonly sql: SqlStorage },
  { expiresInMs = DEBUG_TOKEN_MS_DEFAULT, ...request }: DebugTokenRequest,
): Promise<Result<IssuedDebugToken, AdminRefusal>> {
  const keyId = signingKeyId(env);
  if (keyId === undefined)
    return err({ code: "unavailable", detail: "No signing key is configured, so no edge would believe a token." });
  const issuedAtMs = Date.now();
  const record = { ...request, tokenId: crypto.randomUUID(), issuedAtMs, expiresAtMs: issuedAtMs + expiresInMs };
  const token = await signClaims(claimsOf(record, env.ENVIRONMENT), keyId, env);
  insertDebugToken(sql, record);
  const { tokenId, actor, host = "*", expiresAtMs } = record;
  logEvent("debugToken.issued", { tokenId, actor, host, expiresAtMs });
  return ok({ token, record });
}

function claimsOf({ tokenId, actor, expiresAtMs, host }: DebugTokenRecord, environment: string): DebugClaims {
  const claims = { environment, tokenId, actor, expiresAtMs };
  return DebugClaims.parse(host === undefined ? claims : { ...claims, host });
}

async function signClaims(value: DebugClaims, keyId: string, env: AdminEnv): Promise<string> {
  const claims = base64Url(new TextEncoder().encode(canonicalJson(value)));
  const { bytes } = await signText(debugTokenSignedText({ keyId, claims }), env);
  const token = encodeDebugToken({ keyId, claims, signature: base64Url(bytes) });
  invariant(token.length <= DEBUG_TOKEN_LENGTH_MAX, "a token is short enough for the edge to read");
  return token;
}

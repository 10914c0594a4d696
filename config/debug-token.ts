/**
 * A token with which one person may see, for a few minutes, why the edge decided as it did. The control plane issues and
 * records it, the edge verifies it by the same public keys as snapshots. Only the format is known here.
 *
 *     fd1.<keyId>.<claims: base64url of JSON>.<Ed25519 signature, base64url>
 *
 * What is signed begins with a line of its own. A snapshot's signed bytes are JSON and begin with a brace, so neither
 * signature can ever be passed off as the other's.
 */
import * as z from "zod/mini";
import { Name } from "./ids.ts";

/** In a request. */
export const DEBUG_TOKEN_HEADER = "fairlead-debug";
/** In the answer to it: the reasons of the decision. */
export const DEBUG_TRACE_HEADER = "fairlead-trace";

/** Long enough to look at a few requests. */
export const DEBUG_TOKEN_MS_DEFAULT = 5 * 60_000;
/** A token cannot be taken back, so it ends soon by itself. */
export const DEBUG_TOKEN_MS_MAX = 15 * 60_000;

/** The longest that the fields below make is shorter; whatever exceeds it is not looked at. */
export const DEBUG_TOKEN_LENGTH_MAX = 1_024;

export const DebugClaims = z.strictObject({
  environment: Name,
  /** Names the record of who asked for it and why. */
  tokenId: z.string().check(z.regex(/^[0-9a-f-]{36}$/)),
  /** Printable ASCII, which can be written into a header as it is. */
  actor: z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/)),
  expiresAtMs: z.int(),
  /** Only for requests to this host; for all when absent. */
  host: z.exactOptional(z.string().check(z.regex(/^[\x21-\x7e]{1,253}$/))),
});
export type DebugClaims = z.infer<typeof DebugClaims>;

export type DebugTokenParts = {
  readonly keyId: string;
  /** Base64url. */
  readonly claims: string;
  /** 64 bytes, base64url. */
  readonly signature: string;
};

/** The last character of 64 bytes has two bits: any other would be a second way to write the same signature. */
const TOKEN_PATTERN = /^fd1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,900})\.([A-Za-z0-9_-]{85}[AQgw])$/;

export function encodeDebugToken({ keyId, claims, signature }: DebugTokenParts): string {
  return `fd1.${keyId}.${claims}.${signature}`;
}

/** Takes the text apart; says nothing about whether the signature holds. */
export function decodeDebugToken(text: string): DebugTokenParts | undefined {
  if (text.length > DEBUG_TOKEN_LENGTH_MAX) return undefined;
  const [, keyId, claims, signature] = TOKEN_PATTERN.exec(text) ?? [];
  return keyId === undefined || claims === undefined || signature === undefined
    ? undefined
    : { keyId, claims, signature };
}

/** What is signed, in UTF-8. */
export function debugTokenSignedText({ keyId, claims }: Pick<DebugTokenParts, "keyId" | "claims">): string {
  return `fairlead debug token 1\n${keyId}\n${claims}`;
}

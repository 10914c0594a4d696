/**
 * Whether a `Fairlead-Debug` header may see the trace of its request. A token counts when one of our keys signed it, for
 * this environment, for this host or for all, and for now. Everything else is as if there were no header: who tries
 * tokens learns nothing. What the token lets one see, and that it is logged, is decided elsewhere.
 */
import { DEBUG_TOKEN_MS_MAX, DebugClaims, debugTokenSignedText, decodeDebugToken } from "../config/debug-token.ts";
import { fromBase64Url } from "./base64.ts";
import { createKeyring, type KeyOf } from "./io/public-keys.ts";

/** Tokens that are good, by their text: a person looks at many requests with one. Others are never remembered. */
const VERIFIED_MAX = 100;

/** How far ahead of ours the clock of the control plane may be. */
const CLOCK_SKEW_MS = 60_000;

/** Who looks. `tokenId` leads to the record of why. */
export type DebugGrant = { readonly tokenId: string; readonly actor: string };

export class DebugTokens {
  readonly #environment: string;
  readonly #keyOf: KeyOf;
  readonly #verified = new Map<string, DebugClaims>();

  constructor(environment: string, publicKeys: Readonly<Record<string, string>>) {
    this.#environment = environment;
    this.#keyOf = createKeyring(publicKeys);
  }

  /** `host` as in `Target`. Never throws. */
  async verify(text: string, host: string, nowMs: number): Promise<DebugGrant | undefined> {
    const claims = this.#verified.get(text) ?? (await this.#check(text));
    if (claims === undefined || claims.environment !== this.#environment) return undefined;
    // A token that would last longer than any that is issued is not one of them, whatever its signature says.
    if (claims.expiresAtMs <= nowMs || claims.expiresAtMs > nowMs + DEBUG_TOKEN_MS_MAX + CLOCK_SKEW_MS)
      return undefined;
    if (claims.host !== undefined && claims.host !== host) return undefined;
    return { tokenId: claims.tokenId, actor: claims.actor };
  }

  async #check(text: string): Promise<DebugClaims | undefined> {
    const parts = decodeDebugToken(text);
    if (parts === undefined) return undefined;
    try {
      const key = await this.#keyOf(parts.keyId);
      if (key === undefined) return undefined;
      const signed = new TextEncoder().encode(debugTokenSignedText(parts));
      // `verify` compares in constant time.
      if (!(await crypto.subtle.verify("Ed25519", key, fromBase64Url(parts.signature), signed))) return undefined;
      const json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fromBase64Url(parts.claims));
      const claims = DebugClaims.parse(JSON.parse(json));
      this.#remember(text, claims);
      return claims;
    } catch {
      return undefined; // Base64 of a length that is none, or claims of a form that this edge does not know.
    }
  }

  #remember(text: string, claims: DebugClaims): void {
    if (this.#verified.size >= VERIFIED_MAX) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(text, claims);
  }
}

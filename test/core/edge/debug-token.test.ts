/** Who may see a decision's trace: a token counts in every respect, or is as if it were not there. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { canonicalJson } from "../../../config/canonical.ts";
import {
  DEBUG_TOKEN_LENGTH_MAX,
  DEBUG_TOKEN_MS_MAX,
  debugTokenSignedText,
  encodeDebugToken,
} from "../../../config/debug-token.ts";
import { DebugTokens } from "../../../worker/debug-token.ts";

const KEYS = generateKeyPairSync("ed25519");
const STRANGER = generateKeyPairSync("ed25519");
const PUBLIC_KEYS = { k1: rawKey(KEYS.publicKey) };

const NOW_MS = 1_800_000_000_000;
const HOST = "shop.example.com";
const TOKEN_ID = "01234567-89ab-cdef-0123-456789abcdef";
const CLAIMS = { environment: "demo", tokenId: TOKEN_ID, actor: "alex@example.com", expiresAtMs: NOW_MS + 300_000 };
const GRANT = { tokenId: TOKEN_ID, actor: "alex@example.com" };

function rawKey(key: KeyObject): string {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
}

type Made = {
  readonly keyId?: string;
  readonly key?: KeyObject;
  /** What is signed, made of what should be. */
  readonly signed?: (text: string, json: string) => string;
};

/** A token as the control plane makes it, but for what is said. */
function tokenOf(claims: unknown, { keyId = "k1", key = KEYS.privateKey, signed = (text) => text }: Made = {}): string {
  const json = canonicalJson(claims);
  const encoded = Buffer.from(json).toString("base64url");
  const bytes = Buffer.from(signed(debugTokenSignedText({ keyId, claims: encoded }), json));
  return encodeDebugToken({ keyId, claims: encoded, signature: sign(null, bytes, key).toString("base64url") });
}

const verify = (token: string, host = HOST, nowMs = NOW_MS) =>
  new DebugTokens("demo", PUBLIC_KEYS).verify(token, host, nowMs);

describe("a token", () => {
  test.each<[string, unknown, Made, boolean]>([
    ["is good", CLAIMS, {}, true],
    ["is for this host", { ...CLAIMS, host: HOST }, {}, true],
    ["is for another host", { ...CLAIMS, host: "accounts.example.com" }, {}, false],
    ["is for a part of this host", { ...CLAIMS, host: "example.com" }, {}, false],
    ["is for another environment", { ...CLAIMS, environment: "production" }, {}, false],
    ["lasts another millisecond", { ...CLAIMS, expiresAtMs: NOW_MS + 1 }, {}, true],
    ["is over", { ...CLAIMS, expiresAtMs: NOW_MS }, {}, false],
    ["lasts as long as one may, on a clock that is ahead", { ...CLAIMS, expiresAtMs: NOW_MS + 960_000 }, {}, true],
    ["lasts longer than any that is issued", { ...CLAIMS, expiresAtMs: NOW_MS + 960_001 }, {}, false],
    ["never ends", { ...CLAIMS, expiresAtMs: Number.MAX_SAFE_INTEGER }, {}, false],
    ["has a claim that this edge does not know", { ...CLAIMS, regions: ["eu"] }, {}, false],
    ["lacks a claim", { environment: "demo", tokenId: TOKEN_ID, expiresAtMs: NOW_MS + 1 }, {}, false],
    ["names an actor that does not fit a header", { ...CLAIMS, actor: "a\r\nb" }, {}, false],
    ["has claims that are no object", "demo", {}, false],
    ["is signed by a stranger", CLAIMS, { key: STRANGER.privateKey }, false],
    ["names a key that nobody has", CLAIMS, { keyId: "k2" }, false],
    ["names a key as objects have it", CLAIMS, { keyId: "constructor" }, false],
    ["is signed like a snapshot, over its JSON alone", CLAIMS, { signed: (_, json) => json }, false],
    ["is signed for other claims", CLAIMS, { signed: (text) => `${text}x` }, false],
  ])("that %s", async (_, claims, made, good) => {
    expect(await verify(tokenOf(claims, made))).toEqual(good ? GRANT : undefined);
  });

  test.each<[string, (token: string) => string]>([
    ["with a space before it", (token) => ` ${token}`],
    ["with a line after it", (token) => `${token}\n`],
    ["with padding", (token) => `${token}==`],
    ["with a part more", (token) => `${token}.x`],
    ["with a part less", (token) => token.slice(0, token.lastIndexOf("."))],
    ["of another version", (token) => token.replace("fd1", "fd2")],
    ["in capitals", (token) => token.toUpperCase()],
    ["of claims that are no base64", (token) => token.replace(/^(fd1\.k1\.)/, "$1x")],
    ["that is empty", () => ""],
  ])("%s is none", async (_, spoil) => {
    expect(await verify(spoil(tokenOf(CLAIMS)))).toBeUndefined();
  });

  test("that is longer than any that is issued is not even looked at", async () => {
    const asked = vi.spyOn(crypto.subtle, "verify");
    expect(await verify(`fd1.k1.${"A".repeat(DEBUG_TOKEN_LENGTH_MAX)}.${"A".repeat(86)}`)).toBeUndefined();
    expect(await verify(tokenOf({ ...CLAIMS, actor: "a".repeat(900) }))).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  test("with every field as long as it may be still fits", () => {
    const longest = tokenOf(
      { ...CLAIMS, environment: "e".repeat(63), actor: "a".repeat(100), host: "h".repeat(253) },
      { keyId: "k".repeat(64) },
    );
    expect(longest.length).toBeLessThanOrEqual(DEBUG_TOKEN_LENGTH_MAX);
  });
});

describe("many requests with one token", () => {
  test("pay for the signature once, and are still held to host and time", async () => {
    const tokens = new DebugTokens("demo", PUBLIC_KEYS);
    const token = tokenOf({ ...CLAIMS, host: HOST });
    const asked = vi.spyOn(crypto.subtle, "verify");
    for (let i = 0; i < 10; i++) expect(await tokens.verify(token, HOST, NOW_MS + i)).toEqual(GRANT);
    expect(await tokens.verify(token, "accounts.example.com", NOW_MS)).toBeUndefined();
    expect(await tokens.verify(token, HOST, CLAIMS.expiresAtMs)).toBeUndefined();
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockRestore();
  });

  test("are remembered up to a number", async () => {
    const tokens = new DebugTokens("demo", PUBLIC_KEYS);
    const many = Array.from({ length: 101 }, (_, i) => tokenOf({ ...CLAIMS, actor: `person ${i}` }));
    for (const token of many) expect(await tokens.verify(token, HOST, NOW_MS)).toBeDefined();
    const asked = vi.spyOn(crypto.subtle, "verify");
    await tokens.verify(many[100] ?? "", HOST, NOW_MS);
    expect(asked).toHaveBeenCalledTimes(0);
    await tokens.verify(many[0] ?? "", HOST, NOW_MS);
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockRestore();
  });
});

describe("laws", () => {
  const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const part = (constraints: { minLength: number; maxLength: number }) =>
    fc.string({ ...constraints, unit: fc.constantFrom(...BASE64URL) });

  test("whatever is sent, nothing throws and nothing is granted", async () => {
    const shaped = fc
      .tuple(part({ minLength: 1, maxLength: 900 }), part({ minLength: 86, maxLength: 86 }))
      .map(([claims, signature]) => `fd1.k1.${claims}.${signature}`);
    const tokens = new DebugTokens("demo", PUBLIC_KEYS);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: "binary" }), shaped), async (text) => {
        expect(await tokens.verify(text, HOST, NOW_MS)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test("one changed character makes another token of it, and no grant", async () => {
    const token = tokenOf(CLAIMS);
    const lastOfSignature = token.length - 1; // holds two bits that mean nothing in base64
    const tokens = new DebugTokens("demo", PUBLIC_KEYS);
    await fc.assert(
      fc.asyncProperty(fc.nat(lastOfSignature - 1), fc.constantFrom(...BASE64URL, ".", " "), async (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(await tokens.verify(changed, HOST, NOW_MS)).toBeUndefined();
      }),
    );
  });

  test("whatever a key of ours signs, no grant outlasts the longest that is issued", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -1e15, max: 1e15 }), async (expiresAtMs) => {
        const grant = await verify(tokenOf({ ...CLAIMS, expiresAtMs }));
        expect(grant !== undefined).toBe(expiresAtMs > NOW_MS && expiresAtMs <= NOW_MS + DEBUG_TOKEN_MS_MAX + 60_000);
      }),
    );
  });
});

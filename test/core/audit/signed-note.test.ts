/**
 * c2sp.org/signed-note and c2sp.org/tlog-checkpoint. The first note is the one of golang.org/x/mod/sumdb/note, whose
 * format the specification wrote down; the checkpoint is the specification's own example.
 */
import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../../admin/core/audit/base64.ts";
import { checkpointDueMs, formatCheckpoint, parseCheckpoint } from "../../../admin/core/audit/checkpoint.ts";
import {
  formatNote,
  formatVerifierKey,
  parseNote,
  parseVerifierKey,
  signaturesBy,
  verifierKey,
} from "../../../admin/core/audit/signed-note.ts";
import { readVectors } from "../vectors.ts";
import { hex } from "./memory-tree.ts";

const NOTE_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const VERIFIER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SIGNATURE_LINE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
const NOTE = `${NOTE_TEXT}\n${SIGNATURE_LINE}\n`;
const BAD_VERIFIER_KEYS = [
  "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
  "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
];

const vectors = readVectors<{
  readonly signedNote: {
    readonly text: string;
    readonly verifierKey: string;
    readonly keyHashHex: string;
    readonly signatureLine: string;
    readonly badVerifierKeys: readonly string[];
  };
}>("signatures.json");

const key = mustBe(parseVerifierKey(VERIFIER_KEY));

function mustBe<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T {
  if (!result.ok) throw new Error(String(result.error));
  return result.value;
}

describe("a signed note", () => {
  test("is taken apart, its key found by name and hash, and its signature holds", () => {
    const note = mustBe(parseNote(NOTE));
    expect(note.text).toBe(NOTE_TEXT);
    const [signature, ...more] = signaturesBy(note, key);
    expect(more).toEqual([]);
    const publicKey = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.publicKey).toString("base64url") },
      format: "jwk",
    });
    expect(verify(null, Buffer.from(note.text), publicKey, signature?.signature ?? new Uint8Array())).toBe(true);
    expect(verify(null, Buffer.from(`${note.text}\n`), publicKey, signature?.signature ?? new Uint8Array())).toBe(
      false,
    );
  });

  test("is put together as it was", () => {
    expect(formatNote(mustBe(parseNote(NOTE)))).toBe(NOTE);
  });

  test("may be signed by keys that nobody here knows", () => {
    const stranger = "— PeterNeumann AAAAAGFueXRoaW5n\n— witness.example/w AAAAAGFueXRoaW5n\n";
    const note = mustBe(parseNote(`${NOTE}${stranger}`));
    expect(note.signatures.map(({ name, keyHash }) => `${name} ${keyHash}`)).toEqual([
      "PeterNeumann c74f20a3",
      "PeterNeumann 00000000",
      "witness.example/w 00000000",
    ]);
    expect(signaturesBy(note, key)).toHaveLength(1);
    expect(signaturesBy(note, { ...key, name: "witness.example/w" })).toHaveLength(0);
  });

  test("may have blank lines in its text: the last one ends it", () => {
    expect(mustBe(parseNote(`a\n\nb\n\n${SIGNATURE_LINE}\n`)).text).toBe("a\n\nb\n");
  });

  // biome-ignore format: a table reads in columns
  test.each([
    ["no signature",             `${NOTE_TEXT}\n`],
    ["no blank line",            `${NOTE_TEXT}${SIGNATURE_LINE}\n`],
    ["no newline at the end",    `${NOTE_TEXT}\n${SIGNATURE_LINE}`],
    ["a hyphen for the dash",    NOTE.replace("—", "-")],
    ["a name with a plus",       NOTE.replace("PeterNeumann ", "Peter+Neumann ")],
    ["a name with a space",      NOTE.replace("PeterNeumann ", "Peter Neumann ")],
    ["a name with a wide space", NOTE.replace("PeterNeumann ", "Peter\u2003Neumann ")],
    ["no name",                  NOTE.replace("PeterNeumann ", " ")],
    ["broken base64",            NOTE.replace("nAM=", "nAM")],
    ["bits behind the end",      NOTE.replace("nAM=", "nAN=")],
    ["a signature of no bytes",  `${NOTE_TEXT}\n— PeterNeumann x08gow==\n`],
    ["a control character",      NOTE.replace("problem,", "problem\t")],
    ["half of a surrogate pair", NOTE.replace("problem,", "problem\ud83d")],
    ["101 signatures",           `${NOTE_TEXT}\n${`${SIGNATURE_LINE}\n`.repeat(101)}`],
  ])("with %s is none", (_what, note) => {
    expect(parseNote(note)).toMatchObject({ ok: false });
  });

  test("with 100 signatures is one", () => {
    expect(parseNote(`${NOTE_TEXT}\n${`${SIGNATURE_LINE}\n`.repeat(100)}`)).toMatchObject({ ok: true });
  });
});

describe("a verifier key", () => {
  test("carries the hash of its name and bytes", () => {
    expect(key).toMatchObject({ name: "PeterNeumann", keyHash: "c74f20a3" });
    expect(verifierKey("PeterNeumann", key.publicKey)).toEqual(key);
    expect(formatVerifierKey(key)).toBe(VERIFIER_KEY);
  });

  test.each([
    ...BAD_VERIFIER_KEYS,
    VERIFIER_KEY.replace("c74f20a3", "c74f20a4"),
    VERIFIER_KEY.replace("c74f20a3", "c74f20a"),
    VERIFIER_KEY.replace("PeterNeumann", ""),
    VERIFIER_KEY.replace("PeterNeumann", "Peter Neumann"),
    VERIFIER_KEY.slice(0, -4),
    "",
    "PeterNeumann",
    "a+b",
  ])("%s is none", (text) => {
    expect(parseVerifierKey(text)).toMatchObject({ ok: false });
  });
});

test.each(vectors === undefined ? [] : [vectors])("the published vectors are those above", ({ signedNote }) => {
  expect(signedNote).toEqual({
    text: NOTE_TEXT,
    verifierKey: VERIFIER_KEY,
    keyHashHex: key.keyHash,
    signatureLine: SIGNATURE_LINE,
    badVerifierKeys: BAD_VERIFIER_KEYS,
  });
});

describe("a checkpoint", () => {
  const EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

  test("is origin, size and root", () => {
    const checkpoint = mustBe(parseCheckpoint(EXAMPLE));
    expect(checkpoint).toMatchObject({ origin: "example.com/behind-the-sofa", size: 20_852_163 });
    expect(hex(checkpoint.root)).toMatch(/^0ac5186a.*f1ab62$/);
    expect(formatCheckpoint(checkpoint)).toBe(EXAMPLE);
    expect(parseCheckpoint(`${EXAMPLE}of somebody else\n`)).toEqual({ ok: true, value: checkpoint });
  });

  // biome-ignore format: a table reads in columns
  test.each([
    ["two lines",             EXAMPLE.split("\n").slice(0, 2).join("\n")],
    ["no newline at the end", EXAMPLE.slice(0, -1)],
    ["no origin",             EXAMPLE.slice(EXAMPLE.indexOf("\n"))],
    ["a zero in front",       EXAMPLE.replace("20852163", "020852163")],
    ["a negative size",       EXAMPLE.replace("20852163", "-1")],
    ["a size in hex",         EXAMPLE.replace("20852163", "0x10")],
    ["a size beyond 2^53",    EXAMPLE.replace("20852163", "9007199254740992")],
    ["a short root",          EXAMPLE.replace("CsUYapGG", "")],
    ["an empty line",         `${EXAMPLE}\n`],
    ["a gap",                 `${EXAMPLE}\nx\n`],
  ])("with %s is none", (_what, text) => {
    expect(parseCheckpoint(text)).toMatchObject({ ok: false });
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // size latest                     due
    [0,     undefined,                 undefined],
    [1,     undefined,                 0],
    [1,     { size: 1, atMs: 5_000 },  undefined],
    [2,     { size: 1, atMs: 5_000 },  65_000],
    [256,   { size: 1, atMs: 5_000 },  65_000],
    [257,   { size: 1, atMs: 5_000 },  0],
    [0,     { size: 1, atMs: 5_000 },  undefined],
  ])("of a log of size %i after %j is due at %s", (size, latest, due) => {
    expect(checkpointDueMs(size, latest)).toBe(due);
  });
});

describe("base64", () => {
  test("is that of the platform, and back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  test.each(["A", "AA", "AAA", "A===", "AA=A", "AB==", "AAB=", "AA==AA==", "A A=", "AA==\n", "-_AA"])(
    "%j is none",
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );
});

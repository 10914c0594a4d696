/**
 * The verifier's own reading of checkpoints (c2sp.org/tlog-checkpoint, in notes as c2sp.org/signed-note has them) and of
 * verifier keys. Shares nothing with the code that writes them.
 */
import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";

export type TrustedKey = {
  /** The name that must be the origin of what it signs. */
  readonly name: string;
  /** `<name>+<hash>`, as messages say it. */
  readonly label: string;
  readonly publicKey: KeyObject;
};

export type SignedCheckpoint = {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
  readonly signedText: string;
  readonly signatures: readonly { readonly label: string; readonly bytes: Buffer }[];
};

/** `broken` is a signature that a trusted key should have made and did not. */
export type SignatureState = "valid" | "broken" | "byNobodyKnown";

const ED25519 = 1;
const SPACE_OR_PLUS = /[\p{White_Space}+]/u;

/** Undefined when the text is no key for Ed25519, or its hash is another key's. */
export function readKey(text: string): TrustedKey | undefined {
  const [name = "", hashText = "", ...rest] = text.split("+");
  const encoded = rest.join("+"); // A plus is also a letter of base64.
  const bytes = readBase64(encoded);
  if (name === "" || SPACE_OR_PLUS.test(name)) return undefined;
  if (bytes === undefined || bytes.length !== 33 || bytes[0] !== ED25519) return undefined;
  const expected = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), bytes]), "hex").slice(0, 8);
  if (hashText !== expected) return undefined;
  const x = bytes.subarray(1).toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return { name, label: `${name}+${hashText}`, publicKey };
}

/** Undefined when the text is no note with a checkpoint in it. Signatures are taken apart, not verified. */
export function readCheckpoint(note: string): SignedCheckpoint | undefined {
  const textEnd = note.lastIndexOf("\n\n") + 1;
  if (textEnd === 0 || !note.endsWith("\n") || hasControlCharacter(note)) return undefined;
  const signatures = note
    .slice(textEnd + 1, -1)
    .split("\n")
    .map(readSignature);
  const [origin = "", sizeText = "", rootText = "", ...rest] = note.slice(0, textEnd).split("\n");
  const size = Number(sizeText);
  const root = readBase64(rootText);
  if (origin === "" || String(size) !== sizeText || !Number.isSafeInteger(size) || size < 0) return undefined;
  if (root?.length !== 32 || rest.length === 0 || rest.slice(0, -1).includes("")) return undefined;
  const known = signatures.filter((signature) => signature !== undefined);
  if (known.length < signatures.length) return undefined;
  return { origin, size, root, signedText: note.slice(0, textEnd), signatures: known };
}

/** One signature by a trusted key makes a note good, and one of theirs that does not hold makes it bad. */
export function signatureState(
  { signedText, signatures }: SignedCheckpoint,
  keys: readonly TrustedKey[],
): SignatureState {
  const claims = signatures.flatMap(({ label, bytes }) =>
    keys.filter((key) => key.label === label).map(({ publicKey }) => ({ publicKey, bytes })),
  );
  if (claims.length === 0) return "byNobodyKnown";
  const text = Buffer.from(signedText);
  return claims.every(({ publicKey, bytes }) => verify(null, text, publicKey, bytes)) ? "valid" : "broken";
}

function readSignature(line: string): SignedCheckpoint["signatures"][number] | undefined {
  const [dash, name = "", encoded = "", ...more] = line.split(" ");
  const bytes = readBase64(encoded);
  if (dash !== "—" || name === "" || SPACE_OR_PLUS.test(name) || more.length > 0) return undefined;
  if (bytes === undefined || bytes.length < 5) return undefined;
  return { label: `${name}+${bytes.subarray(0, 4).toString("hex")}`, bytes: bytes.subarray(4) };
}

/** Only the one right spelling: `Buffer` by itself passes over what is no base64. */
function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < " " && character !== "\n");
}

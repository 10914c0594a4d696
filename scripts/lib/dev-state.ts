/**
 * What `npm start` keeps beside the Workers' own state: the key that signs snapshots, and `dev.json`, which tells other
 * tools where everything is. Both hold secrets of this machine's demo, so only their owner may read them.
 */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod/mini";

const OWNER_ONLY = 0o600;

const SigningKeys = z.strictObject({
  keyId: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/)),
  /** Ed25519, as the admin Worker imports it. */
  privateJwk: z.looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), d: z.string(), x: z.string() }),
  /** 32 bytes, base64, as the edge imports it. */
  publicKey: z.string(),
});
export type SigningKeys = z.infer<typeof SigningKeys>;

const Address = z.strictObject({ url: z.string(), control: z.string() });

export const DevState = z.strictObject({
  edge: z.string(),
  admin: z.string(),
  /** Of the principal `token`, who may do everything. */
  token: z.string(),
  /** Of others, by their names. */
  tokens: z.exactOptional(z.record(z.string(), z.string())),
  /** The process that `npm start` runs in; it may have ended since. */
  pid: z.int(),
  clusters: z.record(z.string(), Address),
});
export type DevState = z.infer<typeof DevState>;

/** The keys of this state folder, made on first use: a restart must be able to verify what it published before. */
export function loadOrCreateKeys(stateFolder: string): SigningKeys {
  const file = path.join(stateFolder, "keys.json");
  const stored = readJson(file);
  if (stored !== undefined) return SigningKeys.parse(stored);
  const keys = createKeys();
  writePrivately(file, keys);
  return keys;
}

/** The secret of the demo's affinity cookies, as the edge's variable wants it: as long-lived as the signing key. */
export function affinityKeys({ privateJwk }: SigningKeys): string {
  return JSON.stringify({ dev: createHash("sha256").update(`affinity ${privateJwk.d}`).digest("base64") });
}

/** What the status keys of the demo's clusters are made from: as long-lived as the signing key. */
export function statusSecret({ privateJwk }: SigningKeys): string {
  return createHash("sha256").update(`status ${privateJwk.d}`).digest("base64");
}

/** Undefined when there is none yet, or when it was written by another version and means nothing here. */
export function readDevState(stateFolder: string): DevState | undefined {
  const parsed = DevState.safeParse(readJson(devStatePath(stateFolder)));
  return parsed.success ? parsed.data : undefined;
}

export function writeDevState(stateFolder: string, state: DevState): void {
  writePrivately(devStatePath(stateFolder), state);
}

export function devStatePath(stateFolder: string): string {
  return path.join(stateFolder, "dev.json");
}

/** Those whom the demo knows besides `token`: a pipeline and a second person, so that the work of two can be tried, and a scraper. */
const DEMO_PRINCIPALS = [
  { name: "ci", kind: "machine", roles: ["maintainer"] },
  { name: "approver", kind: "person", roles: ["approver", "operator"] },
  { name: "prometheus", kind: "machine", roles: ["scraper"] },
] as const;

/** Who keeps a token from before, keeps it. */
export function createTokens(before: DevState["tokens"] = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(DEMO_PRINCIPALS.map(({ name }) => [name, before[name] ?? createToken()]));
}

/** The setting `ADMIN_PRINCIPALS` of the admin Worker: digests, no tokens. */
export function adminPrincipals(tokens: Readonly<Record<string, string>>): string {
  const digestOf = (token: string) => `sha256:${createHash("sha256").update(token).digest("hex")}`;
  return JSON.stringify(
    DEMO_PRINCIPALS.map((principal) => ({ ...principal, tokenDigest: digestOf(tokens[principal.name] ?? "") })),
  );
}

/** 256 bits: a bearer token is guessed by nobody. */
export function createToken(): string {
  return randomBytes(32).toString("base64url");
}

function createKeys(): SigningKeys {
  const { privateKey } = generateKeyPairSync("ed25519");
  const privateJwk = privateKey.export({ format: "jwk" });
  // RFC 8037: `x` of an Ed25519 key is the raw public key.
  const publicKey = Buffer.from(privateJwk.x ?? "", "base64url").toString("base64");
  return SigningKeys.parse({ keyId: `dev-${randomBytes(4).toString("hex")}`, privateJwk, publicKey });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new Error(`${file} cannot be read; delete it to have it made again`, { cause });
  }
}

/** Readers see the old file or the new one, never half of one. */
function writePrivately(file: string, value: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: OWNER_ONLY });
  renameSync(unfinished, file);
}

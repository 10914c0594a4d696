/**
 * The cookie that binds a browser to its cluster. It says as little as it can: an opaque id of the cluster, when it ends,
 * and a signature (HMAC-SHA-256) over both and the service, so that it cannot be forged, lengthened or carried over to
 * another service. Two keys may be in use: the first signs, both verify, so keys rotate without cutting anybody off.
 * A cookie that is not good in every respect is no cookie.
 *
 *     __Host-fairlead-<service>=<keyId>.<cluster id>.<expiry, seconds in base 36>.<signature, base64url>
 */
import { fromBase64Url, toBase64Url } from "./base64.ts";

/** Secrets by key id, the signing one first. */
export type AffinitySecrets = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

type AffinityKey = { readonly id: string; readonly key: CryptoKey };

/** The last character of 32 bytes has four bits: any other would be a second way to write the same signature. */
const VALUE_PATTERN = /^([a-z0-9]{1,16})\.([0-9a-f]{8})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/;

export function affinityCookieName(service: string): string {
  return `__Host-fairlead-${service}`;
}

/** The value of our cookie in a `Cookie` header, taken as it stands; the first one when there are several. */
export function readCookie(header: string | null, name: string): string | undefined {
  if (header === null || !header.includes(name)) return undefined;
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** What a good cookie says. */
export type Binding = { readonly clusterId: string; readonly expiresAtSeconds: number };

/** Bounds what an isolate remembers of cookies that it has verified; one entry is about 200 bytes. */
const VERIFIED_MAX = 5_000;

export class AffinityCookies {
  /** Asked for each request and each answer. */
  readonly enabled: boolean;
  readonly #secrets: AffinitySecrets;
  /** Imported by the first request that needs them. A request never waits for another's import: see io/snapshots.ts. */
  #keys: readonly AffinityKey[] | undefined;
  /** Verified values: a browser sends the same one with each request, and only the first pays for the signature. */
  readonly #verified = new Map<string, Binding>();

  /** Without secrets there are no cookies. */
  constructor(secrets: AffinitySecrets) {
    this.#secrets = secrets;
    this.enabled = Object.keys(secrets).length > 0;
  }

  /** Undefined for anything that is not ours, not for this service, or over. */
  async verify(value: string, service: string, nowMs: number): Promise<Binding | undefined> {
    const cacheKey = `${service}=${value}`;
    const binding = this.#verified.get(cacheKey) ?? (await this.#check(value, service, cacheKey));
    return binding !== undefined && binding.expiresAtSeconds * 1_000 > nowMs ? binding : undefined;
  }

  /** The whole `Set-Cookie` value that binds to a cluster. */
  async issue(binding: Binding, service: string, maxAgeSeconds: number): Promise<string | undefined> {
    const [signing] = await this.#loadKeys();
    if (signing === undefined) return undefined;
    const expiry = binding.expiresAtSeconds.toString(36);
    const signature = await crypto.subtle.sign("HMAC", signing.key, signedBytes(service, binding.clusterId, expiry));
    const value = `${signing.id}.${binding.clusterId}.${expiry}.${toBase64Url(new Uint8Array(signature))}`;
    return `${affinityCookieName(service)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=Lax`;
  }

  async #check(value: string, service: string, cacheKey: string): Promise<Binding | undefined> {
    const match = VALUE_PATTERN.exec(value);
    const key = match === null ? undefined : (await this.#loadKeys()).find(({ id }) => id === match[1]);
    if (match?.[2] === undefined || match[3] === undefined || match[4] === undefined || key === undefined)
      return undefined;
    const signature = fromBase64Url(match[4]);
    // `verify` compares in constant time.
    const good = await crypto.subtle.verify("HMAC", key.key, signature, signedBytes(service, match[2], match[3]));
    if (!good) return undefined;
    const binding = { clusterId: match[2], expiresAtSeconds: Number.parseInt(match[3], 36) };
    this.#remember(cacheKey, binding);
    return binding;
  }

  async #loadKeys(): Promise<readonly AffinityKey[]> {
    this.#keys ??= await importKeys(this.#secrets);
    return this.#keys;
  }

  #remember(cacheKey: string, binding: Binding): void {
    if (this.#verified.size >= VERIFIED_MAX) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(cacheKey, binding);
  }
}

function signedBytes(service: string, clusterId: string, expiry: string): Uint8Array {
  return new TextEncoder().encode(`fairlead affinity 1\n${service}\n${clusterId}\n${expiry}`);
}

async function importKeys(secrets: AffinitySecrets): Promise<readonly AffinityKey[]> {
  return Promise.all(
    Object.entries(secrets).map(async ([id, secret]) => ({
      id,
      key: await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]),
    })),
  );
}

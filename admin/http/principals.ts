/**
 * Who holds which token. `ADMIN_TOKEN` is the principal `token`, who may do everything: the way in until there are others.
 * `ADMIN_PRINCIPALS` names more, by the digest of their token, so that the setting is no secret worth stealing.
 */
import { z } from "@hono/zod-openapi";
import { NAME_PATTERN } from "../../config/ids.ts";
import { type Principal, ROLES } from "../core/authority/principal.ts";
import type { AdminEnv } from "../env.ts";
import { errorText, logEvent } from "../log.ts";

const PrincipalsSetting = z.array(
  z.strictObject({
    name: z.string().regex(NAME_PATTERN),
    kind: z.enum(["person", "machine"]),
    roles: z.array(z.enum(ROLES)).min(1),
    /** SHA-256 of the token's UTF-8 bytes. */
    tokenDigest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  }),
);

const TOKEN_PRINCIPAL: Principal = { name: "token", kind: "person", roles: ["admin"] };

type Known = { readonly principal: Principal; readonly digest: Uint8Array };

/** Read once an isolate: the bindings do not change while it lives. */
const knownByEnv = new WeakMap<AdminEnv, Promise<readonly Known[]>>();

/** Undefined when nobody holds the token. All are compared, so that the time says nothing about which was near. */
export async function principalOf(env: AdminEnv, token: string): Promise<Principal | undefined> {
  const known = knownByEnv.get(env) ?? readPrincipals(env);
  knownByEnv.set(env, known);
  const [digest, principals] = await Promise.all([digestOf(token), known]);
  let found: Principal | undefined;
  for (const { principal, digest: expected } of principals)
    if (crypto.subtle.timingSafeEqual(digest, expected)) found ??= principal;
  return found;
}

async function readPrincipals(env: AdminEnv): Promise<readonly Known[]> {
  const { ADMIN_TOKEN: token, ADMIN_PRINCIPALS: setting } = env;
  // Without a configured token nobody gets in; an empty one must not match an empty one.
  const first =
    token === undefined || token === "" ? [] : [{ principal: TOKEN_PRINCIPAL, digest: await digestOf(token) }];
  return [...first, ...parseSetting(setting)];
}

/** A setting that cannot be read lets nobody in by it, and says so; the token above still works. */
function parseSetting(setting: string | undefined): readonly Known[] {
  if (setting === undefined || setting === "") return [];
  try {
    return PrincipalsSetting.parse(JSON.parse(setting)).map(({ tokenDigest, ...principal }) => ({
      principal,
      digest: hexBytes(tokenDigest.slice("sha256:".length)),
    }));
  } catch (error) {
    logEvent("principals.unreadable", { error: errorText(error) });
    return [];
  }
}

/** `hex` has an even number of digits. */
function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

async function digestOf(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}

/**
 * What OFREP asks otherwise than the rest of the API: a key in `X-API-Key` counts like a bearer token, who asks too often
 * is told when to come back, and what is wrong with a body is said in OpenFeature's words.
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { BODY_DEPTH_MAX, FLAG_CONTEXT_BYTES_MAX } from "../../config/limits.ts";
import { TokenBuckets } from "../core/flags/token-bucket.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";
import { readJsonBytes } from "./body.ts";
import type { AppEnv } from "./context.ts";
import { refuse } from "./problem.ts";

export const OFREP_PATHS = "/ofrep/*";

/**
 * An SDK polls every half minute; this is for a thousand of them behind one key, and for servers that ask for each
 * request. Counted by each isolate for itself, so it protects this Worker and is no quota.
 */
const buckets = new TokenBuckets({ perSecond: 100, burst: 200 });

export const notTooOften = createMiddleware<AppEnv>(async (c, next) => {
  const waitMs = buckets.waitMs(c.get("principal").name, Date.now());
  if (waitMs === undefined) return next();
  const detail = "Ask for all flags at once and keep the answer, by its ETag, as long as it lasts.";
  return refuse(c, { code: "rateLimited", detail, retryAfterMs: waitMs });
});

/** Takes the place of the reading of JSON bodies elsewhere; an empty body is an empty context. */
export const ofrepBody = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.method !== "POST") return next();
  const bytes = await readJsonBytes(c, FLAG_CONTEXT_BYTES_MAX);
  const text = decode(bytes);
  const parsed = text === undefined ? undefined : parseStrictJson(text === "" ? "{}" : text, BODY_DEPTH_MAX);
  if (parsed === undefined || !parsed.ok)
    return badRequest(c, "PARSE_ERROR", parsed === undefined ? "The body is not UTF-8." : parsed.error.detail);
  c.req.raw = new Request(c.req.raw, { body: text === "" ? "{}" : bytes });
  return next();
});

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const KEY_PATTERN = /^\/ofrep\/v1\/evaluate\/flags\/([^/]+)$/;

/** With the flag that was asked for, where it was one. */
export function badRequest(c: Context<AppEnv>, errorCode: "PARSE_ERROR" | "INVALID_CONTEXT", errorDetails: string) {
  const key = KEY_PATTERN.exec(new URL(c.req.url).pathname)?.[1];
  return c.json({ ...(key === undefined ? {} : { key: decodeURIComponent(key) }), errorCode, errorDetails }, 400);
}

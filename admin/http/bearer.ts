/**
 * Who asks. For now one bearer token stands for everybody who has it; it is compared by digests, so that neither its
 * length nor where it differs can be measured.
 */
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./context.ts";
import { refuse } from "./problem.ts";

const SCHEME_PATTERN = /^bearer +([\x21-\x7e]+)$/i;

/** The author of changes made with the token, until people and pipelines have names of their own. */
const TOKEN_PRINCIPAL = "token";

export const bearer = createMiddleware<AppEnv>(async (c, next) => {
  const given = SCHEME_PATTERN.exec(c.req.header("authorization") ?? "")?.[1];
  const expected = c.env.ADMIN_TOKEN;
  // Without a configured token nobody gets in; an empty one must not match an empty one.
  if (given === undefined || expected === undefined || expected === "" || !(await sameText(given, expected)))
    return refuse(
      c,
      { code: "unauthenticated", detail: "Send the token as `Authorization: Bearer ...`." },
      { "www-authenticate": 'Bearer realm="fairlead"' },
    );
  c.set("author", TOKEN_PRINCIPAL);
  return next();
});

async function sameText(a: string, b: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const [left, right] = await Promise.all([a, b].map((text) => crypto.subtle.digest("SHA-256", encoder.encode(text))));
  return left !== undefined && right !== undefined && crypto.subtle.timingSafeEqual(left, right);
}

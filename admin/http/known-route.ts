/** Answers what no route will: 404 for addresses that do not exist, 405 with `Allow` for methods they do not take. */
import { createMiddleware } from "hono/factory";
import type { AdminEnv } from "../env.ts";
import type { AppEnv } from "./context.ts";
import { refuse } from "./problem.ts";

export type KnownRoute = { readonly method: string; readonly path: string };

/** `routes` is asked on the first request, when all have been added. Paths are as in OpenAPI: `/v1/regions/{name}`. */
export function knownRoute(routes: (env: AdminEnv) => readonly KnownRoute[]) {
  let table: readonly { readonly pattern: RegExp; readonly method: string }[] | undefined;
  return createMiddleware<AppEnv>(async (c, next) => {
    table ??= routes(c.env).map(({ method, path }) => ({ pattern: patternOf(path), method: method.toUpperCase() }));
    const path = new URL(c.req.url).pathname;
    const methods = table.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    if (methods.length === 0) return refuse(c, { code: "notFound", detail: "The list of addresses is /openapi.json." });
    const allowed = methods.includes("GET") ? [...methods, "HEAD"] : methods;
    if (allowed.includes(c.req.method)) return next();
    const allow = allowed.sort().join(", ");
    return refuse(c, { code: "methodNotAllowed", detail: `This address takes ${allow}.` }, { allow });
  });
}

/** Paths are ours and hold nothing that means anything in a pattern but the braces of parameters. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{[a-z]+\}/gi, "[^/]+")}$`);
}

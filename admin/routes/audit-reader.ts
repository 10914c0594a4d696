/** The log shows who did what, so reading it is a right of its own. */
import { createMiddleware } from "hono/factory";
import { may } from "../core/authority/principal.ts";
import { forbidden } from "../core/commit/preconditions.ts";
import type { AppEnv } from "../http/context.ts";
import { refuse } from "../http/problem.ts";

export const auditReader = createMiddleware<AppEnv>(async (c, next) => {
  const principal = c.get("principal");
  return may(principal, "audit.read") ? next() : refuse(c, forbidden(principal, ["audit.read"]));
});

/**
 * Who asks, by the bearer token. A token that nobody holds is refused, and the audit log hears of it: summed up, because
 * everybody on the internet can send one. Clusters that send their status have none, and pass.
 */
import type { Next } from "hono";
import { createMiddleware } from "hono/factory";
import { type Duty, may } from "../core/authority/principal.ts";
import { forbidden } from "../core/commit/preconditions.ts";
import { fleetStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import type { AppContext, AppEnv } from "./context.ts";
import { principalOf } from "./principals.ts";
import { refuse } from "./problem.ts";
import { isStatusPush } from "./status-push.ts";
import { Tally } from "./tally.ts";

const SCHEME_PATTERN = /^bearer +([\x21-\x7e]+)$/i;

/** The first refusal is told at once, those of the next ten seconds together. */
const refusals = new Tally(10_000);

/** Who is let in may do that at least; what more a route wants it asks itself. */
export function bearer(duty: "read" | "metrics.read") {
  return createMiddleware<AppEnv>(async (c, next) =>
    isStatusPush(c.req) ? next() : letIn(c, next, duty, bearerToken(c)),
  );
}

/** SDKs of flags may do that and nothing else; some send their key in a header of its own. */
export const sdkKey = createMiddleware<AppEnv>(async (c, next) =>
  letIn(c, next, "flag.evaluate", bearerToken(c) ?? c.req.header("x-api-key")),
);

function bearerToken(c: AppContext): string | undefined {
  return SCHEME_PATTERN.exec(c.req.header("authorization") ?? "")?.[1];
}

async function letIn(c: AppContext, next: Next, duty: Duty, token: string | undefined) {
  const principal = token === undefined ? undefined : await principalOf(c.env, token);
  if (principal === undefined) {
    const requestId = c.get("requestId");
    const told = refusals.count((requests) => fleetStub(c.env).recordTokenRefusals({ requestId, requests }));
    c.executionCtx.waitUntil(
      told.catch((error) => logEvent("audit.notRecorded", { requestId, error: errorText(error) })),
    );
    return refuse(
      c,
      { code: "unauthenticated", detail: "Send the token as `Authorization: Bearer ...`." },
      { "www-authenticate": 'Bearer realm="fairlead"' },
    );
  }
  c.set("principal", principal);
  if (!may(principal, duty)) return refuse(c, forbidden(principal, [duty]));
  return next();
}

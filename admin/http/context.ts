/** What a request carries through the app beside itself. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Principal } from "../core/authority/principal.ts";
import type { Asker } from "../core/commit/change-request.ts";
import type { AdminEnv } from "../env.ts";

export type AppEnv = {
  readonly Bindings: AdminEnv;
  readonly Variables: {
    readonly requestId: string;
    /** Who asks; set on everything under /v1. */
    readonly principal: Principal;
    /** The fleet object has this request in its audit log, whatever it answered. */
    readonly recorded?: true;
  };
};

export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;

export function askerOf(c: AppContext): Asker {
  return { principal: c.get("principal"), requestId: c.get("requestId") };
}

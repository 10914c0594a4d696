/** What a request carries through the app beside itself. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AdminEnv } from "../env.ts";

export type AppEnv = {
  readonly Bindings: AdminEnv;
  readonly Variables: {
    readonly requestId: string;
    /** Who asks; set on everything under /v1. */
    readonly author: string;
  };
};

export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;

/** What needs no token: an index, whether the Worker runs, which release it is, and the description of the API. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { VERSION } from "../version.ts";
import { NoQuery } from "./schemas.ts";

const INDEX = `Fairlead admin ${VERSION}

/openapi.json   what can be asked here (OpenAPI 3.1)
/healthz        whether this Worker runs
/version        which release it is
/problems/...   what an error means and how to fix it
/v1/...         needs a bearer token
`;

const HealthzAnswer = z.object({ status: z.literal("ok") }).openapi("Healthz");
const VersionAnswer = z
  .object({ name: z.literal("fairlead"), version: z.string(), environment: z.string() })
  .openapi("Version");

const open = { security: [], request: { query: NoQuery } };

const json = (schema: z.ZodType, description: string): RouteConfig["responses"] => ({
  200: { description, content: { "application/json": { schema } } },
});

const indexRoute = createRoute({
  method: "get",
  path: "/",
  operationId: "readIndex",
  summary: "Where to look",
  ...open,
  responses: { 200: { description: "A few lines of text.", content: { "text/plain": { schema: z.string() } } } },
});

const healthzRoute = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "readHealthz",
  summary: "Whether this Worker runs; asks nothing behind it",
  ...open,
  responses: json(HealthzAnswer, "It runs."),
});

const versionRoute = createRoute({
  method: "get",
  path: "/version",
  operationId: "readVersion",
  summary: "Which release this is",
  ...open,
  responses: json(VersionAnswer, "The release and the environment."),
});

const openapiRoute = createRoute({
  method: "get",
  path: "/openapi.json",
  operationId: "readOpenApi",
  summary: "This description",
  ...open,
  responses: json(z.unknown().openapi({ type: "object" }), "OpenAPI 3.1."),
});

export function addServiceRoutes(app: App): void {
  app.openapi(indexRoute, (c) => c.text(INDEX));
  app.openapi(healthzRoute, () => reply(HealthzAnswer, { status: "ok" }));
  app.openapi(versionRoute, (c) =>
    reply(VersionAnswer, { name: "fairlead", version: VERSION, environment: c.env.ENVIRONMENT }),
  );
  app.openapi(openapiRoute, () => Response.json(describe(app)));
}

function describe(app: App) {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Fairlead admin",
      version: VERSION,
      description: "The control plane of Fairlead: declare a fleet, shift weights, drain, explain.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
  });
}
